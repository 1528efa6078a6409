/** PostgreSQL's text cannot hold U+0000, nor its jsonb half a surrogate pair; customers' messages can. */
const unstorable = /\0|[\ud800-\udfff]/

/** The same value with every text in it fit for the database; untouched when all are, which is nearly always. */
export function storable<T>(value: T): T {
  if (typeof value === 'string') return (unstorable.test(value) ? value.replaceAll('\0', '').toWellFormed() : value) as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, storable(item)])) as T
}
