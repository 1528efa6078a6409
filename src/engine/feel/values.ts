import { FeelDate, FeelDateTime, FeelDuration, FeelTime, isFunction, isRange } from 'feelin'
import type { Value } from '../types.ts'

/** The instant of a FEEL date-time that names its zone; null for a local date-time, which is no instant. */
export function instantOf(dateTime: FeelDateTime): Date | null {
  if (dateTime.zone === null) return null
  return new Date(dateTime.unwrap().toZonedDateTime(dateTime.zone).epochMilliseconds)
}

/**
 * A FEEL result as plain data: zoned date-times become Date, other temporal values their ISO 8601
 * text. Functions cannot leave an expression.
 * @throws TypeError
 */
export function fromFeel(value: unknown): Value {
  if (value === null || value === undefined) return null
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'object':
      return fromFeelObject(value)
    default:
      throw new TypeError(`yields a ${typeof value}, which is no value`)
  }
}

function fromFeelObject(value: object): Value {
  if (Array.isArray(value)) return value.map(fromFeel)
  if (value instanceof Date) return value
  if (value instanceof FeelDateTime) return instantOf(value) ?? value.toString()
  if (value instanceof FeelDate || value instanceof FeelTime || value instanceof FeelDuration) return value.toString()
  if (isRange(value)) return value.toString()
  if (isFunction(value)) throw new TypeError('yields a function, which is no value')
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fromFeel(entry)]))
}
