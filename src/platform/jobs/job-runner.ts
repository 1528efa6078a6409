import { performance } from 'node:perf_hooks'
import { type Job as BullJob, DelayedError, UnrecoverableError } from 'bullmq'
import type { Logger } from '../log.ts'
import type { Job, JobHandler, JobRun } from './jobs.types.ts'

/** What all workers of a process share. */
export interface RunnerState {
  /** Set once, when the process stops taking jobs. */
  stopping: boolean
  /** Handlers at work, each until its outcome is known; none rejects. */
  readonly running: Set<Promise<void>>
}

/** What a runner needs besides its job. */
export interface RunnerOptions {
  readonly log: Logger
  readonly state: RunnerState
  readonly isPermanent: (error: unknown) => boolean
  readonly onRun: (run: JobRun) => void
}

/** Runs one job for BullMQ; the three named parameters make BullMQ pass a signal. */
export type Processor = (bullJob: BullJob, token: string | undefined, signal: AbortSignal | undefined) => Promise<void>

/**
 * Wraps a handler for BullMQ. This is the edge at which a job's errors end: each failed try is logged here, once, and
 * translated to "try again" or "never again".
 */
export function createRunner(job: Job<unknown>, handler: JobHandler<never>, options: RunnerOptions): Processor {
  const { state } = options
  return async function run(bullJob: BullJob, token: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    // Fetched while the workers were being told to stop.
    if (state.stopping) return handBack(bullJob, token)
    const work = runTry(job, handler, bullJob, token, signal ?? new AbortController().signal, options)
    const ended = () => void state.running.delete(entry)
    const entry: Promise<void> = work.then(ended, ended) // only waited for; BullMQ gets the error
    state.running.add(entry)
    await work
  }
}

async function runTry(
  job: Job<unknown>,
  handler: JobHandler<never>,
  bullJob: BullJob,
  token: string | undefined,
  signal: AbortSignal,
  options: RunnerOptions,
): Promise<void> {
  const startedAt = performance.now()
  const attempt = bullJob.attemptsMade + 1
  try {
    await handler(bullJob.data as never, { attempt, jobId: idOf(bullJob), signal })
  } catch (error) {
    if (options.state.stopping && signal.aborted) return await handBack(bullJob, token)
    throw endTry(job, bullJob, attempt, error, performance.now() - startedAt, options)
  }
  options.onRun({ job: job.name, outcome: 'completed', durationMs: performance.now() - startedAt })
}

/** The caller's id, else BullMQ's. */
function idOf(bullJob: BullJob): string {
  return bullJob.deduplicationId ?? bullJob.id ?? ''
}

/** Puts a job back for another process without counting a try. */
async function handBack(bullJob: BullJob, token: string | undefined): Promise<never> {
  await bullJob.moveToDelayed(Date.now(), token)
  throw new DelayedError()
}

function endTry(job: Job<unknown>, bullJob: BullJob, attempt: number, error: unknown, durationMs: number, options: RunnerOptions): Error {
  const attempts = bullJob.opts.attempts ?? 1
  const permanent = options.isPermanent(error)
  const willRetry = !permanent && attempt < attempts
  const fields = { job: job.name, jobId: idOf(bullJob), attempt, attempts, err: error }
  if (willRetry) options.log.warn(fields, 'job failed and will be tried again')
  else options.log.error(fields, permanent ? 'job failed for good: a retry cannot help' : 'job failed for good: no try left')
  options.onRun({ job: job.name, outcome: willRetry ? 'retried' : 'failed', durationMs })
  const message = error instanceof Error ? error.message : String(error)
  if (permanent) return Object.assign(new UnrecoverableError(message), { cause: error })
  return error instanceof Error ? error : new Error(message)
}
