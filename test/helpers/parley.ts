import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WebSocket } from 'ws'
import { buildApp } from '../../src/app.ts'
import { type Container, createContainer } from '../../src/container.ts'
import type { Agent, Chat, ChatTile, Inbox, Message, ServerFrame } from '../../src/contracts/index.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { readConfig } from '../../src/platform/config.ts'
import type { HttpServer } from '../../src/platform/http/server.ts'
import { createLogger } from '../../src/platform/log.ts'
import { seed } from '../../src/seed.ts'
import { startWorker } from '../../src/worker.ts'
import { createTestDatabase } from './postgres.ts'
import { until } from './until.ts'

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

export interface ParleyOptions {
  databaseUrl?: string
  redisUrl?: string
  clock?: Clock
  /** Listens on a free loopback port, for WebSockets and emulators. */
  listen?: boolean
  /** Without workers nothing is delivered and no timer fires. */
  worker?: boolean
  env?: Record<string, string>
}

export const adminLogin = { email: 'admin@example.com', password: 'correct horse battery' }

/** A whole Parley in this process on a database of its own, with the seed of a first start. */
export interface TestParley {
  app: HttpServer
  container: Container
  url: string
  /** The seeded queue and Simulator channel. */
  queueId: string
  simulatorId: string
  admin: TestAgent
  close(): Promise<void>
}

export async function startParley(t: WithTeardown, options: ParleyOptions = {}): Promise<TestParley> {
  const databaseUrl = options.databaseUrl ?? (await createTestDatabase(t)).url
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-test-'))
  const config = readConfig({
    PORT: '0',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'fatal',
    PARLEY_DATA_DIR: dataDir,
    PARLEY_SECRET_KEY: 'a secret key for tests only',
    PARLEY_ADMIN_EMAIL: adminLogin.email,
    PARLEY_ADMIN_PASSWORD: adminLogin.password,
    ...(options.redisUrl ? { REDIS_URL: options.redisUrl } : {}),
    ...options.env,
  })
  const container = await createContainer({
    config,
    databaseUrl,
    log: createLogger(config.logLevel),
    clock: options.clock ?? systemClock,
    nodeId: randomUUID(),
  })
  await seed(container, { simulator: true })
  await container.start()
  if (options.worker !== false) await startWorker(container)
  const app = await buildApp(container, { webRoot: null })
  await app.ready()
  container.setReady(true)
  const url = options.listen ? await app.listen({ port: 0, host: '127.0.0.1' }) : ''
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      container.setReady(false)
      await app.close()
      await container.close(5_000)
      await rm(dataDir, { recursive: true, force: true })
    })()
    return closed
  }
  t.teardown(close)
  const queue = await container.database.db.selectFrom('queues').select('id').orderBy('id').executeTakeFirstOrThrow()
  const channel = await container.database.db.selectFrom('channels').select('id').where('kind', '=', 'simulator').executeTakeFirstOrThrow()
  const parley = { app, container, url, queueId: queue.id, simulatorId: channel.id, close }
  return { ...parley, admin: await logIn(parley, adminLogin) }
}

export interface Answer<T = unknown> {
  status: number
  body: T
  headers: Record<string, unknown>
}

/** A logged-in agent as a client of the API. */
export class TestAgent {
  readonly agent: Agent
  readonly cookie: string
  readonly #app: HttpServer
  readonly #url: string

  constructor(app: HttpServer, url: string, agent: Agent, cookie: string) {
    this.agent = agent
    this.cookie = cookie
    this.#app = app
    this.#url = url
  }

  async call<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const raw = typeof body === 'string'
    const response = await this.#app.inject({
      method,
      url: path,
      headers: { cookie: this.cookie, ...(raw ? { 'content-type': 'application/xml' } : {}), ...headers },
      ...(body === undefined ? {} : { payload: body as string | object }),
    })
    const isJson = /json/.test(String(response.headers['content-type'] ?? ''))
    return { status: response.statusCode, body: (isJson ? response.json() : response.body) as T, headers: response.headers }
  }

  /** The call's body; throws unless the answer has the expected status (any 2xx when none is named). */
  async ok<T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async becomes(status: 'active' | 'inactive'): Promise<void> {
    await this.ok('PUT', '/api/session/status', { status })
  }

  inbox(): Promise<Inbox> {
    return this.ok<Inbox>('GET', '/api/inbox')
  }

  /** Waits until a chat of this customer is among the new items. */
  newItem(contactName: string): Promise<ChatTile> {
    return until(async () => (await this.inbox()).newItems.find((tile) => tile.contact.name === contactName), {
      message: `a new item of ${contactName}`,
    })
  }

  accept(chatId: string): Promise<Answer<{ chat: Chat; code?: string; detail?: string }>> {
    return this.call('POST', `/api/chats/${chatId}/accept`)
  }

  async reply(chatId: string, text: string): Promise<Message> {
    return (await this.ok<{ message: Message }>('POST', `/api/chats/${chatId}/messages`, { text })).message
  }

  async messages(chatId: string): Promise<Message[]> {
    return (await this.ok<{ items: Message[] }>('GET', `/api/chats/${chatId}/messages`)).items
  }

  async chat(chatId: string): Promise<Chat> {
    return (await this.ok<{ chat: Chat }>('GET', `/api/chats/${chatId}`)).chat
  }

  /** Opens the WebSocket (the server must listen) and collects its frames. */
  async listen(t: WithTeardown): Promise<TestSocket> {
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/api/realtime`, { headers: { cookie: this.cookie } })
    const client = new TestSocket(socket)
    t.teardown(async () => socket.terminate())
    await client.next('hello')
    return client
  }
}

/** A WebSocket client that remembers every frame. */
export class TestSocket {
  readonly frames: ServerFrame[] = []
  readonly socket: WebSocket
  closed: { code: number; reason: string } | null = null

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString('utf8')) as ServerFrame))
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', () => {
      // A refused upgrade shows as a close; the test looks at that.
    })
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  of<T extends ServerFrame['type']>(type: T): Extract<ServerFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type)
  }

  /** Waits for a frame of this type that fits. */
  next<T extends ServerFrame['type']>(
    type: T,
    fits: (frame: Extract<ServerFrame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    return until(() => this.of(type).find(fits), { message: `a frame ${type}` })
  }
}

export async function logIn(parley: Pick<TestParley, 'app' | 'url'>, login: { email: string; password: string }): Promise<TestAgent> {
  const response = await parley.app.inject({ method: 'POST', url: '/api/session', payload: login })
  if (response.statusCode !== 200) throw new Error(`Login answered ${response.statusCode}: ${response.body}`)
  const cookie = response.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return new TestAgent(parley.app, parley.url, response.json<{ agent: Agent }>().agent, cookie)
}

/** A new agent, logged in and active unless told otherwise. */
export async function addAgent(
  parley: TestParley,
  name: string,
  fields: Record<string, unknown> = {},
  status: 'active' | 'inactive' = 'active',
): Promise<TestAgent> {
  const login = {
    email: `${name.toLowerCase().replace(/\W+/g, '.')}-${randomUUID().slice(0, 8)}@example.com`,
    password: 'a long enough password',
  }
  await parley.admin.ok('POST', '/api/agents', { name, ...login, ...fields })
  const agent = await logIn(parley, login)
  if (status === 'active') await agent.becomes('active')
  return agent
}

/** A customer writes through the Simulator. */
export async function customerWrites(parley: TestParley, from: string, text: string, messageId: string = randomUUID()): Promise<Answer> {
  const response = await parley.app.inject({
    method: 'POST',
    url: `/webhooks/simulator/${parley.simulatorId}`,
    payload: { from, name: from, text, messageId },
  })
  return { status: response.statusCode, body: response.body, headers: response.headers }
}

/** What the customer sees on the Simulator page. */
export async function customerSees(
  parley: TestParley,
  from: string,
): Promise<{ direction: string; text: string; status: string | null }[]> {
  const response = await parley.app.inject({
    method: 'GET',
    url: `/webhooks/simulator/${parley.simulatorId}/messages?from=${encodeURIComponent(from)}`,
  })
  return response.json<{ items: { direction: string; text: string; status: string | null }[] }>().items
}
