import type { Logger } from '../../platform/log.ts'

/**
 * Looks at queues one after the other in this process, each once however often it was asked meanwhile. What a crash
 * loses here is still in routing_requests.
 */
export class QueuePump {
  readonly #look: (queueId: string) => Promise<void>
  readonly #log: Logger
  readonly #waiting = new Set<string>()
  #running: Promise<void> | undefined

  constructor(options: { look: (queueId: string) => Promise<void>; log: Logger }) {
    this.#look = options.look
    this.#log = options.log
  }

  push(queueIds: readonly string[]): void {
    for (const id of queueIds) this.#waiting.add(id)
    if (this.#waiting.size > 0) this.#running ??= this.#run()
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    for (const queueId of this.#waiting) {
      this.#waiting.delete(queueId)
      try {
        await this.#look(queueId)
      } catch (error) {
        // The requests stay in the database; the sweeper tries again.
        this.#log.error({ err: error, queueId }, 'The waiting chats of a queue could not be offered now')
      }
    }
    this.#running = undefined
  }
}
