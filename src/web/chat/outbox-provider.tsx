import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { storeMessages } from '../realtime/apply-frame.ts'
import { Outbox, type OutboxEntry } from './outbox.ts'

const OutboxContext = createContext<Outbox | null>(null)

/** Holds the messages of one agent that are on their way. */
export function OutboxProvider({ agentId, children }: { agentId: string; children: ReactNode }) {
  const client = useQueryClient()
  const [outbox] = useState(() => new Outbox(agentId, (message) => storeMessages(client, message.chatId, [message])))
  useEffect(() => {
    outbox.start()
    return () => outbox.stop()
  }, [outbox])
  return <OutboxContext value={outbox}>{children}</OutboxContext>
}

/** @throws Error outside of OutboxProvider. */
export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext)
  if (!outbox) throw new Error('useOutbox needs an OutboxProvider above it')
  return outbox
}

/** What is on its way in one chat, oldest first. */
export function useOutboxEntries(chatId: string): OutboxEntry[] {
  const outbox = useOutbox()
  const entries = useSyncExternalStore(outbox.subscribe, outbox.entries)
  return useMemo(() => entries.filter((entry) => entry.chatId === chatId), [entries, chatId])
}
