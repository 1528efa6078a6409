import type { ChatTile } from '../../contracts/chats.ts'

/**
 * Milliseconds since 1970 from which the response counts as overdue; null when it is not. The server says so itself, a
 * little later than the moment passes.
 */
export function overdueFrom(tile: Pick<ChatTile, 'overdueSince' | 'responseDueAt'>, nowMs: number): number | null {
  if (tile.overdueSince !== null) return Date.parse(tile.overdueSince)
  const due = tile.responseDueAt === null ? null : Date.parse(tile.responseDueAt)
  return due !== null && due <= nowMs ? due : null
}

/**
 * Milliseconds since 1970 from which the timer of an overdue response counts: the customer's last message, because that is
 * how long they have been waiting; null when the response is not overdue.
 */
export function overdueTimerFrom(
  tile: Pick<ChatTile, 'overdueSince' | 'responseDueAt' | 'lastCustomerMessageAt'>,
  nowMs: number,
): number | null {
  const overdue = overdueFrom(tile, nowMs)
  return overdue === null || tile.lastCustomerMessageAt === null ? overdue : Date.parse(tile.lastCustomerMessageAt)
}
