import { DateTime, IANAZone } from 'luxon'
import { type BusinessHours, weekdays } from '../../contracts/index.ts'

/** Minutes since midnight on the wall clock; "24:00" ends a day. */
function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}

/**
 * Whether the queue is open at the instant. Hours are wall-clock times of the time zone, so 09:00 stays 09:00 when the
 * clocks change; the first minute of an interval belongs to it, the last does not. Null = always open.
 */
export function isOpen(businessHours: BusinessHours | null, now: Date): boolean {
  if (businessHours === null) return true
  const local = DateTime.fromJSDate(now, { zone: businessHours.timeZone })
  if (!local.isValid) throw new Error(`Business hours with the unknown time zone "${businessHours.timeZone}"`)
  if (businessHours.holidays.includes(local.toFormat('yyyy-MM-dd'))) return false
  const day = weekdays[local.weekday - 1]
  const minute = local.hour * 60 + local.minute
  const intervals = day === undefined ? [] : (businessHours.days[day] ?? [])
  return intervals.some(([from, to]) => minute >= minuteOf(from) && minute < minuteOf(to))
}

/** What is wrong with the hours beyond their shape, or null. */
export function findProblem(businessHours: BusinessHours): string | null {
  if (!IANAZone.isValidZone(businessHours.timeZone))
    return `"${businessHours.timeZone}" is no time zone; use a name such as "Europe/Berlin".`
  for (const day of weekdays) {
    const intervals = (businessHours.days[day] ?? []).toSorted(([a], [b]) => minuteOf(a) - minuteOf(b))
    for (const [index, [from, to]] of intervals.entries()) {
      if (minuteOf(from) >= minuteOf(to))
        return `Business hours of ${day}: ${from} to ${to} ends before it begins. Split hours at midnight.`
      const next = intervals[index + 1]
      if (next && minuteOf(next[0]) < minuteOf(to))
        return `Business hours of ${day}: ${from} to ${to} and ${next[0]} to ${next[1]} overlap.`
    }
  }
  const bad = businessHours.holidays.find((date) => !DateTime.fromISO(date).isValid)
  return bad === undefined ? null : `${bad} is no date.`
}
