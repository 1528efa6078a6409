import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { bindJob } from '../../../src/platform/jobs/jobs.ts'
import { startEmbeddedPostgres } from '../../../src/platform/postgres/embedded-postgres.ts'
import { redisSkip, startTestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { gate, openJobs, quickRecovery, type Store } from './support.ts'
import { task } from './task.ts'

/** A backend that can be taken away and given back. */
interface Backend {
  readonly store: Store
  stop(): Promise<void>
  start(): Promise<void>
}

async function postgres(t: Test): Promise<Backend> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-jobs-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const launch = () => startEmbeddedPostgres({ dataDir, fsync: false, log: () => undefined })
  let server = await launch()
  t.teardown(() => server.stop())
  return {
    store: { databaseUrl: server.url, prefix: 'parley' },
    stop: () => server.stop(),
    async start() {
      server = await launch()
    },
  }
}

async function redis(t: Test): Promise<Backend> {
  const server = await startTestRedis(t)
  return { store: { redisUrl: server.url, databaseUrl: 'postgresql://unused', prefix: 'parley' }, stop: server.stop, start: server.start }
}

/** A job can be added and done, however often the first tries are refused. */
async function worksAgain(add: () => Promise<void>, done: () => boolean): Promise<void> {
  const added = async () => {
    try {
      await add()
      return true
    } catch {
      return false // not back yet
    }
  }
  await until(added, { timeoutMs: 30_000, everyMs: 100 })
  await until(done, { timeoutMs: 30_000 })
}

async function survivesRestart(t: Test, backend: Backend): Promise<void> {
  const done: string[] = []
  const { opened, open } = gate()
  const entered = gate()
  const { jobs, entries } = openJobs(t, backend.store, [task])
  const handler = async ({ what }: { what: string }) => {
    if (what === 'during') {
      entered.open()
      await opened
    }
    done.push(what)
  }
  await jobs.startWorkers([bindJob(task, handler)])
  await jobs.add(task, { what: 'before' })
  await until(() => done.includes('before'))
  await jobs.add(task, { what: 'during' })
  await entered.opened

  await backend.stop()
  await t.rejects(jobs.add(task, { what: 'lost' }), { code: 'JOBS_UNAVAILABLE', status: 503 }, 'refused, not kept waiting')
  await t.rejects(jobs.health(), { code: 'JOBS_UNAVAILABLE' })
  open() // a job that ends while there is nobody to tell
  await until(() => done.includes('during'))
  await backend.start()

  await worksAgain(
    () => jobs.add(task, { what: 'after' }, { jobId: 'after', delayMs: 10 }),
    () => done.includes('after'),
  )
  await jobs.health()
  t.notOk(done.includes('lost'))
  t.ok(entries.length < 10, `an outage is not told again and again: ${entries.length}`)
}

t.test('workers and callers survive a restart of PostgreSQL', async (t) => survivesRestart(t, await postgres(t)))

t.test('workers and callers survive a restart of Redis', { skip: redisSkip }, async (t) => survivesRestart(t, await redis(t)))

t.test('PostgreSQL keeps what waits, what is delayed and what was at work', async (t) => {
  const backend = await postgres(t)
  const done: string[] = []
  const { opened, open } = gate()
  const first = openJobs(t, backend.store, [task])
  const neverEnds = () => {
    open()
    return new Promise<void>(() => undefined)
  }
  await first.jobs.startWorkers([bindJob(task, neverEnds)])
  await first.jobs.add(task, { what: 'at work' })
  await opened
  await first.jobs.close(0)
  const adding = openJobs(t, backend.store, [task])
  await adding.jobs.add(task, { what: 'waiting' })
  await adding.jobs.add(task, { what: 'delayed' }, { delayMs: 100 })
  await backend.stop()
  await backend.start()
  const second = openJobs(t, backend.store, [task], { recovery: quickRecovery })
  await second.jobs.startWorkers([bindJob(task, async ({ what }) => void done.push(what))])
  await until(() => done.length === 3)
  t.strictSame(done.toSorted(), ['at work', 'delayed', 'waiting'])
})

t.test('a backend that is down at the start is refused, and used once it is there', { skip: redisSkip }, async (t) => {
  const backend = await redis(t)
  await backend.stop()
  const done: string[] = []
  const { jobs } = openJobs(t, backend.store, [task])
  const binding = bindJob(task, async ({ what }) => void done.push(what))
  await t.rejects(jobs.add(task, { what: 'lost' }), { code: 'JOBS_UNAVAILABLE' })
  await t.rejects(jobs.startWorkers([binding]), { code: 'JOBS_UNAVAILABLE' })
  await backend.start()
  await jobs.startWorkers([binding])
  await jobs.add(task, { what: 'x' })
  await until(() => done.length === 1)
})

t.test('close does not hang on a backend that is down', { skip: redisSkip }, async (t) => {
  const backend = await redis(t)
  const { jobs } = openJobs(t, backend.store, [task])
  await jobs.startWorkers([bindJob(task, async () => undefined)])
  await backend.stop()
  await jobs.close(10)
  t.pass('closed')
})
