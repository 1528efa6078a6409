import { badRequest } from '../errors.ts'

/** Where a page of a list in the order of (name, id) ended: the next page begins after it. */
export interface NamePlace {
  /** As the database ordered it: lower case. */
  name: string
  id: string
}

/** A place as the opaque `nextCursor` of a list. */
export function toCursor({ name, id }: NamePlace): string {
  return Buffer.from(JSON.stringify([name, id])).toString('base64url')
}

/** @throws AppError 400 BAD_REQUEST for a cursor of another list */
export function fromCursor(cursor: string): NamePlace {
  const [name, id] = parse(cursor)
  if (typeof name !== 'string' || typeof id !== 'string' || !/^[0-9]{1,18}$/.test(id))
    throw badRequest('The cursor is not one of this list.')
  return { name, id }
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    // Not one of our cursors; the caller says so.
    return []
  }
}

/** For `like`: matches texts that contain this one as it is, in lower case. */
export const containing = (text: string): string => `%${literal(text)}%`

/** For `like`: matches texts that begin with this one as it is, in lower case. */
export const beginningWith = (text: string): string => `${literal(text)}%`

const literal = (text: string): string => text.toLowerCase().replace(/[\\%_]/g, '\\$&')
