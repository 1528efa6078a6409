import type { Logger } from '../log.ts'
import { isConnectionError, withDeadline } from './backend.ts'
import { createErrorReport } from './error-report.ts'
import { addOptions, isPermanentError } from './job-options.ts'
import { ANSWER_DEADLINE_MS, type JobQueues, openQueues, type Queue, RECOVERY_TIMES, type RecoveryTimes } from './job-queues.ts'
import {
  type AddOptions,
  type Job,
  type JobBinding,
  type JobCounts,
  type JobHandler,
  type JobRun,
  type JobSettings,
  type Jobs,
  JobsUnavailableError,
} from './jobs.types.ts'
import { healRepeat, type Repeat, upsertRepeat } from './repeats.ts'
import { WorkerPool } from './worker-pool.ts'

export { isPermanentError } from './job-options.ts'
export type * from './jobs.types.ts'
export { JobsUnavailableError } from './jobs.types.ts'

/** What `createJobs` needs. */
export interface JobsOptions {
  /** Every job of the product; a worker starts only when each has its handler. */
  readonly jobs: readonly Job<unknown>[]
  /** Redis when given, else PostgreSQL. */
  readonly redisUrl?: string | undefined
  /** PostgreSQL; BullMQ keeps its tables in the schema `bullmq`. */
  readonly databaseUrl: string
  /** Keeps several installations on one Redis apart. */
  readonly prefix?: string
  readonly log: Logger
  /** Whether a retry cannot help; `isPermanentError` unless given. */
  readonly isPermanent?: (error: unknown) => boolean
  /** Told of the end of every try, for metrics. */
  readonly onRun?: (run: JobRun) => void
  /** When a killed process's jobs are taken over, in milliseconds. */
  readonly recovery?: RecoveryTimes
  /** How often lost schedules are looked for, in milliseconds. */
  readonly healEveryMs?: number
}

/**
 * Defines a kind of job. Does no work: the token is what `add`, `repeat` and `bindJob` take.
 * @param name 'noun.verb' in lower case
 * @throws RangeError for a name or setting that cannot work
 */
export function defineJob<P extends object>(name: string, settings: JobSettings): Job<P> {
  if (!/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/.test(name)) throw new RangeError(`"${name}" is no name for a job: use noun.verb`)
  const { concurrency, attempts, backoffMs } = settings
  for (const [what, value] of Object.entries({ concurrency, attempts })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`Job ${name}: ${what} must be a whole number from 1, not ${value}`)
  }
  if (!(backoffMs >= 0)) throw new RangeError(`Job ${name}: backoffMs must be 0 or more, not ${backoffMs}`)
  return { name, concurrency, attempts, backoffMs }
}

/** Ties a job to its handler; the compiler checks that both mean the same payload. */
export function bindJob<P extends object>(job: Job<P>, handler: JobHandler<P>): JobBinding {
  return [job, handler]
}

/** Makes the jobs of this process. Connects at the first use, so that a backend that is down at start is no obstacle to reading. */
export function createJobs(options: JobsOptions): Jobs {
  return new BullJobs(options)
}

class BullJobs implements Jobs {
  readonly #options: JobsOptions
  readonly #report
  readonly #repeats = new Map<string, Repeat>()
  #opening: Promise<JobQueues> | undefined
  #workers: WorkerPool | undefined
  #healing: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  constructor(options: JobsOptions) {
    const names = new Set(options.jobs.map((job) => job.name))
    if (names.size < options.jobs.length) throw new Error('Two jobs have the same name')
    this.#options = options
    this.#report = createErrorReport(options.log)
  }

  add<P extends object>(job: Job<P>, payload: P, options: AddOptions = {}): Promise<void> {
    return this.#ask(job, (queue) => queue.add(job.name, payload, addOptions(job, options)))
  }

  addMany<P extends object>(job: Job<P>, items: readonly (AddOptions & { readonly payload: P })[]): Promise<void> {
    if (items.length === 0) return Promise.resolve()
    return this.#ask(job, (queue) =>
      queue.addBulk(items.map(({ payload, ...options }) => ({ name: job.name, data: payload, opts: addOptions(job, options) }))),
    )
  }

  async repeat<P extends object>(job: Job<P>, payload: P, everyMs: number): Promise<void> {
    if (!Number.isInteger(everyMs) || everyMs < 1) throw new RangeError(`Job ${job.name}: everyMs must be a whole number from 1`)
    const repeat = { job, payload, everyMs }
    this.#repeats.set(job.name, repeat) // also when the backend is down now: healing creates it later
    this.#healing ??= setInterval(() => void this.#heal(), this.#options.healEveryMs ?? 30_000).unref()
    await this.#ask(job, (queue) => upsertRepeat(queue, repeat))
  }

  async startWorkers(bindings: Iterable<JobBinding>): Promise<void> {
    if (this.#workers) throw new Error('The workers of this process have already started')
    const handlers = new Map<string, JobBinding>()
    for (const binding of bindings) {
      if (handlers.has(binding[0].name)) throw new Error(`Two handlers for job "${binding[0].name}"`)
      handlers.set(binding[0].name, binding)
    }
    const defined = new Set(this.#options.jobs.map((job) => job.name))
    for (const name of defined) if (!handlers.has(name)) throw new Error(`No handler for job "${name}"`)
    for (const name of handlers.keys()) if (!defined.has(name)) throw new Error(`A handler for "${name}", which is no defined job`)
    const { backend } = await this.#open()
    this.#workers = new WorkerPool({
      backend,
      recovery: this.#options.recovery ?? RECOVERY_TIMES,
      report: this.#report,
      log: this.#options.log,
      isPermanent: this.#options.isPermanent ?? isPermanentError,
      onRun: this.#options.onRun ?? (() => undefined),
    })
    await this.#workers.start([...handlers.values()])
  }

  async counts(): Promise<Record<string, JobCounts>> {
    const counts: Record<string, JobCounts> = {}
    const read = async (job: Job<unknown>) => {
      await this.#ask(job, async (queue) => {
        const { waiting = 0, active = 0, delayed = 0, failed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed')
        counts[job.name] = { waiting, active, delayed, failed }
      })
    }
    await Promise.all(this.#options.jobs.map(read))
    return counts
  }

  async health(): Promise<void> {
    await this.#answered(this.#open().then(({ backend }) => backend.ping()))
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<void> {
    clearInterval(this.#healing)
    const finished = (await this.#workers?.close(deadlineMs)) ?? true
    if (!this.#opening) return
    let opened: JobQueues
    try {
      opened = await this.#opening
    } catch {
      return // it never opened, so nothing is left to close; whoever asked for it has the error
    }
    const { backend, queues } = opened
    await Promise.all([...queues.values()].map((queue) => queue.close()))
    await backend.close(!finished)
  }

  /** Opens the backend once; a failed attempt is forgotten, so that the next wish tries again. */
  #open(): Promise<JobQueues> {
    if (this.#closing) return Promise.reject(new JobsUnavailableError('The jobs are closed'))
    if (!this.#opening) {
      const { jobs, redisUrl, databaseUrl, prefix = 'parley' } = this.#options
      const opening = openQueues(jobs, { redisUrl, databaseUrl, prefix }, this.#report)
      this.#opening = opening
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined
      })
    }
    return this.#opening
  }

  async #ask(job: Job<unknown>, wish: (queue: Queue) => Promise<unknown>): Promise<void> {
    const work = this.#open().then(({ queues }) => {
      const queue = queues.get(job.name)
      if (!queue) throw new Error(`Job "${job.name}" is not among the jobs given to createJobs`)
      return wish(queue)
    })
    await this.#answered(work)
  }

  async #answered(work: Promise<unknown>): Promise<void> {
    try {
      await withDeadline(work, ANSWER_DEADLINE_MS, () => new JobsUnavailableError('The job backend does not answer'))
    } catch (error) {
      if (isConnectionError(error)) throw new JobsUnavailableError('The job backend cannot be reached', error)
      throw error
    }
  }

  async #heal(): Promise<void> {
    for (const repeat of this.#repeats.values()) {
      try {
        await this.#ask(repeat.job, async (queue) => {
          const healed = await healRepeat(queue, repeat, Date.now())
          if (healed) this.#options.log.warn({ job: repeat.job.name }, 'the schedule of a repeated job was lost and is back')
        })
      } catch (error) {
        this.#report(error, { job: repeat.job.name }) // nobody awaits the timer; the next look tries again
      }
    }
  }
}
