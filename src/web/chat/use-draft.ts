import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Chat, Inbox } from '../../contracts/chats.ts'
import type { UploadedFile } from '../../contracts/files.ts'
import { putDraft } from '../api/chats.ts'
import { isPassing } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { readStored, writeStored } from '../ui/stored.ts'

const quietMs = 700
const retryMs = 4_000

const storageKey = (chatId: string) => `parley.draft.${chatId}`

/** What is written and attached. */
export interface DraftContent {
  text: string
  files: UploadedFile[]
}

export interface Draft extends DraftContent {
  /** `saved` = the server has it; `local` = only this browser has it yet. */
  state: 'saved' | 'local'
  change: (content: Partial<DraftContent>) => void
  /** It was sent. The server drops its draft with a message, but not with a note, nor one that is still on its way. */
  sent: (note: boolean) => void
}

const empty: DraftContent = { text: '', files: [] }

/** The browser's copy; an older version of this page kept the text alone. */
function readLocal(chatId: string): DraftContent | null {
  const stored = readStored<DraftContent | string>(storageKey(chatId))
  return typeof stored === 'string' ? { text: stored, files: [] } : stored
}

function readServer({ draft }: Chat): DraftContent {
  if (!draft) return empty
  const files = (draft.files ?? []).map(({ id, name, size, type, url }) => ({ id, name, size: size ?? 0, type, url }))
  return { text: draft.text, files }
}

/**
 * The unsent text and files of one chat. Every key stroke is kept in this browser at once and on the server after a pause; the
 * browser's copy is dropped only when the server has confirmed it. Mount anew for each chat (`key={chat.id}`).
 */
export function useDraft(chat: Chat): Draft {
  const chatId = chat.id
  const client = useQueryClient()
  const [content, setContent] = useState(() => readLocal(chatId) ?? readServer(chat))
  const [state, setState] = useState<Draft['state']>(() => (readStored(storageKey(chatId)) === null ? 'saved' : 'local'))
  const timer = useRef(0)
  const latest = useRef(content)
  const pending = useRef<DraftContent | null>(readLocal(chatId))
  const onTheWay = useRef(0)

  const save = useCallback(
    async (keepalive: boolean) => {
      const unsaved = pending.current
      if (unsaved === null) return
      window.clearTimeout(timer.current)
      onTheWay.current += 1
      try {
        await putDraft(chatId, { text: unsaved.text, fileIds: unsaved.files.map((file) => file.id) }, keepalive)
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
    (part: Partial<DraftContent>) => {
      const next = { ...latest.current, ...part }
      latest.current = next
      setContent(next)
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
        change(empty)
        return
      }
      window.clearTimeout(timer.current)
      pending.current = null
      writeStored(storageKey(chatId), null)
      rememberDraft(client, chatId, empty)
      latest.current = empty
      setContent(empty)
      setState('saved')
    },
    [chatId, client, change],
  )

  return { ...content, state, change, sent }
}

/** The cached chat and tile know of the draft at once, so that the mark on the tile is right. */
function rememberDraft(client: ReturnType<typeof useQueryClient>, chatId: string, { text, files }: DraftContent): void {
  const ready = files.map((file) => ({ ...file, state: 'ready' as const }))
  const draft = text === '' && files.length === 0 ? null : { text, fileIds: files.map((file) => file.id), files: ready }
  client.setQueryData<Chat>(keys.chat(chatId), (chat) => chat && { ...chat, draft, hasDraft: draft !== null })
  client.setQueryData<Inbox>(keys.inbox, (inbox) => {
    if (!inbox) return inbox
    const mark = (tiles: Inbox['newItems']) => tiles.map((tile) => (tile.id === chatId ? { ...tile, hasDraft: draft !== null } : tile))
    return { newItems: mark(inbox.newItems), inProgress: mark(inbox.inProgress) }
  })
}
