import { notifications } from '@mantine/notifications'
import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Chat, ChatPatch, Inbox, Message } from '../../contracts/chats.ts'
import { completeChat, fetchChat, fetchMessages, patchChat, readChat, retryMessage } from '../api/chats.ts'
import { ApiError, explain, isPassing } from '../api/client.ts'
import { retryFile } from '../api/files.ts'
import { keys } from '../api/keys.ts'
import { findTile, storeChat, storeMessages } from '../realtime/apply-frame.ts'
import { emptyMessages, type MessageCache, mergeMessages, pageSize } from '../realtime/message-cache.ts'
import { type Realtime, useRealtime } from '../realtime/realtime-provider.tsx'
import { texts } from './texts.ts'

/** One chat with its profile, draft and restrictions; always fetched anew when it is opened. */
export function useChat(chatId: string) {
  return useQuery({ queryKey: keys.chat(chatId), queryFn: ({ signal }) => fetchChat(chatId, signal), staleTime: 0 })
}

/** The loaded messages of a chat; opening it again asks only for what is new. */
export function useMessages(chatId: string) {
  const client = useQueryClient()
  const { realtime } = useRealtime()
  return useQuery({
    queryKey: keys.messages(chatId),
    queryFn: ({ signal }) => loadMessages(client, realtime, chatId, signal),
    staleTime: 0,
    structuralSharing: false,
  })
}

async function loadMessages(client: QueryClient, realtime: Realtime, chatId: string, signal: AbortSignal): Promise<MessageCache> {
  const key = keys.messages(chatId)
  const known = client.getQueryData<MessageCache>(key)
  const completeTo = findTile(client.getQueryData<Inbox>(keys.inbox), chatId)?.seq ?? client.getQueryData<Chat>(keys.chat(chatId))?.seq ?? 0
  const fetched = known?.loaded ? await fetchAfter(chatId, known.items, signal) : await fetchMessages(chatId, { limit: pageSize }, signal)
  // Pushes that came in the meantime are in the cache, not in the answer.
  const now = client.getQueryData<MessageCache>(key) ?? emptyMessages
  const items = mergeMessages(now.items, fetched)
  realtime.tracker.loaded(chatId, Math.max(completeTo, items.at(-1)?.seq ?? 0))
  return { items, loaded: true, hasOlder: known?.loaded ? now.hasOlder : fetched.length === pageSize }
}

/** Everything after the last known message, and the last page again for the statuses that changed. */
async function fetchAfter(chatId: string, items: readonly Message[], signal: AbortSignal): Promise<Message[]> {
  const from = Math.max(0, (items.at(-pageSize)?.seq ?? 1) - 1)
  const all: Message[] = []
  for (let after = from; ; ) {
    const page = await fetchMessages(chatId, { after, limit: 200 }, signal)
    all.push(...page)
    const last = page.at(-1)
    if (page.length < 200 || !last) return all
    after = last.seq
  }
}

const noMessages: Message[] = []
const parentLimit = 200

/**
 * The last messages of the chats this one was transferred from, oldest first. They have sequence numbers of their own and
 * do not change any more, so they are kept apart from the chat's messages.
 */
export function useParentMessages(chat: Chat, enabled: boolean): Message[] {
  const { data } = useQuery({
    queryKey: keys.parentMessages(chat.id),
    // Before 0 there is nothing of the chat itself: only its parents are left.
    queryFn: ({ signal }) => fetchMessages(chat.id, { lineage: true, before: 0, limit: parentLimit }, signal),
    enabled: enabled && chat.parentChatId !== null,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return data ?? noMessages
}

/** Loads the page before the first message. */
export function useOlderMessages(chatId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const key = keys.messages(chatId)
      const first = client.getQueryData<MessageCache>(key)?.items[0]
      if (!first) return
      const older = await fetchMessages(chatId, { before: first.seq, limit: pageSize })
      client.setQueryData<MessageCache>(
        key,
        (cache) => cache && { ...cache, items: mergeMessages(older, cache.items), hasOlder: older.length === pageSize },
      )
    },
  })
}

/** Follows the chat on the socket while it is open. */
export function useWatch(chatId: string): void {
  const { realtime } = useRealtime()
  useEffect(() => realtime.watch(chatId), [realtime, chatId])
}

/** Ends the chat; it becomes read-only. */
export function useCompleteChat() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (chatId: string) => completeChat(chatId),
    onSuccess: (chat) => {
      storeChat(client, chat)
      void client.invalidateQueries({ queryKey: keys.messages(chat.id) })
    },
    onError: (error, chatId) => {
      notifications.show({ color: 'orange', title: texts.completeFailed, message: explainComplete(error) })
      if (error instanceof ApiError) {
        void client.invalidateQueries({ queryKey: keys.chat(chatId) })
        void client.invalidateQueries({ queryKey: keys.inbox })
      }
    },
  })
}

function explainComplete(error: unknown): string {
  if (error instanceof ApiError && error.code === 'CHAT_COMPLETED') return texts.alreadyCompleted
  if (error instanceof ApiError && error.code === 'NOT_OWNER') return texts.notOwner
  return explain(error)
}

/** Sends a failed message again. */
export function useRetryMessage() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (messageId: string) => retryMessage(messageId),
    onSuccess: (message) => storeMessages(client, message.chatId, [message]),
    onError: (error) => notifications.show({ color: 'red', title: texts.retryFailed, message: explain(error) }),
  })
}

/** Has a customer's file that could not be fetched fetched again. */
export function useRetryFile(message: Message) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (fileId: string) => retryFile(fileId),
    onSuccess: (file) => {
      const files = message.files.map((other) => (other.id === file.id ? file : other))
      storeMessages(client, message.chatId, [{ ...message, files }])
    },
    onError: (error) => notifications.show({ color: 'red', title: texts.fileRetryFailed, message: explain(error) }),
  })
}

/** Changes tags or priority. */
export function usePatchChat(chatId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (patch: ChatPatch) => patchChat(chatId, patch),
    onSuccess: (chat) => storeChat(client, chat),
    onError: (error) => notifications.show({ color: 'red', title: texts.changeFailed, message: explain(error) }),
  })
}

/** Tells the server how far the agent has read, once per message and only while it is on screen. */
export function useReadReport(chat: Chat, isMine: boolean, lastSeq: number, isSeen: boolean): void {
  const client = useQueryClient()
  const reported = useRef(0)
  const { mutate } = useMutation({
    mutationFn: (seq: number) => readChat(chat.id, seq),
    onSuccess: (next) => storeChat(client, next),
    // Nobody waits for this; the next message or the next opening of the chat reports again.
    retry: (count, error) => isPassing(error) && count < 3,
  })
  const isDue = isMine && isSeen && chat.unread > 0 && lastSeq > reported.current
  useEffect(() => {
    if (!isDue) return
    reported.current = lastSeq
    mutate(lastSeq)
  }, [isDue, lastSeq, mutate])
}
