import { randomInt, randomUUID } from 'node:crypto'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import type { Chat, Inbox, MessageStatus } from '../../src/contracts/index.ts'
import { ApiClient, ChildParley, makeDataDir, processesNaming } from '../helpers/child-parley.ts'
import { startTelegramEmulator, type TelegramEmulator } from '../helpers/providers/telegram-emulator.ts'
import { until } from '../helpers/until.ts'

const rounds = 8
const customers = 8
const chatTimeoutMinutes = 0.04
const login = { email: 'admin@example.com', password: 'correct horse battery' }
const secret = 'a-webhook-secret'

// A failed run is repeated with the seed it printed: CRASH_SEED=… node test/integration/crash.test.ts
const seed = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31))
t.setTimeout(240_000)

/** Numbers from 0 to 1 that depend on the seed only (mulberry32). */
function randomNumbers(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Traffic {
  /** Messages of customers that were taken so far. */
  heard: number
  /** Replies of the agent that were taken so far. */
  replied: number
  /** While true, customers write new messages. */
  writing: boolean
  /** While true, the agent looks for chats to answer. */
  answering: boolean
}

/** Texts whose webhook was answered with 2xx. */
type Heard = string[]

interface Reply {
  chatId: string
  text: string
}

/** Asks until there is an answer that is no sign of a server that is down or going down. */
async function insist<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const answer = await ask()
      if (answer.status < 500) return answer
    } catch (error) {
      // fetch tells a broken connection by a TypeError, or a deadline by a TimeoutError; anything else is a mistake.
      if (!(error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError'))) throw error
    }
    await delay(50)
  }
}

/** A customer who writes now and then; Telegram posts each message until it is taken, before the next one. */
async function customer(id: number, url: () => string, telegram: TelegramEmulator, traffic: Traffic, random: () => number): Promise<Heard> {
  const heard: Heard = []
  for (let count = 1; traffic.writing; count += 1) {
    const text = `customer ${id} message ${count}`
    const update = telegram.messageUpdate({ id, first_name: `Customer ${id}` }, { text })
    const answer = await insist(
      async () => (await telegram.deliver(update, { url: url(), secret }))[0] ?? { status: 0, body: '', contentType: null },
    )
    if (answer.status !== 200) throw new Error(`The webhook answered ${answer.status}: ${answer.body}`)
    heard.push(text)
    traffic.heard += 1
    await delay(100 + random() * 700)
  }
  return heard
}

/** The agent accepts what is new and answers what is unanswered; answers the replies that were acknowledged. */
async function agent(api: () => ApiClient, traffic: Traffic): Promise<Reply[]> {
  const replies: Reply[] = []
  while (traffic.answering) {
    const { body } = await insist(() => api().call<Inbox>('GET', '/api/inbox'))
    for (const tile of body.newItems) {
      const answer = await insist(() => api().call('POST', `/api/chats/${tile.id}/accept`))
      if (![200, 409].includes(answer.status)) throw new Error(`accept answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    }
    for (const tile of body.inProgress.filter((item) => item.lastMessage?.direction === 'incoming')) {
      const text = `reply ${replies.length + 1} to chat ${tile.id}`
      const wish = { text, clientId: randomUUID() }
      const answer = await insist(() => api().call('POST', `/api/chats/${tile.id}/messages`, wish))
      if (answer.status >= 300) throw new Error(`The reply was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      replies.push({ chatId: tile.id, text })
      traffic.replied += 1
    }
    await delay(50)
  }
  return replies
}

/** Everything of Parley that is not done yet, in words; empty when all is quiet. */
async function unfinished(database: pg.Client): Promise<string[]> {
  const { rows } = await database.query<{ what: string; count: number }>(`
    select 'open chats' as what, count(*)::int as count from chats where status <> 'completed'
    union all select 'messages still sending', count(*) from messages where status = 'sending'
    union all select 'unhandled facts', count(*) from process_events
    union all select 'deliveries of events', count(*) from process_deliveries
    union all select 'delivery lanes', count(*) from delivery_lanes
    union all select 'waits of ended instances', count(*) from process_waits w join process_instances i on i.id = w.instance_id where i.state <> 'running'
    union all select 'running instances of completed chats', count(*) from process_instances i join chats c on c.id = i.chat_id
      where i.state = 'running' and i.key = 'chat_lifecycle' and c.status = 'completed'
    union all select 'incidents', count(*) from process_incidents where resolved_at is null
    union all select 'open attempts at delivery', count(*) from delivery_attempts where finished_at is null`)
  return rows.filter(({ count }) => count > 0).map(({ what, count }) => `${count} ${what}`)
}

t.test(`killed ${rounds} times at random moments (CRASH_SEED=${seed})`, async (t) => {
  const random = randomNumbers(seed)
  const dataDir = await makeDataDir(t)
  const telegram = await startTelegramEmulator()
  t.teardown(() => telegram.close())

  let port = '0'
  let parley: ChildParley | undefined
  let startedAt = 0
  const start = () => {
    startedAt = performance.now()
    parley = new ChildParley({
      PORT: port,
      PARLEY_DATA_DIR: dataDir,
      PARLEY_ADMIN_EMAIL: login.email,
      PARLEY_ADMIN_PASSWORD: login.password,
    })
    return parley
  }
  t.teardown(async () => {
    if (parley?.isRunning) await parley.end('SIGTERM')
  })

  const origin = await start().ready()
  port = new URL(origin).port
  const api = await ApiClient.logIn(origin, login)
  await api.ok('PUT', '/api/session/status', { status: 'active' })
  const { items: queues } = await api.ok<{ items: { id: string }[] }>('GET', '/api/queues')
  await api.ok('PATCH', `/api/queues/${queues[0]?.id}`, { chatTimeoutMinutes })
  const channel = await api.ok<{ id: string }>('POST', '/api/channels', {
    kind: 'telegram',
    name: 'Support bot',
    queueId: queues[0]?.id,
    config: { token: telegram.token, secretToken: secret, apiBaseUrl: telegram.origin },
  })
  const webhook = `${origin}/webhooks/telegram/${channel.id}`

  const traffic: Traffic = { heard: 0, replied: 0, writing: true, answering: true }
  const writers = Array.from({ length: customers }, (_, index) => customer(1000 + index, () => webhook, telegram, traffic, random))
  const answerer = agent(() => api, traffic)
  // A failure of theirs is told below; without this it would end the process first.
  for (const work of [...writers, answerer]) work.catch(() => undefined)

  let startMs = 0
  for (let round = 1; round <= rounds; round += 1) {
    // Slow answers make it likely that the kill hits a delivery.
    for (let count = 0; count < 4; count += 1) telegram.faults.next('sendMessage', { kind: 'delay', ms: Math.round(random() * 400) })
    const duringStart = round % 4 === 0
    if (duringStart) await delay(random() * startMs)
    else {
      await parley?.ready()
      startMs = performance.now() - startedAt
      // By what has happened, so that a slow machine is killed in the middle of as much.
      const heard = traffic.heard + Math.floor(random() * 15)
      const replied = traffic.replied + 1 + Math.floor(random() * 4)
      await until(() => traffic.heard >= heard && traffic.replied >= replied, { timeoutMs: 60_000, message: 'customers and agent get on' })
      await delay(random() * 100)
    }
    t.same(await parley?.end('SIGKILL'), { code: null, signal: 'SIGKILL' }, `round ${round}: killed${duringStart ? ' while starting' : ''}`)
    start()
  }

  await parley?.ready()
  traffic.writing = false
  const heard = (await Promise.all(writers)).flat()
  const socket = path.join(dataDir, 'postgres/run')
  const database = new pg.Client({ host: socket, port: 5432, user: 'parley', database: 'parley' })
  await database.connect()
  let ended = false
  const endDatabase = async () => {
    if (!ended) await database.end()
    ended = true
  }
  t.teardown(endDatabase)

  let left: string[] = []
  const quiet = async () => {
    left = await unfinished(database)
    return left.length === 0
  }
  await until(quiet, { timeoutMs: 90_000, everyMs: 100 }).catch((error: unknown) => t.fail('all becomes quiet', { left, error }))
  traffic.answering = false
  const replies = await answerer
  t.comment(`${heard.length} messages of customers, ${replies.length} replies, ${telegram.sent.length} provider messages`)

  await t.test('every acknowledged message is stored exactly once', async (t) => {
    const { rows } = await database.query<{ text: string; count: number }>(
      `select text, count(*)::int as count from messages where direction = 'incoming' group by text`,
    )
    t.same(
      rows.filter(({ count }) => count !== 1),
      [],
      'none twice',
    )
    t.same(rows.map(({ text }) => text).toSorted(), heard.toSorted())
    t.ok(heard.length > customers)
  })

  await t.test('every acknowledged reply is sent, in order', async (t) => {
    const { rows } = await database.query<{ text: string; status: MessageStatus; failure_reason: string | null; count: number }>(
      `select m.text, m.status, m.failure_reason, count(*) over (partition by m.text)::int as count from messages m where direction = 'outgoing' and author_kind = 'agent'`,
    )
    const stored = new Map(rows.map((row) => [row.text, row]))
    t.equal(rows.length, stored.size, 'none is stored twice')
    t.same([...stored.keys()].toSorted(), replies.map(({ text }) => text).toSorted())
    const arrived = telegram.sent.map((message) => String(message.text))
    for (const { text } of replies) {
      const row = stored.get(text)
      if (row?.status === 'failed') t.ok(row.failure_reason, `${text} failed with a reason`)
      else t.match(row, { status: 'sent' }) && t.ok(arrived.includes(text), `${text} arrived`)
    }
    // The emulator notes messages as they come; a repeated one counts where it came first.
    for (const chatId of new Set(replies.map((reply) => reply.chatId))) {
      const inOrder = replies
        .filter((reply) => reply.chatId === chatId && stored.get(reply.text)?.status === 'sent')
        .map(({ text }) => text)
      t.same([...new Set(arrived.filter((text) => inOrder.includes(text)))], inOrder, `the order in chat ${chatId}`)
    }
    t.ok(replies.length > rounds / 2)
  })

  await t.test('every chat has ended by its timer, and once', async (t) => {
    const { rows } = await database.query<{
      id: string
      completion_reason: Chat['completionReason']
      closings: number
      instances: number
      states: string[]
    }>(`
      select c.id, c.completion_reason,
        (select count(*)::int from messages m where m.chat_id = c.id and m.direction = 'system') as closings,
        (select count(*)::int from process_instances i where i.chat_id = c.id and i.key = 'chat_lifecycle') as instances,
        (select array_agg(distinct i.state) from process_instances i where i.chat_id = c.id and i.key = 'chat_lifecycle') as states
      from chats c`)
    for (const row of rows) {
      t.match(row, { completion_reason: 'timeout', closings: 1, instances: 1, states: ['completed'] }, `chat ${row.id}`)
    }
    t.ok(rows.length >= customers)
  })

  await t.test('a clean stop leaves nothing behind', async (t) => {
    await endDatabase()
    t.ok(processesNaming(dataDir).length > 0, 'PostgreSQL runs')
    t.same(await parley?.end('SIGTERM'), { code: 0, signal: null })
    t.same(processesNaming(dataDir), [])
    t.equal(parley?.stderr, '')
  })
})
