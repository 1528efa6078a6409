import type { QueryClient } from '@tanstack/react-query'
import type { Agent } from '../../contracts/agents.ts'
import type { Chat, ChatTile, Inbox, Message } from '../../contracts/chats.ts'
import type { ServerFrame } from '../../contracts/realtime.ts'
import { keys } from '../api/keys.ts'
import { applyStatus, emptyMessages, type MessageCache, mergeMessages } from './message-cache.ts'

/** Takes the tile out of both areas and puts it where its status and owner say; an older state changes nothing. */
export function placeTile(inbox: Inbox, tile: ChatTile, agentId: string | null): Inbox {
  const known = [...inbox.newItems, ...inbox.inProgress].find((other) => other.id === tile.id)
  if (known && known.seq > tile.seq) return inbox
  const without = removeTile(inbox, tile.id)
  if (tile.status === 'waiting') return { ...without, newItems: [...without.newItems, tile] }
  if (tile.status === 'in_progress' && tile.agent !== null && tile.agent.id === agentId) {
    return { ...without, inProgress: [...without.inProgress, tile] }
  }
  return without
}

/** The inbox without one chat. */
export function removeTile(inbox: Inbox, chatId: string): Inbox {
  const others = (tiles: ChatTile[]) => tiles.filter((tile) => tile.id !== chatId)
  return { newItems: others(inbox.newItems), inProgress: others(inbox.inProgress) }
}

/** The tile that the inbox holds for a chat. */
export function findTile(inbox: Inbox | undefined, chatId: string): ChatTile | undefined {
  return inbox && [...inbox.newItems, ...inbox.inProgress].find((tile) => tile.id === chatId)
}

/** Puts a chat that a command answered, or the socket pushed, into the cache, its tile included. */
export function storeChat(client: QueryClient, chat: Chat): void {
  client.setQueryData<Chat>(keys.chat(chat.id), (known) => (known && known.seq > chat.seq ? known : chat))
  const agent = client.getQueryData<Agent | null>(keys.session)
  client.setQueryData<Inbox>(keys.inbox, (inbox) => inbox && placeKnownTile(inbox, chat, agent?.id ?? null))
}

/** A chat that is in neither area belongs to another inbox, unless it just became this agent's. */
function placeKnownTile(inbox: Inbox, chat: Chat, agentId: string | null): Inbox {
  return findTile(inbox, chat.id) || chat.agent?.id === agentId ? placeTile(inbox, chat, agentId) : inbox
}

/** Adds messages to what is loaded of a chat; when the first page is still on its way they wait for it. */
export function storeMessages(client: QueryClient, chatId: string, messages: readonly Message[]): void {
  const key = keys.messages(chatId)
  const isLoading = client.isFetching({ queryKey: key, exact: true }) > 0
  client.setQueryData<MessageCache>(key, (cache) => {
    const base = cache ?? (isLoading ? emptyMessages : undefined)
    return base && { ...base, items: mergeMessages(base.items, messages) }
  })
}

/** Brings one pushed frame into the query cache. Frames may arrive twice or out of order. */
export function applyFrame(client: QueryClient, frame: ServerFrame): void {
  const agentId = client.getQueryData<Agent | null>(keys.session)?.id ?? null
  switch (frame.type) {
    case 'inbox.upsert':
      client.setQueryData<Inbox>(keys.inbox, (inbox) => inbox && placeTile(inbox, frame.tile, agentId))
      // A message alone brings no chat.updated: what the tile says of the open chat is newer then.
      client.setQueryData<Chat>(keys.chat(frame.tile.id), (chat) =>
        chat && frame.tile.seq >= chat.seq ? { ...chat, ...frame.tile } : chat,
      )
      return
    case 'inbox.remove':
      client.setQueryData<Inbox>(keys.inbox, (inbox) => inbox && removeTile(inbox, frame.chatId))
      return
    case 'chat.message':
      storeMessages(client, frame.chatId, [frame.message])
      if (frame.message.direction === 'incoming') client.setQueryData(keys.typing(frame.chatId), null)
      return
    case 'chat.message_status':
      client.setQueryData<MessageCache>(
        keys.messages(frame.chatId),
        (cache) => cache && { ...cache, items: applyStatus(cache.items, frame.messageId, frame.status, frame.failureReason) },
      )
      return
    case 'chat.updated':
      // Linked to another contact: every message of the customer has another author now.
      if (client.getQueryData<Chat>(keys.chat(frame.chatId))?.contact.id !== frame.chat.contact.id) {
        void client.invalidateQueries({ queryKey: keys.messages(frame.chatId) })
      }
      client.setQueryData<Chat>(keys.chat(frame.chatId), (known) => (known && known.seq > frame.chat.seq ? known : frame.chat))
      return
    case 'chat.typing':
      if (frame.author.id !== agentId || frame.author.kind !== 'agent') {
        client.setQueryData(keys.typing(frame.chatId), { name: frame.author.name, at: Date.now() })
      }
      return
    case 'chat.viewers':
      client.setQueryData(keys.viewers(frame.chatId), frame.viewers)
      return
    case 'hello':
    case 'agent.updated':
      if (frame.agent.id === agentId) client.setQueryData<Agent | null>(keys.session, frame.agent)
      return
    case 'notification':
    case 'process.updated':
    case 'pong':
    case 'error':
      return
  }
}
