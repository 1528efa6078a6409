import { Worker } from 'node:worker_threads'

/**
 * What is left of a message for telling its language: addresses, mentions and numbers say nothing and mislead
 * (an URL alone is taken for French).
 */
export function wordsOf(text: string): string {
  return text
    .replace(/\bhttps?:\/\/\S+|\bwww\.\S+/giu, ' ')
    .replace(/\S+@\S+\.\S+/gu, ' ')
    .replace(/[@#][\p{L}\p{N}_]+/gu, ' ')
    .replace(/[\p{L}-]*\d[\p{L}\d-]*/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
}

/** A detector wants a few letters and more than a word or two to be sure. */
export const isEnough = (words: string): boolean => (words.match(/\p{L}/gu)?.length ?? 0) >= 3

/**
 * Tells the language of texts with eld (medium model, 0.4 s to load and about 200 MB), in a thread of its own, started
 * at the first question.
 */
export class LanguageDetector {
  #worker: Worker | undefined
  #next = 0
  readonly #waiting = new Map<number, PromiseWithResolvers<string | null>>()

  /** ISO 639-1 code, or null when the text is too short or the detector is not sure. */
  async detect(text: string): Promise<string | null> {
    const words = wordsOf(text)
    if (!isEnough(words)) return null
    const worker = this.#start()
    const id = this.#next++
    const answer = Promise.withResolvers<string | null>()
    this.#waiting.set(id, answer)
    worker.postMessage({ id, text: words.slice(0, 2000) })
    return answer.promise
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./detector-worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', ({ id, language }: { id: number; language: string | null }) => {
      this.#waiting.get(id)?.resolve(language)
      this.#waiting.delete(id)
    })
    const fail = (error: Error): void => {
      for (const answer of this.#waiting.values()) answer.reject(error)
      this.#waiting.clear()
      if (this.#worker === worker) this.#worker = undefined
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('The language detector ended')))
    this.#worker = worker
    return worker
  }
}
