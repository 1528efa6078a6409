import type { Logger } from '../log.ts'
import { type JobsBackend, type ReportError, withDeadline } from './backend.ts'
import { type RecoveryTimes, startWorker, type Worker } from './job-queues.ts'
import { createRunner, type RunnerState } from './job-runner.ts'
import type { JobBinding, JobRun } from './jobs.types.ts'

/** After the deadline: time for aborted handlers to end and hand their jobs back, in milliseconds. */
const GRACE_MS = 1_000

/** Time for the workers to record what has just ended, in milliseconds. */
const RECORD_MS = 2_000

/** What the workers need. */
export interface WorkerPoolOptions {
  readonly backend: JobsBackend
  readonly recovery: RecoveryTimes
  readonly report: ReportError
  readonly log: Logger
  readonly isPermanent: (error: unknown) => boolean
  readonly onRun: (run: JobRun) => void
}

/** The workers of this process, one per job. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #state: RunnerState = { stopping: false, running: new Set() }
  readonly #workers: Worker[] = []

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** Starts a worker per binding; none is left running when one cannot start. */
  async start(bindings: readonly JobBinding[]): Promise<void> {
    try {
      for (const binding of bindings) this.#workers.push(await this.#start(binding))
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  /**
   * Stops taking jobs, waits up to `deadlineMs`, then aborts what runs. Resolves to whether all
   * work ended and is recorded.
   */
  async close(deadlineMs: number): Promise<boolean> {
    this.#state.stopping = true
    await Promise.all(this.#workers.map((worker) => worker.pause(true)))
    if (!(await this.#idle(deadlineMs))) {
      for (const worker of this.#workers) worker.cancelAllJobs('the process is shutting down')
      await this.#idle(GRACE_MS)
    }
    const left = this.#state.running.size
    if (left > 0) this.#options.log.warn({ left }, 'jobs still run at the end of the deadline; another process will do them again')
    const force = left > 0 || !(await this.#reachable())
    const closing = Promise.all(this.#workers.map((worker) => worker.close(force)))
    try {
      await withDeadline(closing, RECORD_MS, () => new Error('the workers did not close in time'))
      return !force
    } catch (error) {
      this.#options.report(error) // the connections are cut off next, which ends the workers
      return false
    }
  }

  async #start([job, handler]: JobBinding): Promise<Worker> {
    const { backend, recovery, report, log, isPermanent, onRun } = this.#options
    const runner = createRunner(job, handler, { log, state: this.#state, isPermanent, onRun })
    const worker = await startWorker(job, runner, backend, recovery, report)
    worker.on('stalled', (jobId) => log.warn({ job: job.name, jobId }, 'the worker of a job is gone; the job starts again'))
    worker.on('failed', (bullJob, error) => {
      // The runner has logged what a handler threw; this job ended without one.
      if (bullJob?.deferredFailure) log.error({ job: job.name, jobId: bullJob.id, err: error }, 'job failed for good')
    })
    return worker
  }

  /** BullMQ closes a worker gently only while the backend answers; else it waits for ever. */
  async #reachable(): Promise<boolean> {
    try {
      await withDeadline(this.#options.backend.ping(), GRACE_MS, () => new Error('the job backend does not answer'))
      return true
    } catch (error) {
      this.#options.report(error)
      return false
    }
  }

  /** Whether all handlers ended within `ms` milliseconds. */
  async #idle(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([Promise.all(this.#state.running), timeout])
    clearTimeout(timer)
    return this.#state.running.size === 0
  }
}
