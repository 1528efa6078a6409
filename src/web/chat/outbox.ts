import type { Message, MessageSend } from '../../contracts/chats.ts'
import type { UploadedFile } from '../../contracts/files.ts'
import { sendMessage } from '../api/chats.ts'
import { explain, isPassing } from '../api/client.ts'
import { readStored, writeStored } from '../ui/stored.ts'

/** What the agent sends. */
export interface OutgoingContent {
  text: string
  note: boolean
  /** Uploaded already. */
  files: UploadedFile[]
  /** The template the text was made from. */
  templateId: string | null
  /** False = send as written although the chat is translated. */
  translate: boolean
}

/** A message the agent sent that the server has not confirmed yet. */
export interface OutboxEntry extends OutgoingContent {
  clientId: string
  chatId: string
  /** ISO instant when the agent pressed Enter. */
  at: string
  /** `retrying` = no answer yet, tried again by itself; `refused` = the server said no and the agent must decide. */
  state: 'sending' | 'retrying' | 'refused'
  reason: string | null
}

const firstDelayMs = 1_000
const longestDelayMs = 15_000

/** What an entry lacks that an older version of this page stored. */
const laterFields = { files: [], templateId: null, translate: true }

function bodyOf({ text, note, files, templateId, translate, clientId }: OutboxEntry): MessageSend {
  return {
    clientId,
    ...(text === '' ? {} : { text }),
    ...(files.length === 0 ? {} : { fileIds: files.map((file) => file.id) }),
    ...(templateId === null || note ? {} : { templateId }),
    ...(note ? { note: true } : {}),
    ...(translate ? {} : { translate: false }),
  }
}

/**
 * Sends messages in order per chat and never loses one: an entry is in the browser's storage before the first attempt and
 * stays until the server has confirmed its clientId, over reloads and network failures.
 */
export class Outbox {
  readonly #key: string
  readonly #onSent: (message: Message) => void
  readonly #listeners = new Set<() => void>()
  readonly #busy = new Set<string>()
  readonly #timers = new Map<string, number>()
  #entries: readonly OutboxEntry[]
  #attempts = 0

  constructor(agentId: string, onSent: (message: Message) => void) {
    this.#key = `parley.outbox.${agentId}`
    this.#onSent = onSent
    this.#entries = (readStored<OutboxEntry[]>(this.#key) ?? []).map((entry) => ({ ...laterFields, ...entry }))
  }

  /** Takes up what an earlier page left behind. */
  start(): void {
    window.addEventListener('online', this.#retryAll)
    this.#retryAll()
  }

  stop(): void {
    window.removeEventListener('online', this.#retryAll)
    for (const timer of this.#timers.values()) window.clearTimeout(timer)
    this.#timers.clear()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly entries = (): readonly OutboxEntry[] => this.#entries

  add(chatId: string, content: OutgoingContent): void {
    const entry: OutboxEntry = {
      ...content,
      clientId: crypto.randomUUID(),
      chatId,
      at: new Date().toISOString(),
      state: 'sending',
      reason: null,
    }
    this.#set([...this.#entries, entry])
    void this.#flush(chatId)
  }

  /** Sends a refused entry again. */
  retry(clientId: string): void {
    const entry = this.#entries.find((other) => other.clientId === clientId)
    if (!entry) return
    this.#change(clientId, { state: 'sending', reason: null })
    void this.#flush(entry.chatId)
  }

  /** Forgets a refused entry. */
  discard(clientId: string): void {
    this.#set(this.#entries.filter((entry) => entry.clientId !== clientId))
  }

  /** The connection is back: do not wait for the timers. */
  readonly #retryAll = (): void => {
    for (const chatId of new Set(this.#entries.map((entry) => entry.chatId))) void this.#flush(chatId)
  }

  async #flush(chatId: string): Promise<void> {
    if (this.#busy.has(chatId)) return
    this.#busy.add(chatId)
    window.clearTimeout(this.#timers.get(chatId))
    try {
      for (let entry = this.#next(chatId); entry; entry = this.#next(chatId)) {
        if (!(await this.#send(entry))) break
      }
    } finally {
      this.#busy.delete(chatId)
    }
  }

  #next(chatId: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.chatId === chatId && entry.state !== 'refused')
  }

  /** @returns false when nothing more can go out now. */
  async #send(entry: OutboxEntry): Promise<boolean> {
    try {
      const message = await sendMessage(entry.chatId, bodyOf(entry))
      this.#attempts = 0
      this.#onSent(message)
      this.discard(entry.clientId)
      return true
    } catch (error) {
      if (!isPassing(error)) {
        this.#change(entry.clientId, { state: 'refused', reason: explain(error) })
        return true
      }
      this.#change(entry.clientId, { state: 'retrying', reason: explain(error) })
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#attempts)
      this.#attempts += 1
      this.#timers.set(
        entry.chatId,
        window.setTimeout(() => void this.#flush(entry.chatId), delay),
      )
      return false
    }
  }

  #change(clientId: string, change: Partial<OutboxEntry>): void {
    this.#set(this.#entries.map((entry) => (entry.clientId === clientId ? { ...entry, ...change } : entry)))
  }

  #set(entries: readonly OutboxEntry[]): void {
    this.#entries = entries
    writeStored(this.#key, entries.length === 0 ? null : entries)
    for (const listener of this.#listeners) listener()
  }
}
