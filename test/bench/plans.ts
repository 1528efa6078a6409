import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WebSocket } from 'ws'
import { buildApp } from '../../src/app.ts'
import { createContainer } from '../../src/container.ts'
import type { Inbox, ServerFrame } from '../../src/contracts/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { readConfig } from '../../src/platform/config.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createLogger } from '../../src/platform/log.ts'
import { startEmbeddedPostgres } from '../../src/platform/postgres/embedded-postgres.ts'
import { seed } from '../../src/seed.ts'
import { startWorker } from '../../src/worker.ts'
import { until } from '../helpers/until.ts'
import { withClient } from './database.ts'
import { fill } from './fill.ts'
import { type Plan, PlanLog } from './plan-log.ts'
import { call, type Scene, type ServerAddress, setScene } from './scene.ts'
import { startTelegramStub } from './telegram-stub.ts'

/**
 * Runs the main job on a Parley with this many messages, every statement explained: messages of new and known customers,
 * inbox, chat list, page of messages, accept, reply, sync, complete, sweepers. Functions are explained inside.
 */
export async function collectPlans(messages: number): Promise<Plan[]> {
  const log = new PlanLog()
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-plans-'))
  const telegram = await startTelegramStub()
  try {
    const options = { dataDir: folder, fsync: false, settings: { max_connections: '200' } }
    const server = await startEmbeddedPostgres({ ...options, log: (line) => log.take(line) })
    try {
      await migrate(server.url)
      const scene = await withParley(server.url, folder, (parley) => setScene(parley, server.url, 20, telegram.url))
      await storePast(server.url, scene, messages)
      await withParley(server.url, folder, (parley) => drive(parley, { ...scene, target: { ...scene.target, port: parley.port } }, log))
    } finally {
      await server.stop()
    }
  } finally {
    await telegram.stop()
    await rm(folder, { recursive: true, force: true })
  }
  log.take('')
  return log.plans
}

/** Runs `use` beside a whole Parley in this process, without its web app. */
async function withParley<T>(databaseUrl: string, dataDir: string, use: (parley: ServerAddress) => Promise<T>): Promise<T> {
  const config = readConfig({ PARLEY_DATA_DIR: dataDir, PARLEY_ADMIN_EMAIL: 'admin@example.com', PARLEY_PRESENCE_GRACE_MS: '3600000' })
  const container = await createContainer({ config, databaseUrl, log: createLogger('fatal'), clock: systemClock, nodeId: randomUUID() })
  try {
    await seed(container, { simulator: false })
    await container.start()
    await startWorker(container)
    const app = await buildApp(container, { webRoot: null })
    try {
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      return await use({ url, port: Number(new URL(url).port) })
    } finally {
      await app.close()
    }
  } finally {
    await container.close(5_000)
  }
}

/** Fills the database and has every later connection explain what it runs. */
async function storePast(url: string, { channelId, queueId, agents }: Scene, messages: number): Promise<void> {
  await withClient(url, async (client) => {
    await fill(client, { messages, channelId, queueId, agentIds: agents.map(({ id }) => id) })
    const { rows } = await client.query<{ name: string }>('select current_database() as name')
    for (const setting of [
      `session_preload_libraries = 'auto_explain'`,
      'auto_explain.log_min_duration = 0',
      'auto_explain.log_nested_statements = on',
      'auto_explain.log_analyze = on',
    ]) {
      await client.query(`alter database "${rows[0]?.name}" set ${setting}`)
    }
  })
}

/** A piece of each sweeper's statement. */
const sweepers = ['from process_events where created_at <', '"wake_at" <', '"delivery_lanes"']

async function drive(parley: ServerAddress, scene: Scene, log: PlanLog): Promise<void> {
  const cookie = scene.agents[0]?.cookie ?? ''
  const api = <T>(method: string, address: string, body?: unknown) => call<T>(parley, cookie, method, `/api${address}`, body)
  await write(scene, 1)
  const offered = () =>
    until(async () => (await api<Inbox>('GET', '/inbox')).newItems.find(({ contact }) => contact.name === 'Bob Bench'), {
      message: 'the offer',
    })
  const { id } = await offered()
  await api('POST', `/chats/${id}/accept`)
  // PostgreSQL plans a prepared statement anew five times before it may keep one plan for all values.
  for (let number = 2; number <= 12; number++) await write(scene, number)
  await api('POST', `/chats/${id}/messages`, { text: 'An answer' })
  for (const address of [
    `/chats/${id}`,
    `/chats/${id}/messages`,
    '/chats',
    '/chats?status=completed',
    '/chats?status=waiting',
    '/chats?status=in_progress',
  ]) {
    await api('GET', address)
  }
  await sync(parley, cookie, id)
  await api('POST', `/chats/${id}/complete`)
  await write(scene, 13)
  await offered()
  const swept = () => sweepers.every((part) => log.plans.some(({ query }) => query.includes(part)))
  await until(swept, { message: 'the plans of the sweepers', timeoutMs: 20_000 })
}

/** Bob writes through Telegram's webhook. */
async function write({ target }: Scene, number: number): Promise<void> {
  const bob = { id: 900_000_001, is_bot: false, first_name: 'Bob', last_name: 'Bench', language_code: 'en' }
  const response = await fetch(`http://127.0.0.1:${target.port}${target.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': target.secret },
    body: JSON.stringify({
      update_id: number,
      message: { message_id: number, from: bob, chat: { id: bob.id, type: 'private' }, date: 1_900_000_000, text: `Message ${number}` },
    }),
  })
  if (!response.ok) throw new Error(`The webhook answered ${response.status}`)
}

/** Asks for what was missed of the chat, as a client does that reconnects. */
async function sync(parley: ServerAddress, cookie: string, chatId: string): Promise<void> {
  const socket = new WebSocket(`${parley.url.replace('http', 'ws')}/api/realtime`, { headers: { cookie } })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('The socket closed before the answer to sync')))
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString('utf8')) as ServerFrame
        if (frame.type === 'hello') socket.send(JSON.stringify({ type: 'sync', chats: { [chatId]: 1 } }))
        if (frame.type === 'chat.updated' && frame.chatId === chatId) resolve()
      })
    })
  } finally {
    socket.terminate()
  }
}
