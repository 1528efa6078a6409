/** Readers for JSON whose shape only a provider's documentation promises: absent or odd values read as null. */
import { MalformedPayload } from './adapter.ts'

export type Json = Record<string, unknown>

/** The body as a JSON object; throws MalformedPayload when it is anything else. */
export function parseObject(body: Buffer): Json {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new MalformedPayload('The body is not JSON', { cause })
  }
  const object = obj(value)
  if (!object) throw new MalformedPayload('The body is not a JSON object')
  return object
}

export function obj(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

/** The objects of an array; nothing when it is no array. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((item): item is Json => obj(item) !== null) : []
}

export function str(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** A text with something in it. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function num(value: unknown): number | null {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null
}

/** An id that a provider writes as a number or as a text. */
export function id(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : text(value)
}

/** Unix seconds, as a number or as digits. */
export function seconds(value: unknown): Date | null {
  const at = num(value)
  return at === null ? null : new Date(at * 1000)
}

/** Unix milliseconds, as a number or as digits. */
export function millis(value: unknown): Date | null {
  const at = num(value)
  return at === null ? null : new Date(at)
}

/** The first key of `object` that is one of `keys`. */
export function firstKey<K extends string>(object: Json, keys: readonly K[]): K | null {
  return keys.find((key) => object[key] !== undefined && object[key] !== null) ?? null
}
