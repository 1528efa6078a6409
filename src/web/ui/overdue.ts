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
