import { type ClientFrame, CloseCode, type ServerFrame } from '../../contracts/realtime.ts'

/** `waiting` = between two attempts; `ended` = the session is over, nobody reconnects. */
export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'ended'

export interface SocketHandlers {
  onFrame: (frame: ServerFrame) => void
  onState: (state: ConnectionState) => void
  /** The server refused the upgrade or could not be reached; the session may be over. */
  onRefused: () => void
}

const pingEveryMs = 20_000
const answerWithinMs = 10_000
const firstDelayMs = 500
const longestDelayMs = 20_000
/** A restarting server needs a moment; everybody coming back at once would only slow it down. */
const restartDelayMs = 1_500

/**
 * Milliseconds before attempt number `attempt` (0 is the first retry): doubling, capped, with half of it random so that
 * agents do not come back in step.
 */
export function reconnectDelay(attempt: number, random: () => number, base = firstDelayMs): number {
  const full = Math.min(longestDelayMs, base * 2 ** attempt)
  return full / 2 + random() * (full / 2)
}

/** One connection to `/api/realtime` that comes back by itself until the session ends or `stop` is called. */
export class RealtimeSocket {
  readonly #url: string
  readonly #handlers: SocketHandlers
  #socket: WebSocket | null = null
  #attempt = 0
  #retryTimer = 0
  #pingTimer = 0
  #answerTimer = 0
  #stopped = true

  constructor(url: string, handlers: SocketHandlers) {
    this.#url = url
    this.#handlers = handlers
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    window.addEventListener('online', this.#hurry)
    document.addEventListener('visibilitychange', this.#hurry)
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    window.removeEventListener('online', this.#hurry)
    document.removeEventListener('visibilitychange', this.#hurry)
    this.#clearTimers()
    this.#drop()
  }

  /** @returns false when there is no connection; nothing is queued, because `hello` starts a full sync. */
  send(frame: ClientFrame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  /** The network is back or the agent looks at the page again: no reason to wait. */
  readonly #hurry = (): void => {
    if (document.visibilityState !== 'visible') return
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ping()
    else if (this.#socket === null) this.#connect()
  }

  #connect(): void {
    this.#clearTimers()
    this.#handlers.onState('connecting')
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    let opened = false
    socket.onopen = () => {
      opened = true
      this.#attempt = 0
      this.#handlers.onState('open')
      this.#pingTimer = window.setInterval(() => this.#ping(), pingEveryMs)
    }
    socket.onmessage = (event: MessageEvent<string>) => {
      window.clearTimeout(this.#answerTimer)
      this.#answerTimer = 0
      this.#handlers.onFrame(JSON.parse(event.data) as ServerFrame)
    }
    socket.onclose = (event) => this.#closed(event.code, opened)
  }

  #closed(code: number, opened: boolean): void {
    this.#clearTimers()
    this.#socket = null
    if (this.#stopped) return
    if (code === CloseCode.sessionEnded) {
      this.#stopped = true
      this.#handlers.onState('ended')
      return
    }
    if (!opened) this.#handlers.onRefused()
    this.#handlers.onState('waiting')
    const base = code === CloseCode.serviceRestart ? restartDelayMs : firstDelayMs
    this.#retryTimer = window.setTimeout(() => this.#connect(), reconnectDelay(this.#attempt, Math.random, base))
    this.#attempt += 1
  }

  /** A connection can be dead without a close event (sleep, lost Wi-Fi): ask, and give up when nothing comes back. */
  #ping(): void {
    if (!this.send({ type: 'ping' }) || this.#answerTimer !== 0) return
    this.#answerTimer = window.setTimeout(() => {
      this.#drop()
      this.#closed(1006, true)
    }, answerWithinMs)
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }

  #clearTimers(): void {
    window.clearTimeout(this.#retryTimer)
    window.clearInterval(this.#pingTimer)
    window.clearTimeout(this.#answerTimer)
    this.#answerTimer = 0
  }
}
