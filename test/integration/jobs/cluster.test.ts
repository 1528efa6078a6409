import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import pg from 'pg'
import t, { type Test } from 'tap'
import { bindJob, defineJob, type JobContext } from '../../../src/platform/jobs/jobs.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { redisSkip, startTestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { gate, onBothBackends, openJobs, type Store } from './support.ts'
import { task } from './task.ts'

const HOUR_MS = 3_600_000
const program = path.resolve(import.meta.dirname, 'worker-process.ts')

/** Another process with workers, and the jobs it has started. */
function startProcess(t: Test, store: Store): { child: ChildProcess; started: string[] } {
  const child = spawn(process.execPath, [program, JSON.stringify(store)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const started: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => started.push(line))
  return { child, started }
}

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

onBothBackends('a repeated job runs once per tick in the whole cluster', async (t, store) => {
  const every = 100
  const ticks: string[] = []
  const handler = async (_payload: object, { jobId }: JobContext) => void ticks.push(jobId)
  const processes = [1, 2, 3].map(() => openJobs(t, store, [task]).jobs)
  await Promise.all(processes.map((jobs) => jobs.startWorkers([bindJob(task, handler)])))
  await Promise.all(processes.map((jobs) => jobs.repeat(task, { what: 'tick' }, every)))
  await until(() => ticks.length >= 12)
  // The id of a tick ends in the time for which it was planned.
  const planned = ticks.map((id) => Number(id.split(':').at(-1))).toSorted((a, b) => a - b)
  t.equal(new Set(planned).size, planned.length, 'no tick twice')
  const gaps = planned.slice(1).map((time, index) => time - (planned[index] ?? 0))
  // Three processes that all create the schedule may each start it at once; from then on there is one.
  t.ok(
    gaps.slice(3).every((gap) => gap >= every / 2),
    `one schedule, not three: ${gaps}`,
  )
})

onBothBackends('a job of a killed process is done by another', async (t, store) => {
  const done: JobContext[] = []
  const { jobs, entries } = openJobs(t, store, [task])
  await jobs.add(task, { what: 'hang' }, { jobId: 'x' })
  const { child, started } = startProcess(t, store)
  await until(() => started.includes('hang'), { timeoutMs: 30_000 })
  child.kill('SIGKILL')
  await once(child, 'close')
  const handler = async ({ what }: { what: string }, context: JobContext) => {
    if (what === 'hang') done.push(context)
  }
  await jobs.startWorkers([bindJob(task, handler)])
  await until(() => done.length > 0, { timeoutMs: 30_000 })
  t.equal(done[0]?.jobId, 'x')
  t.equal(done[0]?.attempt, 1, 'the kill costs no try')
  t.match(
    entries.filter(({ message }) => message.includes('the worker of a job is gone')),
    [{ level: 'warn', job: 'task.do' }],
  )
})

onBothBackends('after close nothing keeps the process alive', async (t, store) => {
  const { jobs } = openJobs(t, store, [task])
  const { child, started } = startProcess(t, store)
  await until(() => started.includes('tick'), { timeoutMs: 30_000 })
  const ended = once(child, 'exit')
  await jobs.add(task, { what: 'leave' })
  t.strictSame(await ended, [0, null])
})

onBothBackends('close waits for the running job and takes no other', async (t, store) => {
  const narrow = defineJob<{ what: string }>('task.narrow', { concurrency: 1, attempts: 1, backoffMs: 0 })
  const done: string[] = []
  const { opened, open } = gate()
  const entered = gate()
  const first = openJobs(t, store, [narrow])
  const handler = async ({ what }: { what: string }) => {
    entered.open()
    await opened
    done.push(what)
  }
  await first.jobs.startWorkers([bindJob(narrow, handler)])
  await first.jobs.addMany(narrow, [{ payload: { what: 'a' } }, { payload: { what: 'b' } }])
  await entered.opened
  const closed = first.jobs.close(20_000)
  t.equal(first.jobs.close(1), closed, 'closing again is the same close')
  await t.rejects(first.jobs.add(narrow, { what: 'c' }), { code: 'JOBS_UNAVAILABLE' })
  open()
  await closed
  t.strictSame(done, ['a'])
  const second = openJobs(t, store, [narrow])
  t.strictSame(await second.jobs.counts(), { 'task.narrow': { waiting: 1, active: 0, delayed: 0, failed: 0 } })
})

onBothBackends('what does not end in time is aborted and goes to another process', async (t, store) => {
  const { opened, open } = gate()
  const first = openJobs(t, store, [task])
  const waiting = async (_payload: object, { signal }: JobContext) => {
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(new Error('aborted')))
    open()
    await promise
  }
  await first.jobs.startWorkers([bindJob(task, waiting)])
  await first.jobs.add(task, { what: 'long' })
  await opened
  await first.jobs.close(10)
  t.strictSame(first.entries, [], 'being interrupted is no failure')
  const attempts: number[] = []
  const second = openJobs(t, store, [task], { recovery: { lockMs: HOUR_MS, checkMs: HOUR_MS } })
  await second.jobs.startWorkers([bindJob(task, async (_payload, { attempt }) => void attempts.push(attempt))])
  await until(() => attempts.length > 0, { message: 'the job, handed back and not left to be recovered' })
  t.strictSame(attempts, [1])
})

onBothBackends('a handler that never ends does not hold up close', async (t, store) => {
  const { opened, open } = gate()
  const { jobs, entries } = openJobs(t, store, [task])
  const stuck = () => {
    open()
    return new Promise<void>(() => undefined)
  }
  await jobs.startWorkers([bindJob(task, stuck)])
  await jobs.add(task, { what: 'stuck' })
  await opened
  await jobs.close(10)
  t.match(entries, [{ level: 'warn', left: 1 }])
})

t.test('a schedule that the backend lost comes back (Redis)', { skip: redisSkip }, async (t) => {
  const { url } = await startTestRedis(t)
  const client = new Redis(url)
  t.teardown(() => client.disconnect())
  await heals(t, { redisUrl: url, databaseUrl: '', prefix: 'parley' }, () => client.flushall())
})

t.test('a schedule that the backend lost comes back (PostgreSQL)', async (t) => {
  const { url } = await createTestDatabase(t)
  await heals(t, { databaseUrl: url, prefix: 'parley' }, () => query(url, 'truncate bullmq.job, bullmq.scheduler cascade'))
})

async function heals(t: Test, store: Store, lose: () => Promise<unknown>): Promise<void> {
  let ticks = 0
  const { jobs, entries } = openJobs(t, store, [task], { healEveryMs: 50 })
  await jobs.startWorkers([bindJob(task, async () => void ticks++)])
  await jobs.repeat(task, { what: 'tick' }, HOUR_MS)
  await until(() => ticks === 1)
  await until(async () => (await jobs.counts())['task.do']?.delayed === 1)
  await lose()
  await until(() => ticks === 2)
  t.ok(entries.some(({ message }) => message.includes('schedule of a repeated job was lost')))
}

t.test('many processes may create the tables at once, and each needs few connections', async (t) => {
  const { url } = await createTestDatabase(t)
  const definitions = Array.from({ length: 12 }, (_, index) =>
    defineJob<{ what: string }>(`task.number${index}`, { concurrency: 5, attempts: 1, backoffMs: 0 }),
  )
  const processes = Array.from({ length: 6 }, () => openJobs(t, { databaseUrl: url, prefix: 'parley' }, definitions).jobs)
  await Promise.all(processes.map((jobs) => jobs.health()))
  for (const jobs of processes.slice(1)) await jobs.close(0)
  const [jobs] = processes
  if (!jobs) throw new Error('no process')
  let done = 0
  await jobs.startWorkers(definitions.map((job) => bindJob(job, async () => void done++)))
  const items = Array.from({ length: 20 }, () => ({ payload: { what: 'x' } }))
  await Promise.all(definitions.map((job) => jobs.addMany(job, items)))
  await until(() => done === 240)
  const sql = "select from pg_stat_activity where datname = current_database() and application_name = 'parley jobs'"
  const { rowCount } = await query(url, sql)
  t.ok((rowCount ?? 99) <= 5, `${rowCount} connections`)
})
