import type { Logger } from '../../platform/log.ts'

/**
 * Handles process inboxes in this process right after a commit: each chat one at a time, a few chats at once.
 * It holds nothing that matters: what a crash loses here, the sweeper finds in the database.
 */
export class ChatPump {
  readonly #advance: (chatId: string) => Promise<void>
  readonly #limit: number
  readonly #log: Logger
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, { again: boolean }>()
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: { advance: (chatId: string) => Promise<void>; concurrency: number; log: Logger }) {
    this.#advance = options.advance
    this.#limit = options.concurrency
    this.#log = options.log
  }

  push(chatId: string): void {
    const running = this.#running.get(chatId)
    if (running) running.again = true
    else this.#waiting.add(chatId)
    this.#next()
  }

  get size(): number {
    return this.#waiting.size + this.#running.size
  }

  /** Resolves when nothing is waiting or running. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }

  #next(): void {
    for (const chatId of this.#waiting) {
      if (this.#running.size >= this.#limit) return
      this.#waiting.delete(chatId)
      this.#running.set(chatId, { again: false })
      void this.#run(chatId)
    }
  }

  async #run(chatId: string): Promise<void> {
    try {
      await this.#advance(chatId)
    } catch (error) {
      // The facts stay in the process inbox; the sweeper tries again.
      this.#log.error({ err: error, chatId }, 'The process inbox of a chat could not be handled now')
    }
    const again = this.#running.get(chatId)?.again ?? false
    this.#running.delete(chatId)
    if (again) this.#waiting.add(chatId)
    this.#next()
    if (this.size === 0) {
      this.#idle?.resolve()
      this.#idle = undefined
    }
  }
}
