import { AppError } from '../errors.ts'

/** How a job is worked off; see `defineJob`. */
export interface JobSettings {
  /** Jobs of this name that one process works on at the same time. */
  readonly concurrency: number
  /** Tries before the job counts as failed; 1 = never retried. */
  readonly attempts: number
  /** Milliseconds before the second try; doubles with each further try, with jitter. */
  readonly backoffMs: number
}

/** A typed token for a kind of job; made by `defineJob`. `P` is the payload, which must survive JSON. */
export interface Job<P> extends JobSettings {
  /** 'noun.verb'; also the name of the job's queue. */
  readonly name: string
  /** Never set: carries the payload's type from the token to `add` and to the handler. */
  readonly payload?: P
}

/** What a handler knows of the run it is in. */
export interface JobContext {
  /** 1 for the first try. A job taken over from a killed process keeps the number of its try. */
  readonly attempt: number
  /** The id given to `add`, else one that is stable over all tries of the job. */
  readonly jobId: string
  /** Aborted when the process shuts down and cannot wait longer, or when another worker has taken the job over. */
  readonly signal: AbortSignal
}

/**
 * Does a job. Called **at least once** per job: a process that dies after the work and before the record of it makes
 * another worker do the job again, so handlers must be idempotent. Throwing means a retry, or the end of the job when
 * `isPermanent` says so or no try is left.
 */
export type JobHandler<P> = (payload: P, context: JobContext) => Promise<void>

/** A job with its handler; made by `bindJob`, which checks that their payloads agree. */
export type JobBinding = readonly [job: Job<unknown>, handler: JobHandler<never>]

/** When and under which id a job runs. */
export interface AddOptions {
  /** Milliseconds until the job may start; absent or 0 = at once. */
  readonly delayMs?: number
  /**
   * At most one job of this name and id is pending. Adding it again
   * - while it is delayed (also between two tries) replaces it: new payload, new time, tries start again;
   * - while it waits for a worker does nothing;
   * - while it runs makes it run once more afterwards, with the newest payload and delay.
   * An id that has finished or failed may be used again. Letters, digits and `._-` only, at most 200 characters.
   */
  readonly jobId?: string
}

/** Numbers of jobs of one name by state. */
export interface JobCounts {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly failed: number
}

/** The end of one try, for metrics. */
export interface JobRun {
  readonly job: string
  readonly outcome: 'completed' | 'retried' | 'failed'
  readonly durationMs: number
}

/** Background jobs of the whole cluster, on Redis or PostgreSQL. */
export interface Jobs {
  /** Stores a job. Rejects with `JobsUnavailableError` within about 5 s when the backend cannot be reached. */
  add<P extends object>(job: Job<P>, payload: P, options?: AddOptions): Promise<void>
  /** Stores many jobs of one kind in one round trip; rejects like `add`. */
  addMany<P extends object>(job: Job<P>, items: readonly (AddOptions & { readonly payload: P })[]): Promise<void>
  /**
   * Runs a job every `everyMs` milliseconds, once in the whole cluster however many processes ask for it; the first run
   * is due at once. A failed run is not retried, the next one comes anyway. The schedule heals itself when the backend
   * loses it (FLUSHALL). Rejects like `add`.
   */
  repeat<P extends object>(job: Job<P>, payload: P, everyMs: number): Promise<void>
  /** Starts a worker per job. Throws when a defined job has no handler or a handler no defined job. */
  startWorkers(bindings: Iterable<JobBinding>): Promise<void>
  /** Counts by job name, for metrics. */
  counts(): Promise<Record<string, JobCounts>>
  /** Resolves when the backend answers, else rejects with `JobsUnavailableError` within about 5 s. */
  health(): Promise<void>
  /**
   * Takes no new jobs, waits up to `deadlineMs` for running ones, then aborts their signals, gives them one more second
   * and leaves the rest to be redone by another process; closes all connections. Safe to call twice.
   */
  close(deadlineMs: number): Promise<void>
}

/** The jobs' backend cannot be reached or does not answer; the caller may leave the job to its sweeper. */
export class JobsUnavailableError extends AppError {
  constructor(message: string, cause?: unknown) {
    super('JOBS_UNAVAILABLE', 503, message, { cause })
    this.name = 'JobsUnavailableError'
  }
}
