import type { Clock } from '../platform/clock.ts'
import type { Relay } from '../platform/relay/relay.ts'
import type { RelayTopics } from './hub.ts'

/** How long one sign of typing counts, in milliseconds. */
const typingMs = 5_000

/** Who is typing where, known on every node for a few seconds and stored nowhere. */
export class TypingIndicators {
  readonly #relay: Relay
  readonly #clock: Clock
  readonly #until = new Map<string, number>()

  constructor(relay: Relay, clock: Clock) {
    this.#relay = relay
    this.#clock = clock
  }

  async start(): Promise<void> {
    await this.#relay.subscribe('chat.typing', (message) => {
      const { chatId, frame } = message as RelayTopics['chat.typing']
      if (frame.author.kind !== 'agent') return
      const now = this.#clock.now().getTime()
      for (const [id, until] of this.#until) if (until < now) this.#until.delete(id)
      this.#until.set(chatId, now + typingMs)
    })
  }

  /** An agent is typing: other agents who watch the chat see it, and a simulated customer does. */
  agentTypes(chatId: string, agent: { id: string; name: string }): void {
    const frame = { type: 'chat.typing' as const, chatId, author: { kind: 'agent', id: agent.id, name: agent.name } }
    void this.#relay.publish('chat.typing', { chatId, frame } satisfies RelayTopics['chat.typing'])
  }

  /** Whether an agent has typed in the chat within the last seconds. */
  isTyping(chatId: string): boolean {
    return (this.#until.get(chatId) ?? 0) > this.#clock.now().getTime()
  }
}
