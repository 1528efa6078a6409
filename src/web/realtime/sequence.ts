/** A sync not answered for so long was lost, or the server had nothing to tell. */
const answerWithinMs = 3_000

interface Progress {
  /** Everything up to here was applied. */
  known: number
  /** Numbers after a hole. */
  ahead: Set<number>
  /** When a sync was asked for and not answered yet, in milliseconds; null = none. */
  askedAt: number | null
}

/**
 * Which part of each chat's gap-free sequence this page has seen. A hole means a frame was missed and the server must be
 * asked; the answer to that ends with a `chat.updated` that carries the newest number.
 */
export class SequenceTracker {
  readonly #chats = new Map<string, Progress>()

  /** The chat was loaded over HTTP and is complete up to `seq`. */
  loaded(chatId: string, seq: number): void {
    const progress = this.#chats.get(chatId)
    if (!progress) this.#chats.set(chatId, { known: seq, ahead: new Set(), askedAt: null })
    else if (seq > progress.known) this.#advance(progress, seq)
  }

  /**
   * A frame with this number was applied.
   * @returns whether something before it is missing; always false for chats that were never loaded.
   */
  applied(chatId: string, seq: number): boolean {
    const progress = this.#chats.get(chatId)
    if (!progress || seq <= progress.known) return false
    progress.ahead.add(seq)
    this.#advance(progress, progress.known)
    return progress.ahead.size > 0
  }

  /** Whether the chat is known to have moved further than this page has seen. */
  isBehind(chatId: string, seq: number): boolean {
    const progress = this.#chats.get(chatId)
    return progress !== undefined && seq > progress.known
  }

  /** @returns false when a sync of this chat is under way already. */
  beginSync(chatId: string, nowMs: number): boolean {
    const progress = this.#chats.get(chatId)
    if (!progress || (progress.askedAt !== null && nowMs - progress.askedAt < answerWithinMs)) return false
    progress.askedAt = nowMs
    return true
  }

  /** The newest state of the chat arrived: when it answers a sync, everything up to `seq` is here. */
  refreshed(chatId: string, seq: number, nowMs: number): boolean {
    const progress = this.#chats.get(chatId)
    if (progress?.askedAt == null || nowMs - progress.askedAt > answerWithinMs) return this.applied(chatId, seq)
    progress.askedAt = null
    this.#advance(progress, seq)
    return false
  }

  known(chatId: string): number | undefined {
    return this.#chats.get(chatId)?.known
  }

  /** What to send as `sync`: the last known number of every chat this page has loaded. */
  snapshot(nowMs: number): Record<string, number> {
    const chats: Record<string, number> = {}
    for (const [chatId, progress] of this.#chats) {
      progress.askedAt = nowMs
      chats[chatId] = progress.known
    }
    return chats
  }

  forget(chatId: string): void {
    this.#chats.delete(chatId)
  }

  #advance(progress: Progress, seq: number): void {
    progress.known = Math.max(progress.known, seq)
    for (const ahead of progress.ahead) if (ahead <= progress.known) progress.ahead.delete(ahead)
    while (progress.ahead.delete(progress.known + 1)) progress.known += 1
  }
}
