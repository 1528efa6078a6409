import type { WebSocket } from '@fastify/websocket'
import { CloseCode, type ServerFrame } from '../contracts/index.ts'
import type { Viewer } from '../modules/chats/index.ts'

/** Unsent bytes at which a client counts as too slow; it must reconnect and ask for what it missed. */
const maxBufferedBytes = 1024 * 1024

/** One agent's socket: who it is, which chats it was told about, which it watches. */
export class Connection {
  readonly id: string
  readonly agent: Viewer & { sessionId: string | null; tokenId: string | null }
  /** Chats the client has in its inbox, as far as it was told. */
  readonly inbox = new Set<string>()
  readonly watching = new Set<string>()
  watchesProcesses = false
  alive = true
  readonly #socket: WebSocket

  constructor(id: string, socket: WebSocket, agent: Viewer & { sessionId: string | null; tokenId: string | null }) {
    this.id = id
    this.agent = agent
    this.#socket = socket
  }

  send(frame: ServerFrame): void {
    this.sendText(JSON.stringify(frame))
  }

  /** Sends a frame that was serialized once for many. */
  sendText(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > maxBufferedBytes) {
      this.close(CloseCode.slowConsumer, 'Too slow: reconnect and sync')
      return
    }
    this.#socket.send(text)
  }

  ping(): void {
    if (!this.alive) {
      this.#socket.terminate()
      return
    }
    this.alive = false
    this.#socket.ping()
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
}
