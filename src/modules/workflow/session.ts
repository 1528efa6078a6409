import type { ChatEvent } from './workflow.events.ts'

/** Events raised while an event is handled are its children; this many generations are handled in one transaction. */
const maxGenerations = 10

interface Raised {
  event: ChatEvent
  generation: number
}

/** What one transaction has raised and touched while it holds a chat's lock. */
export class Session {
  /** Chats whose wake times are computed at the end. */
  readonly chatIds: Set<string>
  /** The chat whose lock the transaction holds for certain. */
  readonly ownChatId: string
  #completed = new Set<string>()
  #queue: Raised[] = []
  /** Of the event being handled. */
  #generation = 0

  constructor(chatId: string) {
    this.ownChatId = chatId
    this.chatIds = new Set([chatId])
  }

  /** Chats completed in this transaction. */
  get completedChatIds(): ReadonlySet<string> {
    return this.#completed
  }

  /** The event will be handled in this transaction, after everything raised before it. */
  raise(event: ChatEvent): void {
    if (event.name === 'chat.completed') this.#completed.add(event.chatId)
    this.chatIds.add(event.chatId)
    this.#queue.push({ event, generation: this.#generation + 1 })
  }

  /** The event raised first of those not handled yet; it becomes the one being handled. */
  next(): ChatEvent | undefined {
    const raised = this.#queue.shift()
    this.#generation = raised?.generation ?? 0
    return raised?.event
  }

  /** Whether processes have raised each other's events too many times over. */
  get isTooDeep(): boolean {
    return this.#queue.some((raised) => raised.generation > maxGenerations)
  }

  /** Runs `action`; when it throws, what it raised is forgotten. */
  async undoing<T>(action: () => Promise<T>): Promise<T> {
    const queued = this.#queue.length
    const completed = new Set(this.#completed)
    try {
      return await action()
    } catch (error) {
      this.#queue.length = queued
      this.#completed = completed
      throw error
    }
  }
}

export const eventLoopMessage = (processName: string) =>
  `Events raised by "${processName}" call each other more than ${maxGenerations} times over. Look for processes that react to what they raise.`
