import { agentErrors } from './agents.errors.ts'

export interface PageRequest {
  limit?: number
  /** `nextCursor` of the page before. */
  cursor?: string
}

export interface PageOf<T> {
  items: T[]
  nextCursor: string | null
}

/**
 * One page of a list in the order of its ids. `read` answers up to so many rows with an id after the given one.
 * @throws AppError 400 BAD_REQUEST for a cursor of another list
 */
export async function pageOf<T extends { id: string }>(
  { limit = 50, cursor }: PageRequest,
  read: (limit: number, after: string | null) => Promise<T[]>,
): Promise<PageOf<T>> {
  if (cursor !== undefined && !/^\d{1,18}$/.test(cursor)) throw agentErrors.badCursor()
  const rows = await read(limit + 1, cursor ?? null)
  const items = rows.slice(0, limit)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
