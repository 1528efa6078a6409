import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Chat, Inbox } from '../../contracts/chats.ts'
import { putDraft } from '../api/chats.ts'
import { isPassing } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { readStored, writeStored } from '../ui/stored.ts'

const quietMs = 700
const retryMs = 4_000

const storageKey = (chatId: string) => `parley.draft.${chatId}`

export interface Draft {
  text: string
  /** `saved` = the server has it; `local` = only this browser has it yet. */
  state: 'saved' | 'local'
  change: (text: string) => void
  /** The text was sent. The server drops its draft with a message, but not with a note, nor one that is still on its way. */
  sent: (note: boolean) => void
}

/**
 * The unsent text of one chat. Every key stroke is kept in this browser at once and on the server after a pause; the
 * browser's copy is dropped only when the server has confirmed it. Mount anew for each chat (`key={chat.id}`).
 */
export function useDraft(chat: Chat): Draft {
  const chatId = chat.id
  const client = useQueryClient()
  const [text, setText] = useState(() => readStored<string>(storageKey(chatId)) ?? chat.draft?.text ?? '')
  const [state, setState] = useState<Draft['state']>(() => (readStored(storageKey(chatId)) === null ? 'saved' : 'local'))
  const timer = useRef(0)
  const pending = useRef<string | null>(readStored<string>(storageKey(chatId)))
  const onTheWay = useRef(0)

  const save = useCallback(
    async (keepalive: boolean) => {
      const unsaved = pending.current
      if (unsaved === null) return
      window.clearTimeout(timer.current)
      onTheWay.current += 1
      try {
        await putDraft(chatId, { text: unsaved }, keepalive)
      } catch (error) {
        // A refusal (chat completed, handed over) is final and the browser keeps the text; anything else passes.
        if (isPassing(error)) timer.current = window.setTimeout(() => void save(false), retryMs)
        return
      } finally {
        onTheWay.current -= 1
      }
      rememberDraft(client, chatId, unsaved)
      if (pending.current !== unsaved) return
      pending.current = null
      writeStored(storageKey(chatId), null)
      setState('saved')
    },
    [chatId, client],
  )

  useEffect(() => {
    const leave = () => void save(true)
    void save(false)
    window.addEventListener('pagehide', leave)
    return () => {
      window.removeEventListener('pagehide', leave)
      void save(true)
    }
  }, [save])

  const change = useCallback(
    (next: string) => {
      setText(next)
      setState('local')
      pending.current = next
      writeStored(storageKey(chatId), next)
      window.clearTimeout(timer.current)
      timer.current = window.setTimeout(() => void save(false), quietMs)
    },
    [chatId, save],
  )

  const sent = useCallback(
    (note: boolean) => {
      if (note || onTheWay.current > 0) {
        change('')
        return
      }
      window.clearTimeout(timer.current)
      pending.current = null
      writeStored(storageKey(chatId), null)
      rememberDraft(client, chatId, '')
      setText('')
      setState('saved')
    },
    [chatId, client, change],
  )

  return { text, state, change, sent }
}

/** The cached chat and tile know of the draft at once, so that the mark on the tile is right. */
function rememberDraft(client: ReturnType<typeof useQueryClient>, chatId: string, text: string): void {
  const draft = text === '' ? null : { text, fileIds: [] }
  client.setQueryData<Chat>(keys.chat(chatId), (chat) => chat && { ...chat, draft, hasDraft: draft !== null })
  client.setQueryData<Inbox>(keys.inbox, (inbox) => {
    if (!inbox) return inbox
    const mark = (tiles: Inbox['newItems']) => tiles.map((tile) => (tile.id === chatId ? { ...tile, hasDraft: draft !== null } : tile))
    return { newItems: mark(inbox.newItems), inProgress: mark(inbox.inProgress) }
  })
}
