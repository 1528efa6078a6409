import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { storeMessages } from '../realtime/apply-frame.ts'
import { Outbox, type OutboxEntry } from './outbox.ts'
import { type Upload, Uploads } from './uploads.ts'

const OutboxContext = createContext<{ outbox: Outbox; uploads: Uploads } | null>(null)

/** Holds the messages and files of one agent that are on their way. */
export function OutboxProvider({ agentId, children }: { agentId: string; children: ReactNode }) {
  const client = useQueryClient()
  const [value] = useState(() => ({
    outbox: new Outbox(agentId, (message) => storeMessages(client, message.chatId, [message])),
    uploads: new Uploads(),
  }))
  useEffect(() => {
    value.outbox.start()
    return () => {
      value.outbox.stop()
      value.uploads.stop()
    }
  }, [value])
  return <OutboxContext value={value}>{children}</OutboxContext>
}

function useWay() {
  const value = useContext(OutboxContext)
  if (!value) throw new Error('useOutbox needs an OutboxProvider above it')
  return value
}

/** @throws Error outside of OutboxProvider. */
export function useOutbox(): Outbox {
  return useWay().outbox
}

/** @throws Error outside of OutboxProvider. */
export function useUploads(): Uploads {
  return useWay().uploads
}

/** What is on its way in one chat, oldest first. */
export function useOutboxEntries(chatId: string): OutboxEntry[] {
  const outbox = useOutbox()
  const entries = useSyncExternalStore(outbox.subscribe, outbox.entries)
  return useMemo(() => entries.filter((entry) => entry.chatId === chatId), [entries, chatId])
}

/** Files of one chat that are being uploaded or were refused. */
export function useChatUploads(chatId: string): Upload[] {
  const uploads = useUploads()
  const all = useSyncExternalStore(uploads.subscribe, uploads.current)
  return useMemo(() => all.filter((upload) => upload.chatId === chatId), [all, chatId])
}
