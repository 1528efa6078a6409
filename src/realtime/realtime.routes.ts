import { randomUUID } from 'node:crypto'
import websocket, { type WebSocket } from '@fastify/websocket'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import { Compile } from 'typebox/compile'
import { type Agent, ClientFrame, CloseCode } from '../contracts/index.ts'
import {
  type ChatDetails,
  type ChatService,
  describeChat,
  listChangedMessages,
  listInbox,
  listTiles,
  toMessage,
} from '../modules/chats/index.ts'
import type { Clock } from '../platform/clock.ts'
import { AppError } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import type { Schema } from '../schema.ts'
import { Connection } from './connection.ts'
import type { Hub } from './hub.ts'

export interface RealtimeDeps {
  db: Kysely<Schema>
  hub: Hub
  chats: ChatService
  details: ChatDetails
  clock: Clock
  log: Logger
  agentOf(id: string): Promise<Agent>
  presence: { opened(agentId: string, connectionId: string): Promise<void>; closed(connectionId: string): Promise<void> }
  typing(chatId: string, agent: { id: string; name: string }): void
}

/** Chats one sync frame may ask for, and messages it answers a chat. */
const maxSyncChats = 200
const maxSyncMessages = 500
const maxFrameBytes = 64 * 1024

const clientFrame = Compile(ClientFrame)

/** A client that offers sub-protocols fails when none is chosen. */
function chooseProtocol(offered: Set<string>): string | false {
  if (offered.has('parley')) return 'parley'
  const [first] = offered
  return first ?? false
}

/** The WebSocket of the inbox. */
export const realtimeRoutes =
  (deps: RealtimeDeps): FastifyPluginAsync =>
  async (app) => {
    const heartbeat = setInterval(() => deps.hub.pingAll(), 30_000).unref()
    await app.register(websocket, {
      options: { maxPayload: maxFrameBytes, handleProtocols: chooseProtocol },
      // In place of the plugin's own, which closes sockets first and without saying that they should come back.
      preClose: async () => {
        clearInterval(heartbeat)
        deps.hub.closeAll(CloseCode.serviceRestart, 'The server restarts')
        for (const socket of app.websocketServer.clients) socket.close(CloseCode.serviceRestart, 'The server restarts')
        app.websocketServer.close()
      },
    })

    app.get('/api/realtime', { websocket: true, schema: { hide: true } }, (socket, request) => {
      void open(deps, socket, request).catch((error: unknown) => {
        deps.log.error({ err: error }, 'A WebSocket could not be opened')
        socket.close(1011, 'Something went wrong on our side')
      })
    })
  }

async function open(deps: RealtimeDeps, socket: WebSocket, request: FastifyRequest): Promise<void> {
  const { hub } = deps
  const connection = new Connection(randomUUID(), socket, request.agent)
  const frames = new FrameQueue((text) => receive(deps, connection, text))
  socket.on('message', (data: Buffer) => frames.push(data.toString('utf8')))
  socket.on('pong', () => {
    connection.alive = true
  })
  socket.on('error', (error) => deps.log.debug({ err: error }, 'A WebSocket broke'))
  socket.on('close', () => {
    hub.remove(connection)
    deps.presence
      .closed(connection.id)
      .catch((error: unknown) => deps.log.error({ err: error }, 'A lost connection could not be noted; the sweeper will'))
  })
  await deps.presence.opened(connection.agent.id, connection.id)
  // Registered before the inbox is read: a change in between is told twice rather than never.
  hub.add(connection)
  for (const tile of await listInbox(deps.db, connection.agent.id)) connection.inbox.add(tile.id)
  connection.send({ type: 'hello', agent: await deps.agentOf(connection.agent.id), serverTime: deps.clock.now().toISOString() })
  frames.open()
}

/** Handles a client's frames one after the other, the first ones once `hello` is out. */
class FrameQueue {
  readonly #handle: (text: string) => Promise<void>
  readonly #opened = Promise.withResolvers<void>()
  #last: Promise<void> = this.#opened.promise

  constructor(handle: (text: string) => Promise<void>) {
    this.#handle = handle
  }

  push(text: string): void {
    this.#last = this.#last.then(() => this.#handle(text))
  }

  open(): void {
    this.#opened.resolve()
  }
}

async function receive(deps: RealtimeDeps, connection: Connection, text: string): Promise<void> {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    // Not our protocol at all: say so once and end it.
    connection.close(CloseCode.badFrame, 'Frames are JSON objects')
    return
  }
  if (!clientFrame.Check(frame)) {
    connection.send({ type: 'error', code: 'BAD_FRAME', ref: (frame as { type?: string } | null)?.type ?? null })
    return
  }
  try {
    await handle(deps, connection, frame)
  } catch (error) {
    if (!(error instanceof AppError)) deps.log.error({ err: error, frame: frame.type }, 'A WebSocket frame failed')
    connection.send({ type: 'error', code: error instanceof AppError ? error.code : 'INTERNAL', ref: frame.type })
  }
}

async function handle(deps: RealtimeDeps, connection: Connection, frame: ClientFrame): Promise<void> {
  const { agent } = connection
  switch (frame.type) {
    case 'watch':
      await deps.chats.assertVisible(agent, frame.chatId)
      deps.hub.watch(connection, frame.chatId)
      return
    case 'unwatch':
      deps.hub.unwatch(connection, frame.chatId)
      return
    case 'typing':
      await deps.chats.assertVisible(agent, frame.chatId)
      deps.typing(frame.chatId, agent)
      return
    case 'watchProcesses':
      if (agent.role !== 'admin') throw new AppError('FORBIDDEN', 403, 'Only administrators watch processes.')
      connection.watchesProcesses = true
      return
    case 'ping':
      connection.send({ type: 'pong' })
      return
    case 'sync':
      await sync(deps, connection, frame.chats)
  }
}

/** Answers what the client missed of each chat: changed messages in order, then the chat as it is. */
async function sync(deps: RealtimeDeps, connection: Connection, known: Record<string, number>): Promise<void> {
  const ids = Object.keys(known).filter((id) => /^[0-9]{1,18}$/.test(id))
  if (ids.length > maxSyncChats) throw new AppError('TOO_MANY_CHATS', 422, `One sync takes at most ${maxSyncChats} chats.`)
  const { agent } = connection
  for (const row of await listTiles(deps.db, ids)) {
    const seq = known[row.id] ?? 0
    if (row.seq <= seq) continue
    await deps.chats.assertVisible(agent, row.id)
    for (const message of await listChangedMessages(deps.db, row.id, seq, maxSyncMessages)) {
      if (message.seq > seq)
        connection.send({ type: 'chat.message', chatId: row.id, seq: message.changed_seq, message: toMessage(message) })
      else if (message.status !== null) {
        const { id, changed_seq, status, failure_reason } = message
        connection.send({
          type: 'chat.message_status',
          chatId: row.id,
          seq: changed_seq,
          messageId: id,
          status,
          failureReason: failure_reason,
        })
      }
    }
    const chat = await describeChat(deps.db, deps.details, row, agent.id)
    connection.send({ type: 'chat.updated', chatId: row.id, seq: row.seq, chat })
  }
}
