import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createContainer } from '../../src/container.ts'
import type { Chat, Inbox } from '../../src/contracts/index.ts'
import { allJobs } from '../../src/jobs.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { readConfig } from '../../src/platform/config.ts'
import { defineJob, type Job } from '../../src/platform/jobs/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'
import { startWorker } from '../../src/worker.ts'
import { ApiClient, makeDataDir, processesNaming, startChild } from '../helpers/child-parley.ts'
import { createTestDatabase } from '../helpers/postgres.ts'
import { startTelegramEmulator } from '../helpers/providers/telegram-emulator.ts'
import { until } from '../helpers/until.ts'

// Each start makes a database cluster or a whole process, which takes its time on a busy machine.
t.setTimeout(240_000)

const login = { email: 'admin@example.com', password: 'correct horse battery' }
const withAdmin = {
  PARLEY_ADMIN_EMAIL: login.email,
  PARLEY_ADMIN_PASSWORD: login.password,
  PARLEY_SECRET_KEY: 'a secret key for tests only',
}

t.test('the first start tells a login, once, and one Parley has a data directory', async (t) => {
  const env = { PARLEY_DATA_DIR: await makeDataDir(t) }
  const first = startChild(t, env)
  const origin = await first.ready()
  const [, email = '', password = ''] = /^First login: (\S+) with password (\S+) \(shown this once\)$/m.exec(first.stdout) ?? []
  t.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/)
  const api = await ApiClient.logIn(origin, { email, password })
  t.match(await api.ok('GET', '/api/session'), { agent: { role: 'admin', status: 'inactive' } })
  t.match(await api.ok('GET', '/api/queues'), { items: [{ name: 'General', routingRule: 'everyone' }] })
  t.match(await api.ok('GET', '/api/channels'), { items: [{ kind: 'simulator', enabled: true }] })

  const second = startChild(t, env)
  t.same(await second.exited, { code: 1, signal: null })
  t.match(second.stderr, new RegExp(`^Parley cannot start: .*${env.PARLEY_DATA_DIR}.*in use by another Parley.*${first.child.pid}`))
  t.equal((await fetch(`${origin}/readyz`)).status, 200, 'the first one is not disturbed')

  t.same(await first.end('SIGTERM'), { code: 0, signal: null })
  t.same(processesNaming(env.PARLEY_DATA_DIR), [])
  const third = startChild(t, env)
  const again = await third.ready()
  t.notMatch(third.stdout, /login|password/i)
  t.ok(await ApiClient.logIn(again, { email, password }))
  t.match(await new ApiClient(again, api.cookie).ok('GET', '/api/session'), { agent: { email } }, 'sessions outlive a restart')
})

t.test('a start that fails has told the login and leaves nothing running', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const dataDir = await makeDataDir(t)
  const parley = startChild(t, { PARLEY_DATA_DIR: dataDir, PORT: String(port) })
  t.same(await parley.exited, { code: 1, signal: null })
  t.match(parley.stderr, new RegExp(`^Parley cannot start: .*EADDRINUSE.*127\\.0\\.0\\.1:${port}`))
  t.match(parley.stdout, /^First login: /)
  t.same(processesNaming(dataDir), [])
})

t.test('a signal during the start ends it in order', async (t) => {
  const dataDir = await makeDataDir(t)
  const parley = startChild(t, { PARLEY_DATA_DIR: dataDir })
  await until(() => processesNaming(dataDir).some((line) => line.includes('postgres')), { timeoutMs: 60_000 })
  t.same(await parley.end('SIGTERM'), { code: 0, signal: null })
  t.same(processesNaming(dataDir), [])
})

t.test('wrong settings are named', async (t) => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ PORT: 'http' }, /^PORT must be .*"http"/],
    [{ PORT: '70000' }, /^PORT must be .*65535/],
    [{ PARLEY_ROLE: 'both' }, /^PARLEY_ROLE must be one of all, api, worker/],
    [{ PARLEY_PUBLIC_URL: 'chat.example.com' }, /^PARLEY_PUBLIC_URL must be a URL/],
    [{ PARLEY_SECRET_KEY: 'short' }, /^PARLEY_SECRET_KEY must have/],
    [{ PARLEY_ENGINE_THREADS: '0' }, /^PARLEY_ENGINE_THREADS must be/],
    [{ PARLEY_PRESENCE_GRACE_MS: '-1' }, /^PARLEY_PRESENCE_GRACE_MS must be/],
    [{ PARLEY_S3_REGION: 'eu-central-1' }, /PARLEY_S3_REGION needs PARLEY_S3_BUCKET/],
  ]
  for (const [env, message] of wrong) t.throws(() => readConfig(env), { message }, JSON.stringify(env))
  t.throws(() => readConfig({}, ['--dmeo']), { message: /--dmeo.*--demo/ })
  const edges: [Record<string, string>, string[], RegExp][] = [
    [{ PORT: 'http' }, [], /^Parley cannot start: PORT must be .*\n$/],
    [
      { PARLEY_ADMIN_PASSWORD: 'short', DATABASE_URL: (await createTestDatabase(t)).url },
      [],
      /^Parley cannot start: PARLEY_ADMIN_PASSWORD .*\n$/,
    ],
    [{ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }, [], /^Parley cannot start: .*127\.0\.0\.1:1/],
  ]
  for (const [env, args, message] of edges) {
    const parley = startChild(t, { PARLEY_DATA_DIR: await makeDataDir(t), ...env }, args)
    t.same(await parley.exited, { code: 1, signal: null })
    t.match(parley.stderr, message)
  }
})

t.test('health, readiness and metrics need no login', async (t) => {
  const { url } = await createTestDatabase(t)
  const parley = startChild(t, { DATABASE_URL: url, PARLEY_DATA_DIR: await makeDataDir(t), ...withAdmin })
  const origin = await parley.ready()
  for (const path of ['/healthz', '/readyz']) t.equal((await fetch(origin + path)).status, 200, path)
  const metrics = await fetch(`${origin}/metrics`)
  t.match(metrics.headers.get('content-type'), /^text\/plain/)
  t.match(await metrics.text(), /^parley_process_cpu_seconds_total /m)
  t.notMatch(parley.stdout, /password/, 'a login from the environment is not told')
  const api = await ApiClient.logIn(origin, login)
  t.match(await api.ok('GET', '/api/channels'), { items: [] }, 'a Simulator anybody may use is made on the embedded database only')
})

/** The answer to what is sent on this connection, up to its end. */
async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk
  return text
}

t.test('a stop says "not ready" first, then tells sockets to come back', async (t) => {
  const { url } = await createTestDatabase(t)
  const parley = startChild(t, { DATABASE_URL: url, PARLEY_DATA_DIR: await makeDataDir(t), ...withAdmin })
  const origin = await parley.ready()
  const api = await ApiClient.logIn(origin, login)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/realtime`, { headers: { cookie: api.cookie } })
  await once(socket, 'message')
  // Half a request: the connection is not idle, so the server waits for the rest of it.
  const late = connect(Number(new URL(origin).port), '127.0.0.1')
  await once(late, 'connect')
  await new Promise((resolve) => late.write('GET /readyz HTTP/1.1\r\nHost: parley\r\n', resolve))
  t.equal((await fetch(`${origin}/readyz`)).status, 200)

  parley.child.kill('SIGTERM')
  const [code] = await once(socket, 'close')
  t.equal(code, 1012)
  late.write('Connection: close\r\n\r\n')
  t.match(await answerOf(late), /^HTTP\/1\.1 503 /)
  t.same(await parley.exited, { code: 0, signal: null })
  await t.rejects(fetch(`${origin}/healthz`), 'nobody listens any more')
})

/** A Telegram channel on the first queue. */
async function addTelegram(api: ApiClient, config: Record<string, string>): Promise<{ id: string }> {
  const { items } = await api.ok<{ items: { id: string }[] }>('GET', '/api/queues')
  return api.ok('POST', '/api/channels', { kind: 'telegram', name: 'Support bot', queueId: items[0]?.id, config })
}

/** A customer's message arrives, and the agent accepts the chat and answers. */
async function converse(
  t: Test,
  api: ApiClient,
  channelId: string,
  telegram: Awaited<ReturnType<typeof startTelegramEmulator>>,
): Promise<Chat> {
  const update = telegram.messageUpdate({ id: 501, first_name: 'Olena' }, { text: 'Hello?' })
  const [receipt] = await telegram.deliver(update, { url: `${api.origin}/webhooks/telegram/${channelId}`, secret: 's3cret' })
  t.equal(receipt?.status, 200)
  const tile = await until(async () => (await api.ok<Inbox>('GET', '/api/inbox')).newItems[0], { timeoutMs: 30_000, message: 'a new item' })
  await api.ok('POST', `/api/chats/${tile.id}/accept`)
  await api.ok('POST', `/api/chats/${tile.id}/messages`, { text: 'Good morning' })
  return (await api.ok<{ chat: Chat }>('GET', `/api/chats/${tile.id}`)).chat
}

t.test('PARLEY_ROLE: one process serves, another does the jobs', async (t) => {
  const { url } = await createTestDatabase(t)
  const telegram = await startTelegramEmulator()
  t.teardown(() => telegram.close())
  const shared = { DATABASE_URL: url, ...withAdmin }
  const server = startChild(t, { ...shared, PARLEY_DATA_DIR: await makeDataDir(t), PARLEY_ROLE: 'api' })
  const api = await ApiClient.logIn(await server.ready(), login)
  await api.ok('PUT', '/api/session/status', { status: 'active' })
  const channel = await addTelegram(api, { token: telegram.token, secretToken: 's3cret', apiBaseUrl: telegram.origin })
  const chat = await converse(t, api, channel.id, telegram)
  t.equal(chat.lastMessage?.status, 'sending')

  const worker = startChild(t, { ...shared, PARLEY_DATA_DIR: await makeDataDir(t), PARLEY_ROLE: 'worker' })
  t.same(telegram.sent, [], 'without a worker nothing is sent')
  t.equal(await worker.ready(), '')
  await until(() => telegram.sent.length === 1, { timeoutMs: 30_000, message: 'the reply at the provider' })
  t.match(telegram.sent, [{ text: 'Good morning', chat: { id: 501 } }])
  const isSent = async () => (await api.ok<{ chat: Chat }>('GET', `/api/chats/${chat.id}`)).chat.lastMessage?.status === 'sent'
  await until(isSent, { timeoutMs: 30_000 })
  t.same(await worker.end('SIGTERM'), { code: 0, signal: null })
  t.same(await server.end('SIGTERM'), { code: 0, signal: null })
})

t.test('a job without a handler keeps Parley from starting', async (t) => {
  const jobs = allJobs as Job<unknown>[]
  jobs.push(defineJob('forgotten.job', { concurrency: 1, attempts: 1, backoffMs: 0 }))
  t.teardown(() => jobs.pop())
  const { url } = await createTestDatabase(t)
  const config = readConfig({ PARLEY_DATA_DIR: await makeDataDir(t) })
  const container = await createContainer({ config, databaseUrl: url, log: createLogger('fatal'), clock: systemClock, nodeId: 'test' })
  t.teardown(() => container.close(1_000))
  await t.rejects(startWorker(container), { message: /forgotten\.job/ })
})
