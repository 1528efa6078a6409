import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { ChatTile, Inbox } from '../../contracts/chats.ts'
import { acceptChat, fetchInbox } from '../api/chats.ts'
import { ApiError, explain } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { findTile, removeTile, storeChat } from '../realtime/apply-frame.ts'
import { useNow } from '../ui/time.ts'
import { sortInProgress, sortNewItems } from './order.ts'
import { texts } from './texts.ts'

/** The two areas as the server holds them; the socket keeps them fresh. */
export function useInbox() {
  return useQuery({ queryKey: keys.inbox, queryFn: ({ signal }) => fetchInbox(signal) })
}

/** The two areas in the order of urgency; `kept` is a tile that stays although its chat has left the inbox. */
export function useSortedInbox(inbox: Inbox | undefined, kept: ChatTile | null): Inbox {
  const now = useNow(5_000)
  return useMemo(() => {
    const inProgress = sortInProgress(inbox?.inProgress ?? [], now)
    return { newItems: sortNewItems(inbox?.newItems ?? [], now), inProgress: kept ? [kept, ...inProgress] : inProgress }
  }, [inbox, kept, now])
}

/**
 * A completed or transferred chat stays in view, read-only, until the agent turns to another one.
 * @returns the tile to keep, or null.
 */
export function useKeptTile(inbox: Inbox | undefined, openChatId: string | null): ChatTile | null {
  const [last, setLast] = useState<ChatTile | null>(null)
  const open = openChatId === null ? undefined : inbox?.inProgress.find((tile) => tile.id === openChatId)
  if (open && open !== last) setLast(open)
  if (!last || last.id !== openChatId || findTile(inbox, last.id)) return null
  return { ...last, status: 'completed', overdueSince: null, responseDueAt: null, unread: 0, hasDraft: false }
}

/** Why a chat could not be accepted, with the owner's name when somebody was faster. */
export function explainRefusal(error: unknown): { title: string; message: string } {
  if (error instanceof ApiError) {
    if (error.code === 'ALREADY_ACCEPTED') {
      const owner = ownerIn(error.members)
      return { title: texts.takenTitle, message: owner ? texts.taken(owner) : error.detail }
    }
    if (error.code === 'NOT_WAITING') return { title: texts.acceptFailed, message: texts.notWaiting }
    if (error.code === 'CHAT_COMPLETED') return { title: texts.acceptFailed, message: texts.chatCompleted }
  }
  return { title: texts.acceptFailed, message: explain(error) }
}

function ownerIn(members: Readonly<Record<string, unknown>>): string | null {
  const owner = members.agent
  if (typeof owner !== 'object' || owner === null || !('name' in owner)) return null
  return typeof owner.name === 'string' ? owner.name : null
}

/** Makes the agent the owner of a waiting chat. */
export function useAcceptChat() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (chatId: string) => acceptChat(chatId),
    onSuccess: (chat) => storeChat(client, chat),
    onError: (error, chatId) => {
      notifications.show({ color: 'orange', ...explainRefusal(error) })
      if (!(error instanceof ApiError)) return
      if (error.status === 409 || error.status === 404) {
        client.setQueryData<Inbox>(keys.inbox, (inbox) => inbox && removeTile(inbox, chatId))
        void client.invalidateQueries({ queryKey: keys.chat(chatId) })
        void client.invalidateQueries({ queryKey: keys.inbox })
      }
    },
  })
}
