import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import t, { type Test } from 'tap'
import { createLocalRelay, createRelay, type Relay } from '../../../src/platform/relay/relay.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { redisSkip, sharedRedisSkip, sharedRedisUrl, startTestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { type Entry, keepLog } from '../jobs/support.ts'

interface Store {
  readonly databaseUrl: string
  readonly redisUrl?: string
  readonly prefix: string
}

function onBothBackends(name: string, body: (t: Test, store: Store) => Promise<void>): void {
  const prefix = `test_${randomUUID().replaceAll('-', '')}`
  void t.test(`${name} (PostgreSQL)`, async (t) => body(t, { databaseUrl: (await createTestDatabase(t)).url, prefix }))
  void t.test(`${name} (Redis)`, { skip: sharedRedisSkip }, async (t) => {
    await body(t, { databaseUrl: 'postgresql://unused', redisUrl: await sharedRedisUrl(t), prefix })
  })
}

async function join(t: Test, store: Store, nodeId: string): Promise<{ relay: Relay; entries: Entry[] }> {
  const { log, entries } = keepLog()
  const relay = await createRelay({ ...store, nodeId, log })
  t.teardown(() => relay.close())
  return { relay, entries }
}

/** All messages of a topic that a node gets from now on. */
async function collect(relay: Relay, topic: string): Promise<unknown[]> {
  const messages: unknown[] = []
  await relay.subscribe(topic, (message) => void messages.push(message))
  return messages
}

onBothBackends('every node gets a message once, the sender at once', async (t, store) => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((id) => join(t, store, id)))
  if (!a || !b || !c) throw new Error('no nodes')
  const [atA, atB, atC] = await Promise.all([a, b, c].map(({ relay }) => collect(relay, 'chats')))
  const message = { id: 1 }
  const sent = a.relay.publish('chats', message)
  t.equal(atA?.[0], message, 'before publish even returns its promise')
  await sent
  await b.relay.publish('chats', { id: 2 })
  await until(() => atA?.length === 2 && atB?.length === 2 && atC?.length === 2)
  await a.relay.publish('chats', 'last')
  await until(() => atB?.at(-1) === 'last' && atC?.at(-1) === 'last')
  t.strictSame(atA, [{ id: 1 }, { id: 2 }, 'last'], 'and its own only once')
  t.strictSame(atB?.length, 3)
  t.strictSame(atC?.length, 3)
})

onBothBackends('a burst arrives whole and in order', async (t, store) => {
  const { relay: a } = await join(t, store, 'a')
  const { relay: b } = await join(t, store, 'b')
  const messages = await collect(b, 'chats')
  const numbers = Array.from({ length: 500 }, (_, index) => index)
  await Promise.all(numbers.map((number) => a.publish('chats', number)))
  await until(() => messages.length >= 500)
  t.strictSame(messages, numbers)
})

onBothBackends('a message may be large and in any script', async (t, store) => {
  const { relay: a } = await join(t, store, 'a')
  const { relay: b } = await join(t, store, 'b')
  const messages = await collect(b, 'chats')
  const large = { text: '😀 Füße 漢字 \\ "quoted" \n'.repeat(10_000) }
  await Promise.all([a.publish('chats', large), a.publish('chats', undefined), a.publish('chats', large)])
  await until(() => messages.length === 3)
  t.ok(JSON.stringify(messages) === JSON.stringify([large, null, large]))
})

onBothBackends('a subscriber gets its topic only, until it leaves', async (t, store) => {
  const { relay: a } = await join(t, store, 'a')
  const { relay: b } = await join(t, store, 'b')
  const seen: unknown[] = []
  const leave = await b.subscribe('chats', (message) => void seen.push(message))
  const all = await collect(b, 'chats')
  await a.publish('chats.1', 'other topic')
  await a.publish('chats', 1)
  await until(() => all.length === 1)
  await leave()
  await leave()
  await a.publish('chats', 2)
  await until(() => all.length === 2)
  t.strictSame(seen, [1])
})

onBothBackends('a failing subscriber harms nobody else', async (t, store) => {
  const { relay: a } = await join(t, store, 'a')
  const { relay: b, entries } = await join(t, store, 'b')
  await b.subscribe('chats', () => {
    throw new Error('bug')
  })
  const messages = await collect(b, 'chats')
  await b.publish('chats', 1)
  await a.publish('chats', 2)
  await until(() => messages.length === 2)
  t.match(entries, [
    { level: 'error', topic: 'chats', err: { message: 'bug' } },
    { level: 'error', topic: 'chats', err: { message: 'bug' } },
  ])
})

onBothBackends('what is not JSON is refused and reaches nobody', async (t, store) => {
  const { relay } = await join(t, store, 'a')
  const messages = await collect(relay, 'chats')
  const circular: { self?: unknown } = {}
  circular.self = circular
  await t.rejects(relay.publish('chats', circular), TypeError)
  t.strictSame(messages, [])
})

onBothBackends('after close nothing is sent or received', async (t, store) => {
  const { relay: a } = await join(t, store, 'a')
  const { relay: b } = await join(t, store, 'b')
  const messages = await collect(b, 'chats')
  const pending = a.publish('chats', 'before')
  await a.close()
  await a.close()
  await pending
  await a.publish('chats', 'after')
  const { relay: c } = await join(t, store, 'c')
  await c.publish('chats', 'end')
  await until(() => messages.includes('end'))
  t.strictSame(messages, ['before', 'end'], 'what was pending still goes out')
})

onBothBackends('a node id must fit, and the backend must be there', async (t, store) => {
  const { log } = keepLog()
  for (const nodeId of ['', 'a b', 'x'.repeat(65)]) await t.rejects(createRelay({ ...store, nodeId, log }), RangeError)
  const gone = store.redisUrl ? { redisUrl: 'redis://127.0.0.1:1' } : { databaseUrl: 'postgresql://127.0.0.1:1/x' }
  await t.rejects(createRelay({ ...store, ...gone, nodeId: 'a', log }), { code: /ECONNREFUSED/ })
})

/** Cuts the links of all nodes, which must come back by themselves and say that messages may be missing. */
async function survivesCut(t: Test, store: Store, cut: () => Promise<void>): Promise<void> {
  const { relay: a, entries } = await join(t, store, 'a')
  const { relay: b } = await join(t, store, 'b')
  const messages = await collect(b, 'chats')
  let gaps = 0
  const leave = b.onGap(() => void gaps++)
  await cut()
  await until(() => gaps > 0, { timeoutMs: 20_000 })
  leave()
  const arrives = async () => {
    await a.publish('chats', 'again')
    return messages.includes('again')
  }
  await until(arrives, { timeoutMs: 20_000, everyMs: 50 })
  const warnings = entries.filter(({ level }) => level === 'warn')
  t.ok(warnings.length > 0 && warnings.length <= 4, `told, but not again and again: ${warnings.length}`)
}

t.test('a lost link comes back and tells of the gap (PostgreSQL)', async (t) => {
  const { url } = await createTestDatabase(t)
  await survivesCut(t, { databaseUrl: url, prefix: 'parley' }, async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const { rowCount } = await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'parley relay'",
    )
    t.equal(rowCount, 2, 'one connection a node')
    await client.end()
  })
})

t.test('a lost link comes back and tells of the gap (Redis)', { skip: redisSkip }, async (t) => {
  const redis = await startTestRedis(t)
  await survivesCut(t, { redisUrl: redis.url, databaseUrl: '', prefix: 'parley' }, async () => {
    await redis.stop()
    await redis.start()
  })
})

t.test('publishing during an outage neither fails nor waits, and the others learn of it', { skip: redisSkip }, async (t) => {
  const redis = await startTestRedis(t)
  const store = { redisUrl: redis.url, databaseUrl: '', prefix: 'parley' }
  const { relay: a, entries } = await join(t, store, 'a')
  const own = await collect(a, 'chats')
  await redis.stop()
  await until(() => entries.length > 0)
  await Promise.all([a.publish('chats', 1), a.publish('chats', 2)])
  t.strictSame(own, [1, 2], 'this node still gets its own')
  await redis.start()
  // Joined after the outage, so that only the sender's word can tell it of a gap.
  const { relay: b } = await join(t, store, 'b')
  let gaps = 0
  b.onGap(() => void gaps++)
  const messages = await collect(b, 'chats')
  const arrives = async () => {
    await a.publish('chats', 3)
    return messages.length > 0
  }
  await until(arrives, { timeoutMs: 20_000, everyMs: 50 })
  t.equal(gaps, 1)
  t.match(
    entries.filter(({ message }) => message.includes('gives up')),
    [{ level: 'warn' }],
  )
})

t.test('two installations on one Redis do not hear each other', { skip: sharedRedisSkip }, async (t) => {
  const redisUrl = await sharedRedisUrl(t)
  const [one, two] = [randomUUID(), randomUUID()]
  const { relay: a } = await join(t, { redisUrl, databaseUrl: '', prefix: one }, 'a')
  const { relay: b } = await join(t, { redisUrl, databaseUrl: '', prefix: two }, 'b')
  const { relay: c } = await join(t, { redisUrl, databaseUrl: '', prefix: two }, 'c')
  const messages = await collect(b, 'chats')
  await a.publish('chats', 'not for b')
  await c.publish('chats', 'for b')
  await until(() => messages.includes('for b'))
  t.strictSame(messages, ['for b'])
})

t.test('what comes from elsewhere and is not JSON does not end the node', { skip: sharedRedisSkip }, async (t) => {
  const redisUrl = await sharedRedisUrl(t)
  const prefix = randomUUID()
  const { relay, entries } = await join(t, { redisUrl, databaseUrl: '', prefix }, 'a')
  const messages = await collect(relay, 'chats')
  const client = new Redis(redisUrl)
  t.teardown(() => client.disconnect())
  await client.publish(`${prefix}_relay`, 'stranger {')
  await client.publish(`${prefix}_relay`, 'stranger [["chats",1]]')
  await until(() => messages.length === 1)
  t.match(entries, [{ level: 'error', message: /not JSON/ }])
})

t.test('a local relay serves its own process', async (t) => {
  const { log } = keepLog()
  const relay = createLocalRelay({ log })
  const messages = await collect(relay, 'chats')
  void relay.publish('chats', 1)
  t.strictSame(messages, [1])
  await relay.close()
})
