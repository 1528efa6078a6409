import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import type { Agent } from '../../contracts/agents.ts'
import type { ChatTile, Inbox } from '../../contracts/chats.ts'
import type { ClientFrame, ServerFrame } from '../../contracts/realtime.ts'
import { keys } from '../api/keys.ts'
import { setServerTime } from '../ui/server-clock.ts'
import { applyFrame, findTile } from './apply-frame.ts'
import { SequenceTracker } from './sequence.ts'
import { type ConnectionState, RealtimeSocket } from './socket.ts'

/** What pages may want to hear besides the query cache. */
export interface RealtimeListener {
  /** A tile appeared or changed; `before` is what the inbox held. */
  onTile?: (tile: ChatTile, before: ChatTile | undefined) => void
  onNotification?: (frame: Extract<ServerFrame, { type: 'notification' }>) => void
}

/** How long a push may lag behind another one about the same chat before it counts as lost. */
const settleMs = 1_200

/** Feeds the query cache from the socket and asks for what was missed. */
export class Realtime {
  readonly tracker = new SequenceTracker()
  readonly #client: QueryClient
  readonly #socket: RealtimeSocket
  readonly #listeners = new Set<RealtimeListener>()
  readonly #watched = new Set<string>()
  readonly #checks = new Map<string, number>()

  constructor(client: QueryClient, onState: (state: ConnectionState) => void) {
    this.#client = client
    const url = new URL('/api/realtime', window.location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.#socket = new RealtimeSocket(url.href, {
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => {
        if (state === 'ended') client.setQueryData<Agent | null>(keys.session, null)
        onState(state)
      },
      onRefused: () => void client.invalidateQueries({ queryKey: keys.session }),
    })
  }

  start(): void {
    this.#socket.start()
  }

  stop(): void {
    this.#socket.stop()
    for (const timer of this.#checks.values()) window.clearTimeout(timer)
    this.#checks.clear()
  }

  send(frame: ClientFrame): boolean {
    return this.#socket.send(frame)
  }

  listen(listener: RealtimeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Follows a chat while it is open. */
  watch(chatId: string): () => void {
    this.#watched.add(chatId)
    this.send({ type: 'watch', chatId })
    return () => {
      this.#watched.delete(chatId)
      this.send({ type: 'unwatch', chatId })
    }
  }

  #receive(frame: ServerFrame): void {
    const before = frame.type === 'inbox.upsert' ? findTile(this.#client.getQueryData<Inbox>(keys.inbox), frame.tile.id) : undefined
    applyFrame(this.#client, frame)
    switch (frame.type) {
      case 'hello':
        this.#greeted(frame.serverTime)
        return
      case 'inbox.upsert':
        if (this.#watched.has(frame.tile.id) && this.tracker.isBehind(frame.tile.id, frame.seq)) this.#checkSoon(frame.tile.id)
        for (const listener of this.#listeners) listener.onTile?.(frame.tile, before)
        return
      case 'chat.message':
      case 'chat.message_status':
        if (this.tracker.applied(frame.chatId, frame.seq)) this.#checkSoon(frame.chatId)
        return
      case 'chat.updated':
        if (this.tracker.refreshed(frame.chatId, frame.seq, Date.now())) this.#checkSoon(frame.chatId)
        return
      case 'notification':
        for (const listener of this.#listeners) listener.onNotification?.(frame)
        return
      case 'error':
        console.warn(`Parley refused a realtime frame: ${frame.code}`)
        return
      default:
        return
    }
  }

  /** A new connection knows nothing of this page: say what is watched and what is known, and fetch the inbox anew. */
  #greeted(serverTime: string): void {
    setServerTime(serverTime)
    for (const chatId of this.#watched) this.send({ type: 'watch', chatId })
    const chats = this.tracker.snapshot(Date.now())
    if (Object.keys(chats).length > 0) this.send({ type: 'sync', chats })
    void this.#client.invalidateQueries({ queryKey: keys.inbox })
    for (const chatId of this.#watched) void this.#client.invalidateQueries({ queryKey: keys.chat(chatId) })
  }

  /** Frames about one change come in any order; only a hole that stays is a loss. */
  #checkSoon(chatId: string): void {
    if (this.#checks.has(chatId)) return
    const expected = this.tracker.known(chatId)
    const timer = window.setTimeout(() => {
      this.#checks.delete(chatId)
      const known = this.tracker.known(chatId)
      if (known === undefined || known !== expected || !this.tracker.beginSync(chatId, Date.now())) return
      if (!this.send({ type: 'sync', chats: { [chatId]: known } })) return
      // HTTP answers even when the socket does not.
      void this.#client.invalidateQueries({ queryKey: keys.messages(chatId) })
    }, settleMs)
    this.#checks.set(chatId, timer)
  }
}

interface RealtimeValue {
  realtime: Realtime
  state: ConnectionState
}

const RealtimeContext = createContext<RealtimeValue | null>(null)

/** Keeps one socket open for as long as somebody is logged in. */
export function RealtimeProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [state, setState] = useState<ConnectionState>('connecting')
  const [realtime] = useState(() => new Realtime(client, setState))
  useEffect(() => {
    realtime.start()
    return () => realtime.stop()
  }, [realtime])
  const value = useMemo(() => ({ realtime, state }), [realtime, state])
  return <RealtimeContext value={value}>{children}</RealtimeContext>
}

/** @throws Error outside of RealtimeProvider. */
export function useRealtime(): RealtimeValue {
  const value = useContext(RealtimeContext)
  if (!value) throw new Error('useRealtime needs a RealtimeProvider above it')
  return value
}
