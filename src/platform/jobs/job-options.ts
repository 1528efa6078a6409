import type { BulkJobOptions, JobsOptions } from 'bullmq'
import type { AddOptions, Job } from './jobs.types.ts'

const DAY_S = 24 * 60 * 60

/** One run wanted (`once`), one pending run per id wanted (`keyed`), or a tick of a schedule (`repeat`). */
export type JobKind = 'once' | 'keyed' | 'repeat'

/**
 * Decides in one place what BullMQ does with a job.
 *
 * For all kinds: a completed job leaves nothing behind, because what it did is recorded in the database; failed ones
 * are kept for a look at them, limited so that a broken provider cannot fill the backend. Jitter takes up to half off
 * each backoff, so that jobs which failed together do not come back together.
 */
export function jobOptions(job: Job<unknown>, kind: JobKind): JobsOptions {
  const kept = { removeOnComplete: true, stackTraceLimit: 1 }
  const retries = { attempts: job.attempts, backoff: { type: 'exponential', delay: job.backoffMs, jitter: 0.5 } }
  switch (kind) {
    case 'once':
    case 'keyed':
      return { ...kept, ...retries, removeOnFail: { age: 7 * DAY_S, count: 500 } }
    case 'repeat':
      // The next tick is the retry; more would pile up behind a backend or provider that is down.
      return { ...kept, attempts: 1, removeOnFail: { age: DAY_S, count: 20 } }
  }
}

/**
 * Options of one job as added by a caller.
 *
 * The caller's id becomes a deduplication id, not a BullMQ job id: adding an existing job id is ignored silently, so it
 * moves no timer, loses what happens while the job runs, and stays blocked as long as a failed job of that id is kept.
 * `replace` moves the timer, `keepLastIfActive` runs once more after the running one.
 * @throws RangeError for an id or delay that the backends cannot keep
 */
export function addOptions(job: Job<unknown>, options: AddOptions): BulkJobOptions {
  const delay = options.delayMs ?? 0
  if (!Number.isFinite(delay) || delay < 0) throw new RangeError(`Job ${job.name}: delayMs must be 0 or more, not ${delay}`)
  const timing = delay > 0 ? { delay: Math.ceil(delay) } : {}
  if (options.jobId === undefined) return { ...jobOptions(job, 'once'), ...timing }
  if (!/^[\w.-]{1,200}$/.test(options.jobId)) {
    throw new RangeError(`Job ${job.name}: jobId must be 1 to 200 letters, digits or ._- characters, not "${options.jobId}"`)
  }
  return { ...jobOptions(job, 'keyed'), ...timing, deduplication: { id: options.jobId, replace: true, keepLastIfActive: true } }
}

/** True when an error has a flag or an HTTP-like status that says a retry cannot help; waiting helps with 408, 425, 429. */
export function isPermanentError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('retry' in error && typeof error.retry === 'boolean') return !error.retry
  if (!('status' in error) || typeof error.status !== 'number') return false
  return error.status >= 400 && error.status < 500 && ![408, 425, 429].includes(error.status)
}
