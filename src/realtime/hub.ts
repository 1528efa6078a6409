import type { Kysely } from 'kysely'
import type { Agent, ServerFrame } from '../contracts/index.ts'
import { type ChatChange, type ChatDetails, describeChat, inInboxOf, listTiles, type TileRow, toTile } from '../modules/chats/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Relay } from '../platform/relay/relay.ts'
import type { Schema } from '../schema.ts'
import type { Connection } from './connection.ts'
import { Viewers, type ViewingReport } from './viewers.ts'

/** Changes of one moment are told together, after this many milliseconds. */
const batchMs = 4

/** An id that no agent has: who reads as nobody sees no draft, not even one saved this moment. */
const nobody = '0'

/** What nodes tell each other; nothing depends on it arriving. */
export interface RelayTopics {
  'chat.changed': ChatChange
  'agent.changed': { agent: Agent }
  'sessions.ended': { agentId: string; sessionIds: string[] | null; code: number }
  notification: { agentIds: string[]; frame: Extract<ServerFrame, { type: 'notification' }> }
  'chat.typing': { chatId: string; frame: Extract<ServerFrame, { type: 'chat.typing' }> }
  'chat.viewing': ViewingReport
  'chat.translated': { chatId: string; enabled: boolean }
  'process.changed': { instanceId: string; key: string; state: string; chatId: string | null }
  'channel.changed': { channelId: string }
  'settings.changed': { code: string }
}

export interface HubOptions {
  db: Kysely<Schema>
  relay: Relay
  details: ChatDetails
  log: Logger
  clock: Clock
  nodeId: string
}

/**
 * Tells connected agents what changed. It reads the chat as it is when it tells, so that rights are checked at the
 * moment of the push: a chat that left an agent's inbox is removed there whatever the reason.
 */
export class Hub {
  readonly #options: HubOptions
  readonly #connections = new Map<string, Connection>()
  #pending = new Map<string, ChatChange[]>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  readonly #viewers: Viewers

  constructor(options: HubOptions) {
    this.#options = options
    this.#viewers = new Viewers(options.clock)
  }

  /** Listens to the other nodes. */
  async start(): Promise<void> {
    await this.#on('chat.changed', (change) => this.#collect(change))
    await this.#on('agent.changed', ({ agent }) => this.#agentChanged(agent))
    await this.#on('sessions.ended', ({ agentId, sessionIds, code }) => {
      for (const connection of this.#connections.values()) {
        const credential = connection.agent.sessionId ?? connection.agent.tokenId
        const ended = sessionIds === null || (credential !== null && sessionIds.includes(credential))
        if (connection.agent.id === agentId && ended) connection.close(code, 'The session has ended')
      }
    })
    await this.#on('notification', ({ agentIds, frame }) => this.#broadcast(frame, (connection) => agentIds.includes(connection.agent.id)))
    await this.#on('chat.typing', ({ chatId, frame }) => this.#broadcast(frame, (connection) => connection.watching.has(chatId)))
    await this.#on('chat.viewing', (report) => {
      if (this.#viewers.take(report)) this.#tellViewers(report.chatId)
    })
    await this.#on('process.changed', (change) =>
      this.#broadcast({ type: 'process.updated', ...change }, (connection) => connection.watchesProcesses),
    )
  }

  get size(): number {
    return this.#connections.size
  }

  add(connection: Connection): void {
    this.#connections.set(connection.id, connection)
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection.id)
    for (const chatId of connection.watching) this.#reportViewing(chatId)
  }

  /** The client looks at the chat from now on: it gets its frames, and others see that the agent is there. */
  watch(connection: Connection, chatId: string): void {
    connection.watching.add(chatId)
    this.#reportViewing(chatId)
    connection.send({ type: 'chat.viewers', chatId, viewers: this.#viewers.of(chatId) })
  }

  unwatch(connection: Connection, chatId: string): void {
    connection.watching.delete(chatId)
    this.#reportViewing(chatId)
  }

  /** Finds dead sockets, and tells the other nodes again what is looked at here. */
  pingAll(): void {
    const watched = new Set<string>()
    for (const connection of this.#connections.values()) {
      connection.ping()
      for (const chatId of connection.watching) watched.add(chatId)
    }
    for (const chatId of watched) this.#reportViewing(chatId)
  }

  /** Ends every socket, as the server does before it goes. */
  closeAll(code: number, reason: string): void {
    clearTimeout(this.#timer)
    for (const connection of this.#connections.values()) connection.close(code, reason)
  }

  async #on<T extends keyof RelayTopics>(topic: T, handler: (message: RelayTopics[T]) => void): Promise<void> {
    await this.#options.relay.subscribe(topic, (message) => handler(message as RelayTopics[T]))
  }

  #collect(change: ChatChange): void {
    if (this.#connections.size === 0) return
    const changes = this.#pending.get(change.chatId)
    if (changes) changes.push(change)
    else this.#pending.set(change.chatId, [change])
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flushing = this.#flushing.then(() => this.#flush())
    }, batchMs)
  }

  async #flush(): Promise<void> {
    const batch = this.#pending
    this.#pending = new Map()
    // Clients see the gap in the sequence with the next frame and ask for what they missed.
    const report = (error: unknown, chatId: string | null): void =>
      this.#options.log.error({ err: error, chatId, chats: batch.size }, 'Changes could not be pushed')
    let rows: TileRow[]
    try {
      rows = await listTiles(this.#options.db, [...batch.keys()])
    } catch (error) {
      return report(error, null)
    }
    for (const row of rows) {
      try {
        await this.#tell(row, batch.get(row.id) ?? [])
      } catch (error) {
        report(error, row.id)
      }
    }
  }

  async #tell(row: TileRow, changes: ChatChange[]): Promise<void> {
    changes.sort((a, b) => a.seq - b.seq)
    const updated = changes.some((change) => change.kind === 'updated')
    const frames = changes.flatMap((change) => changeFrame(change))
    const chatFrame = this.#chatFrames(row)
    for (const connection of this.#connections.values()) {
      const { agent } = connection
      const now = inInboxOf(row, agent.id)
      const before = connection.inbox.has(row.id)
      const watches = connection.watching.has(row.id) && this.#maySee(connection, row)
      if (!now && !before && !watches) continue
      for (const frame of frames) connection.sendText(frame)
      if (updated) connection.sendText(await chatFrame(agent.id))
      if (now) {
        connection.inbox.add(row.id)
        connection.send({ type: 'inbox.upsert', tile: toTile(row, agent.id), seq: row.seq })
      } else if (before) {
        connection.inbox.delete(row.id)
        connection.send({ type: 'inbox.remove', chatId: row.id, seq: row.seq })
      }
    }
  }

  /**
   * Reads the whole chat for those who are told of it. An agent's draft is all that one sees and another does not, so the
   * agents without a draft share one reading: a chat offered to a hundred agents is read once.
   */
  #chatFrames(row: TileRow): (agentId: string) => Promise<string> {
    const read = async (agentId: string): Promise<string> => {
      const chat = await describeChat(this.#options.db, this.#options.details, row, agentId)
      return JSON.stringify({ type: 'chat.updated', chatId: row.id, seq: row.seq, chat } satisfies ServerFrame)
    }
    let shared: Promise<string> | undefined
    return (agentId) => {
      if (row.draft_of.includes(agentId)) return read(agentId)
      shared ??= read(nobody)
      return shared
    }
  }

  #maySee(connection: Connection, row: TileRow): boolean {
    const { agent } = connection
    return agent.role !== 'agent' || row.agent_id === agent.id || agent.queueIds.includes(row.queue_id) || row.offered_to.includes(agent.id)
  }

  #reportViewing(chatId: string): void {
    const agents = new Map<string, { id: string; name: string }>()
    for (const { agent, watching } of this.#connections.values())
      if (watching.has(chatId)) agents.set(agent.id, { id: agent.id, name: agent.name })
    const report: ViewingReport = { nodeId: this.#options.nodeId, chatId, agents: [...agents.values()] }
    void this.#options.relay.publish('chat.viewing', report)
  }

  #tellViewers(chatId: string): void {
    this.#broadcast({ type: 'chat.viewers', chatId, viewers: this.#viewers.of(chatId) }, (connection) => connection.watching.has(chatId))
  }

  #agentChanged(agent: Agent): void {
    this.#broadcast({ type: 'agent.updated', agent }, (connection) => connection.agent.role !== 'agent' || connection.agent.id === agent.id)
  }

  #broadcast(frame: ServerFrame, to: (connection: Connection) => boolean): void {
    const text = JSON.stringify(frame)
    for (const connection of this.#connections.values()) if (to(connection)) connection.sendText(text)
  }
}

/** The frame of a change, serialized once for all who get it; an update is read anew for each agent. */
function changeFrame(change: ChatChange): string[] {
  switch (change.kind) {
    case 'message': {
      const { chatId, seq, message } = change
      return [JSON.stringify({ type: 'chat.message', chatId, seq, message } satisfies ServerFrame)]
    }
    case 'message_status': {
      const { chatId, seq, messageId, status, failureReason } = change
      return [JSON.stringify({ type: 'chat.message_status', chatId, seq, messageId, status, failureReason } satisfies ServerFrame)]
    }
    case 'updated':
      return []
  }
}
