/**
 * The open chats that are translated, in memory on every node, so that the hot path can tell without asking the
 * database. It may be behind for a moment; the sweeper finds what was missed.
 */
export class TranslatedChats {
  readonly #ids = new Set<string>()

  has(chatId: string): boolean {
    return this.#ids.has(chatId)
  }

  set(chatId: string, enabled: boolean): void {
    if (enabled) this.#ids.add(chatId)
    else this.#ids.delete(chatId)
  }

  replace(chatIds: readonly string[]): void {
    this.#ids.clear()
    for (const id of chatIds) this.#ids.add(id)
  }
}
