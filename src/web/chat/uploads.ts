import type { UploadedFile } from '../../contracts/files.ts'
import { ApiError, explain, isPassing } from '../api/client.ts'
import { uploadFile } from '../api/files.ts'

/** A file on its way to the server, or refused there. */
export interface Upload {
  key: string
  chatId: string
  file: File
  /** 0 to 1. */
  progress: number
  /** Why it failed; null while it is on its way. */
  error: string | null
  /** Whether the same upload may succeed later. */
  canRetry: boolean
}

function explainUpload(error: unknown): string {
  if (error instanceof ApiError && error.status === 413 && error.code.startsWith('HTTP_')) return 'The file is too large.'
  return explain(error)
}

/** Uploads files of all chats; they go on while the agent looks at another chat. */
export class Uploads {
  readonly #listeners = new Set<() => void>()
  readonly #aborts = new Map<string, AbortController>()
  readonly #done = new Map<string, UploadedFile[]>()
  #uploads: readonly Upload[] = []

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly current = (): readonly Upload[] => this.#uploads

  add(chatId: string, file: File): void {
    const upload: Upload = { key: crypto.randomUUID(), chatId, file, progress: 0, error: null, canRetry: false }
    this.#set([...this.#uploads, upload])
    void this.#run(upload)
  }

  retry(key: string): void {
    const upload = this.#uploads.find((other) => other.key === key)
    if (!upload) return
    this.#change(key, { progress: 0, error: null })
    void this.#run(upload)
  }

  /** Breaks off an upload, or forgets a refused one. */
  remove(key: string): void {
    this.#aborts.get(key)?.abort()
    this.#set(this.#uploads.filter((upload) => upload.key !== key))
  }

  stop(): void {
    for (const abort of this.#aborts.values()) abort.abort()
  }

  /** Hands over what has arrived for a chat since it was last asked for. */
  takeDone(chatId: string): UploadedFile[] {
    const files = this.#done.get(chatId) ?? []
    this.#done.delete(chatId)
    return files
  }

  async #run({ key, chatId, file }: Upload): Promise<void> {
    const abort = new AbortController()
    this.#aborts.set(key, abort)
    try {
      const onProgress = (progress: number) => this.#change(key, { progress })
      const uploaded = await uploadFile(file, { onProgress, signal: abort.signal })
      this.#done.set(chatId, [...(this.#done.get(chatId) ?? []), uploaded])
      this.#set(this.#uploads.filter((upload) => upload.key !== key))
    } catch (error) {
      // The agent took the file away: there is nobody to tell.
      if (!abort.signal.aborted) this.#change(key, { error: explainUpload(error), canRetry: isPassing(error) })
    } finally {
      this.#aborts.delete(key)
    }
  }

  #change(key: string, change: Partial<Upload>): void {
    this.#set(this.#uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)))
  }

  #set(uploads: readonly Upload[]): void {
    this.#uploads = uploads
    for (const listener of this.#listeners) listener()
  }
}
