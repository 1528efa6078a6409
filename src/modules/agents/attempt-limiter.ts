import { isIPv6 } from 'node:net'
import type { Clock } from '../../platform/clock.ts'

export interface AttemptLimits {
  /** Attempts that a window has room for. */
  max: number
  windowMs: number
}

/** Beyond this many keys the oldest are forgotten, so that an attacker cannot fill the memory. */
const MAX_KEYS = 10_000

/** Counts attempts by key in windows, in the memory of this process: each node has its own count. */
export class AttemptLimiter {
  readonly #limits: AttemptLimits
  readonly #clock: Clock
  readonly #windows = new Map<string, { count: number; endsAt: number }>()

  constructor(limits: AttemptLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Counts an attempt before it is made, so that many at once cannot pass. Answers 0, or the milliseconds to wait. */
  take(key: string): number {
    const now = this.#clock.now().getTime()
    const known = this.#windows.get(key)
    if (known && known.endsAt > now) {
      if (known.count >= this.#limits.max) return known.endsAt - now
      known.count += 1
      return 0
    }
    this.#windows.delete(key)
    if (this.#windows.size >= MAX_KEYS) this.#forgetOldest(now)
    this.#windows.set(key, { count: 1, endsAt: now + this.#limits.windowMs })
    return 0
  }

  /** Gives one attempt back, because it turned out to be a good one. */
  giveBack(key: string): void {
    const known = this.#windows.get(key)
    if (known && known.count > 0) known.count -= 1
  }

  /** Forgets the attempts of a key. */
  clear(key: string): void {
    this.#windows.delete(key)
  }

  #forgetOldest(now: number): void {
    for (const [key, { endsAt }] of this.#windows) if (endsAt <= now) this.#windows.delete(key)
    // A Map lists its keys in the order they came.
    for (const key of this.#windows.keys()) {
      if (this.#windows.size < MAX_KEYS) return
      this.#windows.delete(key)
    }
  }
}

/** The address itself, or of an IPv6 address its /64 network, all of which one customer of a provider has. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1]) return mapped[1]
  const [left = '', right = ''] = (address.split('%')[0] ?? '').split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === '' ? [] : right.split(':')
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
