import type { Value } from '../../engine/index.ts'

/** Process values as JSON: an instant becomes {"$date": "…"}, so that it is an instant again when it is read. */
export function encodeValue(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.toISOString() }
  if (Array.isArray(value)) return value.map(encodeValue)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encodeValue(item)]))
  }
  return value ?? null
}

/** The reverse of encodeValue. */
export function decodeValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(decodeValue)
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
    if (entries.length === 1 && entries[0]?.[0] === '$date') return new Date(String(entries[0][1]))
    return Object.fromEntries(entries.map(([key, item]) => [key, decodeValue(item)]))
  }
  return value as Value
}

/** Decodes a JSON object of variables. */
export function decodeVariables(value: Record<string, unknown>): Record<string, Value> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodeValue(item)]))
}

const secretKey = /pass(word|phrase)|secret|token|authorization|api[-_]?key|cookie/i

/** For logs and screens: the value with everything that looks like a secret replaced. */
export function redact(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(redact)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, secretKey.test(key) ? '[redacted]' : redact(item)]))
  }
  return value ?? null
}
