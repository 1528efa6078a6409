import type { Logger } from '../log.ts'
import { isConnectionError, type ReportError } from './backend.ts'

const QUIET_MS = 10_000

/**
 * Logs errors that nobody awaits. An outage makes every connection and worker complain again and again, so the same
 * complaint is logged once in 10 seconds, with the number of those left out in between.
 */
export function createErrorReport(log: Logger, now: () => number = Date.now): ReportError {
  const seen = new Map<string, { loggedAt: number; leftOut: number }>()
  return (error, details = {}) => {
    const outage = isConnectionError(error)
    const key = outage ? 'outage' : error instanceof Error ? error.message : String(error)
    const last = seen.get(key)
    if (last !== undefined && now() - last.loggedAt < QUIET_MS) {
      last.leftOut += 1
      return
    }
    if (seen.size > 100) seen.clear() // messages with ids in them must not pile up
    seen.set(key, { loggedAt: now(), leftOut: 0 })
    const fields = { err: error, ...details, ...(last ? { leftOut: last.leftOut } : {}) }
    if (outage) log.warn(fields, 'the job backend cannot be reached, trying again')
    else log.error(fields, 'job backend error')
  }
}
