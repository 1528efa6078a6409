import type { BackendFactory, IQueueBackend } from 'bullmq'

/** Where the jobs live. One per process; queues and workers share its connections. */
export interface JobsBackend {
  /** Passed to every Queue and Worker as their last constructor argument. */
  readonly factory: BackendFactory<IQueueBackend, unknown>
  /** Seconds an idle worker waits before it looks for jobs unasked; new and due jobs wake it at once. */
  readonly idleWaitS: number
  /** Resolves when the store answers. */
  ping(): Promise<void>
  /** Closes all connections, after queues and workers; cuts them off when `force`. */
  close(force: boolean): Promise<void>
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT', // the Unix socket of a PostgreSQL that is down
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  '57P01', // PostgreSQL: admin_shutdown, crash_shutdown, cannot_connect_now
  '57P02',
  '57P03',
])
const CONNECTION_MESSAGES =
  /connection terminated|connection error|timeout exceeded when trying to connect|connection is closed|isn't writeable|max retries per request|command timed out|not queryable/i

/** True when an error of pg or ioredis means that the server could not be reached, not that it refused a statement. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'ConnectionClosedError') return true // BullMQ's own
  const code = 'code' in error ? String(error.code) : ''
  if (CONNECTION_CODES.has(code) || code.startsWith('08')) return true
  if (error instanceof AggregateError) return error.errors.some(isConnectionError)
  return CONNECTION_MESSAGES.test(error.message)
}

/** Reports an error that nobody awaits: of a connection, a worker's loop, a schedule. */
export type ReportError = (error: unknown, details?: object) => void

/** Waits at most `ms` milliseconds for a promise, then rejects with what `onTimeout` makes; the promise goes on unheard. */
export function withDeadline<T>(promise: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
