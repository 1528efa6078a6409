import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createJobs, type Job, type JobRun, type Jobs, type JobsOptions } from '../../../src/platform/jobs/jobs.ts'
import type { Logger } from '../../../src/platform/log.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { sharedRedisSkip, sharedRedisUrl } from '../../helpers/redis.ts'

/** Where the jobs of one test live; what `createJobs` wants to know of it. */
export interface Store {
  readonly databaseUrl: string
  readonly redisUrl?: string
  readonly prefix: string
}

export interface Entry {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

/** A log that keeps what it is told. */
export function keepLog(): { log: Logger; entries: Entry[] } {
  const entries: Entry[] = []
  const at = (level: string) => (fields: object, message: string) => void entries.push({ ...fields, level, message })
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log }
  return { log, entries }
}

/** Times at which a test does not grow old. */
export const quickRecovery = { lockMs: 1_000, checkMs: 300 }

/** Runs the same test on both backends, each with a store of its own. */
export function onBothBackends(name: string, body: (t: Test, store: Store) => Promise<void>): void {
  void t.test(`${name} (PostgreSQL)`, async (t) => {
    const { url } = await createTestDatabase(t)
    await body(t, { databaseUrl: url, prefix: 'parley' })
  })
  void t.test(`${name} (Redis)`, { skip: sharedRedisSkip }, async (t) => {
    const redisUrl = await sharedRedisUrl(t)
    await body(t, { databaseUrl: 'postgresql://unused', redisUrl, prefix: `test-${randomUUID()}` })
  })
}

/** One process's jobs, closed at the test's end, with all that it logged and all runs it told of. */
export function openJobs(
  t: Test,
  store: Store,
  jobs: readonly Job<unknown>[],
  options: Partial<JobsOptions> = {},
): { jobs: Jobs; entries: Entry[]; runs: JobRun[] } {
  const { log, entries } = keepLog()
  const runs: JobRun[] = []
  const opened = createJobs({ ...store, jobs, log, recovery: quickRecovery, onRun: (run) => runs.push(run), ...options })
  t.teardown(() => opened.close(0))
  return { jobs: opened, entries, runs }
}

/** A promise to be settled from outside. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
