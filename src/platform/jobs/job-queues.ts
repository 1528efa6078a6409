import { Queue as BullQueue, Worker as BullWorker, type IQueueBackend, type JobProgress } from 'bullmq'
import { type JobsBackend, type ReportError, withDeadline } from './backend.ts'
import type { Processor } from './job-runner.ts'
import { type Job, JobsUnavailableError } from './jobs.types.ts'
import { openPostgresBackend } from './postgres-backend.ts'
import { openRedisBackend } from './redis-backend.ts'

export type Queue = BullQueue<object, void, string, object, void, string, IQueueBackend, unknown>
export type Worker = BullWorker<object, void, string, IQueueBackend, JobProgress, unknown>

/** How long any single wish may wait for the backend. */
export const ANSWER_DEADLINE_MS = 5_000

/** Times by which a killed process is noticed, in milliseconds. */
export interface RecoveryTimes {
  /** A job belongs to its worker this long; renewed twice in that time while the worker lives. */
  readonly lockMs: number
  /** How often the workers look for jobs whose lock has run out. */
  readonly checkMs: number
}

/**
 * A job of a killed process starts again 10 to 20 s later: its lock runs out after at most 10 s, and BullMQ takes a job
 * away on the second look at an expired lock. Shorter locks would take jobs from a process that only stalls for a while.
 */
export const RECOVERY_TIMES: RecoveryTimes = { lockMs: 10_000, checkMs: 5_000 }

/**
 * A job that has taken this many processes down with it is itself the cause and fails. BullMQ's own limit of 1 would
 * fail jobs that merely saw two deployments.
 */
const MAX_STALLED = 5

/** BullMQ's stream of events, which nothing here reads; kept as short as it can be. */
const MAX_EVENTS = 100

/** The open connections, and the queue of each job by name. */
export interface JobQueues {
  readonly backend: JobsBackend
  readonly queues: ReadonlyMap<string, Queue>
}

/** Where jobs are kept. */
export interface JobsStore {
  readonly redisUrl?: string | undefined
  readonly databaseUrl: string
  readonly prefix: string
}

/**
 * Connects and makes the queues; all or nothing, so that a failed attempt can simply be repeated.
 * @throws JobsUnavailableError when the backend cannot be reached
 */
export async function openQueues(jobs: readonly Job<unknown>[], store: JobsStore, report: ReportError): Promise<JobQueues> {
  let backend: JobsBackend | undefined
  try {
    backend = store.redisUrl
      ? await openRedisBackend(store.redisUrl, store.prefix, report)
      : await openPostgresBackend(store.databaseUrl, report)
    const queues = new Map<string, Queue>()
    for (const job of jobs) {
      const queue: Queue = new BullQueue(job.name, { connection: undefined, streams: { events: { maxLen: MAX_EVENTS } } }, backend.factory)
      queue.on('error', (error) => report(error, { job: job.name }))
      queues.set(job.name, queue)
    }
    const ready = Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()))
    await withDeadline(ready, ANSWER_DEADLINE_MS, () => new Error('the job queues did not become ready in time'))
    return { backend, queues }
  } catch (error) {
    await backend?.close(true)
    throw new JobsUnavailableError('The job backend cannot be reached', error)
  }
}

/**
 * Starts the worker of one job and resolves when it takes jobs.
 * @throws JobsUnavailableError when the backend does not answer in time
 */
export async function startWorker(
  job: Job<unknown>,
  processor: Processor,
  backend: JobsBackend,
  times: RecoveryTimes,
  report: ReportError,
): Promise<Worker> {
  const worker: Worker = new BullWorker(
    job.name,
    processor,
    {
      connection: {}, // the factory brings its own
      concurrency: job.concurrency,
      autorun: false,
      lockDuration: times.lockMs,
      stalledInterval: times.checkMs,
      maxStalledCount: MAX_STALLED,
      drainDelay: backend.idleWaitS,
      runRetryDelay: 1_000, // BullMQ's 15 s would be the pause after every short outage
    },
    backend.factory,
  )
  worker.on('error', (error) => report(error, { job: job.name }))
  // Another worker may already have the job: this one should stop.
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'the lock on the job is lost')
  })
  try {
    const timeout = () => new JobsUnavailableError('The job backend does not answer')
    await withDeadline(worker.waitUntilReady(), ANSWER_DEADLINE_MS, timeout)
  } catch (error) {
    await worker.close(true)
    throw error
  }
  worker.run().catch((error: unknown) => report(error, { job: job.name }))
  return worker
}
