import t from 'tap'
import { AppError } from '../../../src/platform/errors.ts'
import { bindJob, createJobs, defineJob, type JobContext } from '../../../src/platform/jobs/jobs.ts'
import { until } from '../../helpers/until.ts'
import { gate, keepLog, onBothBackends, openJobs } from './support.ts'

interface Payload {
  readonly chatId: string
}

const wake = defineJob<Payload>('chat.wake', { concurrency: 5, attempts: 3, backoffMs: 20 })
const HOUR_MS = 3_600_000

onBothBackends('a job runs with its payload, at once or when it is due', async (t, store) => {
  const seen: { payload: Payload; context: JobContext; at: number }[] = []
  const { jobs } = openJobs(t, store, [wake])
  await jobs.startWorkers([bindJob(wake, async (payload, context) => void seen.push({ payload, context, at: Date.now() }))])
  const addedAt = Date.now()
  await jobs.add(wake, { chatId: 'later' }, { delayMs: 300, jobId: 'chat-7' })
  await jobs.add(wake, { chatId: 'now' })
  await jobs.add(wake, { chatId: 'in an hour' }, { delayMs: HOUR_MS })
  await until(() => seen.length === 2)
  t.strictSame(
    seen.map(({ payload }) => payload.chatId),
    ['now', 'later'],
  )
  const later = seen[1]
  t.ok(later && later.at - addedAt >= 300, 'not before it is due')
  t.equal(later?.context.jobId, 'chat-7')
  t.equal(later?.context.attempt, 1)
  const counts = () => jobs.counts().then((all) => all[wake.name])
  await until(async () => (await counts())?.active === 0)
  t.strictSame(await counts(), { waiting: 0, active: 0, delayed: 1, failed: 0 })
})

onBothBackends('many jobs are added in one go', async (t, store) => {
  const seen: string[] = []
  const { jobs } = openJobs(t, store, [wake])
  await jobs.startWorkers([bindJob(wake, async ({ chatId }) => void seen.push(chatId))])
  await jobs.addMany(wake, [])
  await jobs.addMany(wake, [
    { payload: { chatId: 'a' } },
    { payload: { chatId: 'b' }, delayMs: 50 },
    { payload: { chatId: 'c' }, jobId: 'same', delayMs: 50 },
    { payload: { chatId: 'd' }, jobId: 'same', delayMs: 50 },
  ])
  await until(() => seen.length === 3)
  t.strictSame(seen.toSorted(), ['a', 'b', 'd'])
})

onBothBackends('adding a delayed id again replaces its time and payload', async (t, store) => {
  const seen: string[] = []
  const { jobs } = openJobs(t, store, [wake])
  await jobs.startWorkers([bindJob(wake, async ({ chatId }) => void seen.push(chatId))])
  await jobs.add(wake, { chatId: 'old' }, { jobId: 'x', delayMs: HOUR_MS })
  await jobs.add(wake, { chatId: 'new' }, { jobId: 'x', delayMs: 20 })
  await until(() => seen.length > 0)
  await until(async () => (await jobs.counts())[wake.name]?.active === 0)
  t.strictSame(seen, ['new'])
  t.equal((await jobs.counts())[wake.name]?.delayed, 0, 'the old timer is gone')
})

onBothBackends('an id that waits is not added twice, even when many ask at once', async (t, store) => {
  const { jobs } = openJobs(t, store, [wake])
  await Promise.all(Array.from({ length: 20 }, () => jobs.add(wake, { chatId: 'x' }, { jobId: 'x' })))
  t.equal((await jobs.counts())[wake.name]?.waiting, 1)
})

onBothBackends('an id added while it runs runs once more, with the newest payload', async (t, store) => {
  const seen: string[] = []
  const { opened, open } = gate()
  const { jobs } = openJobs(t, store, [wake])
  const handler = async ({ chatId }: Payload) => {
    seen.push(chatId)
    if (chatId === 'first') await opened
  }
  await jobs.startWorkers([bindJob(wake, handler)])
  await jobs.add(wake, { chatId: 'first' }, { jobId: 'x' })
  await until(() => seen.length === 1)
  for (const chatId of ['second', 'third', 'fourth']) await jobs.add(wake, { chatId }, { jobId: 'x', delayMs: 20 })
  t.strictSame(seen, ['first'], 'never two at a time')
  open()
  await until(() => seen.length === 2)
  await until(async () => {
    const counts = (await jobs.counts())[wake.name]
    return counts?.active === 0 && counts.delayed === 0 && counts.waiting === 0
  })
  t.strictSame(seen, ['first', 'fourth'])
})

onBothBackends('a failing job is tried again, and each failure is logged once', async (t, store) => {
  const attempts: number[] = []
  const { jobs, entries, runs } = openJobs(t, store, [wake])
  const handler = async (_payload: Payload, { attempt }: JobContext) => {
    attempts.push(attempt)
    if (attempt < 3) throw new Error(`no luck ${attempt}`)
  }
  await jobs.startWorkers([bindJob(wake, handler)])
  await jobs.add(wake, { chatId: 'secret' }, { jobId: 'x' })
  await until(() => runs.length === 3)
  t.strictSame(attempts, [1, 2, 3])
  t.strictSame(
    runs.map(({ outcome }) => outcome),
    ['retried', 'retried', 'completed'],
  )
  t.match(entries, [
    { level: 'warn', job: 'chat.wake', jobId: 'x', attempt: 1, err: { message: 'no luck 1' } },
    { level: 'warn', job: 'chat.wake', jobId: 'x', attempt: 2, err: { message: 'no luck 2' } },
  ])
  t.equal(entries.length, 2)
  t.notMatch(JSON.stringify(entries), 'secret')
})

onBothBackends('a job fails for good after its last try, and its id is free again', async (t, store) => {
  let fail = true
  const { jobs, entries, runs } = openJobs(t, store, [wake])
  const handler = async () => {
    if (fail) throw new Error('no luck')
  }
  await jobs.startWorkers([bindJob(wake, handler)])
  await jobs.add(wake, { chatId: 'x' }, { jobId: 'x' })
  await until(async () => (await jobs.counts())[wake.name]?.failed === 1)
  t.strictSame(
    runs.map(({ outcome }) => outcome),
    ['retried', 'retried', 'failed'],
  )
  t.equal(entries.filter(({ level }) => level === 'error').length, 1)
  fail = false
  await jobs.add(wake, { chatId: 'x' }, { jobId: 'x' })
  await until(() => runs.at(-1)?.outcome === 'completed')
})

onBothBackends('a job that cannot succeed is not tried again', async (t, store) => {
  const { jobs, entries, runs } = openJobs(t, store, [wake])
  const handler = async ({ chatId }: Payload) => {
    if (chatId === 'status') throw new AppError('GONE', 410, 'This number is gone')
    throw Object.assign(new Error('blocked'), { retry: false })
  }
  await jobs.startWorkers([bindJob(wake, handler)])
  await jobs.addMany(wake, [{ payload: { chatId: 'status' } }, { payload: { chatId: 'flag' } }])
  await until(async () => (await jobs.counts())[wake.name]?.failed === 2)
  t.strictSame(
    runs.map(({ outcome }) => outcome),
    ['failed', 'failed'],
  )
  t.strictSame(
    entries.map(({ level, attempt }) => ({ level, attempt })),
    [
      { level: 'error', attempt: 1 },
      { level: 'error', attempt: 1 },
    ],
  )
})

onBothBackends('no more jobs run at a time than the job allows', async (t, store) => {
  const narrow = defineJob<Payload>('message.deliver', { concurrency: 2, attempts: 1, backoffMs: 0 })
  const { opened, open } = gate()
  let running = 0
  let most = 0
  let done = 0
  const { jobs } = openJobs(t, store, [narrow])
  const handler = async () => {
    most = Math.max(most, ++running)
    await opened
    running -= 1
    done += 1
  }
  await jobs.startWorkers([bindJob(narrow, handler)])
  await jobs.addMany(
    narrow,
    Array.from({ length: 6 }, () => ({ payload: { chatId: 'x' } })),
  )
  await until(() => running === 2)
  open()
  await until(() => done === 6)
  t.equal(most, 2)
})

onBothBackends('workers start only when jobs and handlers match', async (t, store) => {
  const other = defineJob<Payload>('chat.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
  const nothing = async () => undefined
  const { jobs } = openJobs(t, store, [wake])
  await t.rejects(jobs.startWorkers([]), { message: 'No handler for job "chat.wake"' })
  await t.rejects(jobs.startWorkers([bindJob(wake, nothing), bindJob(other, nothing)]), { message: /"chat\.sweep".* no defined job/ })
  await t.rejects(jobs.startWorkers([bindJob(wake, nothing), bindJob(wake, nothing)]), { message: /Two handlers/ })
  await jobs.startWorkers([bindJob(wake, nothing)])
  await t.rejects(jobs.startWorkers([bindJob(wake, nothing)]), { message: /already started/ })
  await t.rejects(jobs.add(other, { chatId: 'x' }), { message: /not among the jobs/ })
})

t.test('names, settings and ids that cannot work are refused', async (t) => {
  const settings = { concurrency: 1, attempts: 1, backoffMs: 0 }
  for (const name of ['chat', 'Chat.wake', 'chat:wake', 'chat.', '']) t.throws(() => defineJob(name, settings), RangeError, name)
  t.throws(() => defineJob('chat.wake', { ...settings, concurrency: 0 }), RangeError)
  t.throws(() => defineJob('chat.wake', { ...settings, attempts: 1.5 }), RangeError)
  t.throws(() => defineJob('chat.wake', { ...settings, backoffMs: Number.NaN }), RangeError)
  t.throws(() => createJobs({ jobs: [wake, wake], databaseUrl: '', log: keepLog().log }), { message: /same name/ })
})

onBothBackends('ids and delays that the backends cannot keep are refused', async (t, store) => {
  const { jobs } = openJobs(t, store, [wake])
  for (const jobId of ['a:b', '', 'a b', 'x'.repeat(201)]) await t.rejects(jobs.add(wake, { chatId: 'x' }, { jobId }), RangeError, jobId)
  for (const delayMs of [-1, Number.NaN]) await t.rejects(jobs.add(wake, { chatId: 'x' }, { delayMs }), RangeError)
  await t.rejects(jobs.repeat(wake, { chatId: 'x' }, 0), RangeError)
})
