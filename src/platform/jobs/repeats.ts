import { jobOptions } from './job-options.ts'
import type { Queue } from './job-queues.ts'
import type { Job } from './jobs.types.ts'

/** A job that runs on a schedule. */
export interface Repeat {
  readonly job: Job<unknown>
  readonly payload: object
  readonly everyMs: number
}

/** A schedule whose next run is this long overdue has lost its pending job. */
const LOST_AFTER_MS = 60_000

/** Creates the schedule or takes it over as it is; a pending run keeps its time unless the interval has changed. */
export async function upsertRepeat(queue: Queue, { job, payload, everyMs }: Repeat): Promise<void> {
  await queue.upsertJobScheduler(job.name, { every: everyMs }, { name: job.name, data: payload, opts: jobOptions(job, 'repeat') })
}

/**
 * Creates the schedule again when the backend has lost it: FLUSHALL removes it without a sound, and BullMQ goes on
 * without a next run when it fails to store one.
 */
export async function healRepeat(queue: Queue, repeat: Repeat, nowMs: number): Promise<boolean> {
  const scheduler = await queue.getJobScheduler(repeat.job.name)
  const overdueMs = scheduler?.next === undefined ? Number.POSITIVE_INFINITY : nowMs - scheduler.next
  if (overdueMs <= Math.max(LOST_AFTER_MS, 2 * repeat.everyMs)) return false
  await upsertRepeat(queue, repeat)
  return true
}
