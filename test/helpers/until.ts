import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** How long to wait before giving up; 10 s unless told. */
  timeoutMs?: number
  /** The pause between two looks; 10 ms unless told. */
  everyMs?: number
  /** What is waited for, for the error. */
  message?: string
}

/**
 * Waits until the condition gives something other than undefined, null, false, 0 or '' and answers that.
 * Throws when the time is up, naming what was waited for; an error of the condition itself is thrown at once.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, everyMs = 10, message = condition.toString() } = options
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for: ${message}`)
    await delay(everyMs)
  }
}
