import type { ChatTile } from '../../contracts/chats.ts'
import { overdueFrom } from '../ui/overdue.ts'

const never = Number.POSITIVE_INFINITY
const moment = (at: string | null) => (at === null ? never : Date.parse(at))

function byOverdue(a: ChatTile, b: ChatTile, nowMs: number): number {
  const first = overdueFrom(a, nowMs) ?? never
  const second = overdueFrom(b, nowMs) ?? never
  return first === second ? 0 : first - second
}

/** New items: overdue ones first, longest overdue on top, then who has waited longest. */
export function sortNewItems(tiles: readonly ChatTile[], nowMs: number): ChatTile[] {
  return [...tiles].sort((a, b) => byOverdue(a, b, nowMs) || moment(a.createdAt) - moment(b.createdAt) || a.number - b.number)
}

/** In progress: overdue first, then what is due soonest, then the latest message. */
export function sortInProgress(tiles: readonly ChatTile[], nowMs: number): ChatTile[] {
  const due = (tile: ChatTile) => moment(tile.responseDueAt)
  const latest = (tile: ChatTile) => Date.parse(tile.lastMessage?.at ?? tile.createdAt)
  return [...tiles].sort((a, b) => {
    const urgency = byOverdue(a, b, nowMs)
    if (urgency !== 0) return urgency
    if (due(a) !== due(b)) return due(a) - due(b)
    return latest(b) - latest(a) || a.number - b.number
  })
}
