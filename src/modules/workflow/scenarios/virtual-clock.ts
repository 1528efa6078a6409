import { Duration } from 'luxon'
import type { Clock } from '../../../platform/clock.ts'

/** Every scenario begins on Monday 5 January 2026 at 09:00 UTC, so that it runs the same every day. */
export const scenarioStart = new Date('2026-01-05T09:00:00Z')

/** The time of one scenario: it stands still until a step moves it. */
export class VirtualClock implements Clock {
  #now = scenarioStart.getTime()

  now(): Date {
    return new Date(this.#now)
  }

  /** Moves forward; a moment in the past changes nothing. */
  moveTo(moment: Date): void {
    this.#now = Math.max(this.#now, moment.getTime())
  }

  /** The moment this long after now. `advance` is "+" and an ISO 8601 duration, checked by the schema. */
  after(advance: string): Date {
    return new Date(this.#now + Duration.fromISO(advance.slice(1)).toMillis())
  }
}
