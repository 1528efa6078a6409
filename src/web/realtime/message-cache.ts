import type { Message, MessageStatus } from '../../contracts/chats.ts'

/** The loaded part of a chat's messages, ascending by seq. */
export interface MessageCache {
  items: Message[]
  /** Whether the server has messages before the first one. */
  hasOlder: boolean
  /** False while only pushed messages are here and the first page is still on its way. */
  loaded: boolean
}

export const pageSize = 50
export const emptyMessages: MessageCache = { items: [], hasOlder: true, loaded: false }

const rank = { sending: 0, sent: 1, delivered: 2, read: 3 }

/**
 * Whether a status may replace another: it only moves forward. `failed` is left by a proof that the message arrived after
 * all, or by a retry, which makes it `sending` with one more attempt.
 */
export function movesForward(from: MessageStatus | null, to: MessageStatus | null): boolean {
  if (from === null || to === null) return true
  if (from === 'failed') return to !== 'sending'
  if (to === 'failed') return from === 'sending' || from === 'sent'
  return rank[to] >= rank[from]
}

function newer(known: Message, given: Message): Message {
  if (given.attempts > known.attempts) return given
  const isRetry = known.status === 'failed' && given.status === 'sending'
  if (given.attempts < known.attempts || !(isRetry || movesForward(known.status, given.status))) return { ...given, ...statusOf(known) }
  return given
}

function statusOf({ status, failureReason, attempts }: Message) {
  return { status, failureReason, attempts }
}

/** Adds or replaces messages by id; the result is ascending by seq and keeps the later state of each. */
export function mergeMessages(known: readonly Message[], given: readonly Message[]): Message[] {
  const byId = new Map(known.map((message) => [message.id, message]))
  for (const message of given) {
    const before = byId.get(message.id)
    byId.set(message.id, before ? newer(before, message) : message)
  }
  return [...byId.values()].sort((a, b) => a.seq - b.seq)
}

/** Sets the status of one message unless it would go back. */
export function applyStatus(items: readonly Message[], messageId: string, status: MessageStatus, failureReason: string | null): Message[] {
  return items.map((message) => {
    if (message.id !== messageId) return message
    // A retry is pushed as `sending` on a failed message: the one way back.
    const retried = message.status === 'failed' && status === 'sending'
    if (!retried && !movesForward(message.status, status)) return message
    return { ...message, status, failureReason }
  })
}
