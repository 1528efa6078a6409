import type { Message } from '../../contracts/chats.ts'
import { calendarDaysBetween } from '../ui/time.ts'
import type { OutboxEntry } from './outbox.ts'

/**
 * One line of the message list. Separators belong to the message below them: a line of their own would vanish when older
 * messages arrive, and with it the place the reader was at.
 */
export type Row =
  | { kind: 'message'; key: string; message: Message; startsGroup: boolean; startsDay: boolean; startsUnread: boolean; startsChat: boolean }
  | { kind: 'pending'; key: string; entry: OutboxEntry; startsGroup: boolean }

/** Messages of one author closer than this belong together. */
const groupMs = 5 * 60_000

function sameGroup(before: Message, after: Message): boolean {
  if (before.direction === 'system' || after.direction !== before.direction) return false
  if (before.author.kind !== after.author.kind || before.author.id !== after.author.id) return false
  return Date.parse(after.at) - Date.parse(before.at) < groupMs
}

/** Where the agent's own message keeps its place on screen when the server confirms it. */
const keyOf = (clientId: string) => `c:${clientId}`

/**
 * The lines of the list: messages with a line between days and one before the first unread message, then what is still on
 * its way. An entry whose message has arrived is left out.
 */
export function buildRows(messages: readonly Message[], pending: readonly OutboxEntry[], firstUnreadSeq: number | null): Row[] {
  const rows: Row[] = []
  let before: Message | null = null
  for (const message of messages) {
    const startsDay: boolean = before === null || calendarDaysBetween(Date.parse(before.at), Date.parse(message.at)) !== 0
    const startsUnread: boolean = before !== null && message.seq === firstUnreadSeq && message.chatId === messages.at(-1)?.chatId
    // A transferred chat begins below the messages of the chat it came from.
    const startsChat: boolean = before !== null && message.chatId !== before.chatId
    const startsGroup = startsChat || before === null || startsDay || startsUnread || !sameGroup(before, message)
    rows.push({
      kind: 'message',
      key: message.clientId ? keyOf(message.clientId) : message.id,
      message,
      startsGroup,
      startsDay,
      startsUnread,
      startsChat,
    })
    before = message
  }
  const arrived = new Set(messages.map((message) => message.clientId))
  for (const entry of pending) {
    if (arrived.has(entry.clientId)) continue
    const startsGroup: boolean = before?.direction !== (entry.note ? 'note' : 'outgoing')
    rows.push({ kind: 'pending', key: keyOf(entry.clientId), entry, startsGroup })
  }
  return rows
}

/**
 * The seq of the first message the agent has not read, given how many are unread; null when all are read or the marker
 * would stand above everything that is loaded.
 */
export function firstUnreadSeq(messages: readonly Message[], unread: number): number | null {
  if (unread <= 0) return null
  const incoming = messages.filter((message) => message.direction === 'incoming')
  return incoming.at(-unread)?.seq ?? null
}
