import { FeelDate, FeelDateTime, FeelDuration } from 'feelin'
import { DateTime, Duration } from 'luxon'
import { analyse } from './feel/analysis.ts'
import { ExpressionError, evaluateRaw, feelBody, isFeel, type Names } from './feel/evaluate.ts'
import { instantOf } from './feel/values.ts'
import type { TimerSource } from './model/types.ts'
import type { Scope, TimerDue } from './types.ts'

interface Due {
  dueAt: Date | null
  /** Firings left including the one at `dueAt`; null = without end. */
  remaining: number | null
  /** ISO 8601 period of a repeating timer. */
  period: string | null
}

/** Fields of the chat a timer reads; "*" stands for the chat as a whole. */
export function timerReads(expression: string): string[] {
  return isFeel(expression) ? analyse(feelBody(expression)).chatReads : []
}

/**
 * Computes when a timer is due. Durations count from `scope.now`, in UTC. A value that is a date-time
 * is the due time whatever kind of timer was drawn; null switches the timer off.
 * @throws ExpressionError
 */
export function computeDue(timer: TimerSource, scope: Scope, names: Names): Due {
  const value = isFeel(timer.expression) ? evaluateRaw(timer.expression, scope, names) : timer.expression
  if (value === null || value === undefined) return { dueAt: null, remaining: timer.kind === 'cycle' ? null : 1, period: null }
  if (value instanceof FeelDateTime) return once(instantOf(value) ?? parseDate(value.toString()))
  if (value instanceof FeelDate) return once(parseDate(value.toString()))
  const text = value instanceof FeelDuration ? value.toString() : value
  if (typeof text !== 'string') throw new ExpressionError(`The timer "${timer.expression}" yields ${typeof text}, not a time`)
  return dueOfText(timer.kind, text.trim(), scope.now)
}

/** The firing after one at `dueAt`: one period later, as Camunda 8 counts, so that a late wake-up does not shift the rest. */
export function nextDue(dueAt: Date, period: string): Date {
  return plus(dueAt, parsePeriod(period))
}

/** A timer as a Wait shows it. */
export function timerDue(timer: TimerSource, due: Due): TimerDue {
  return { kind: timer.kind, expression: timer.expression, reads: timerReads(timer.expression), dueAt: due.dueAt, remaining: due.remaining }
}

const once = (dueAt: Date): Due => ({ dueAt, remaining: 1, period: null })

function dueOfText(kind: TimerSource['kind'], text: string, now: Date): Due {
  if (!text.startsWith('P') && !text.startsWith('R')) return once(parseDate(text))
  if (kind === 'date') throw new ExpressionError(`"${text}" is no ISO 8601 date-time`)
  if (kind === 'duration') return once(plus(now, parsePeriod(text)))
  return dueOfCycle(text, now)
}

/** R3/PT10M, R/PT10M or R3/2026-01-01T09:00:00Z/PT10M (ISO 8601-1, 5.6). */
function dueOfCycle(text: string, now: Date): Due {
  const parts = text.startsWith('P') ? ['R', text] : text.split('/')
  const repetitions = /^R(\d*)$/.exec(parts[0] ?? '')
  const period = parts.at(-1) ?? ''
  if (!repetitions || parts.length < 2 || parts.length > 3) throw new ExpressionError(`"${text}" is no ISO 8601 repeating interval`)
  const remaining = repetitions[1] ? Number(repetitions[1]) : null
  const length = parsePeriod(period)
  if (!(length.toMillis() > 0)) throw new ExpressionError(`The period of "${text}" must be longer than zero`)
  if (remaining === 0) return { dueAt: null, remaining: 0, period: null }
  const start = parts.length === 3 ? parseDate(parts[1] ?? '') : null
  const dueAt = start ? (start > now ? start : firstAfter(start, length, now)) : plus(now, length)
  return { dueAt, remaining, period }
}

function firstAfter(start: Date, length: Duration, now: Date): Date {
  const periods = Math.floor((now.getTime() - start.getTime()) / length.toMillis()) + 1
  return new Date(start.getTime() + periods * length.toMillis())
}

const plus = (from: Date, duration: Duration) => DateTime.fromJSDate(from, { zone: 'utc' }).plus(duration).toJSDate()

function parseDate(text: string): Date {
  // FEEL writes a named zone as "…@Europe/Berlin", which ISO 8601 does not know.
  const [local = '', zone = 'utc'] = text.split('@')
  const date = DateTime.fromISO(local, { zone })
  if (!date.isValid) throw new ExpressionError(`"${text}" is no ISO 8601 date-time`)
  return date.toJSDate()
}

function parsePeriod(text: string): Duration {
  const duration = Duration.fromISO(text)
  if (!duration.isValid) throw new ExpressionError(`"${text}" is no ISO 8601 duration`)
  return duration
}
