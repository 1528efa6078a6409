/** PostgreSQL refuses a NOTIFY payload of 8000 bytes or more; the rest is left for the header. */
const CHUNK_BYTES = 7_800

/** Cuts a text into parts of at most `CHUNK_BYTES` bytes of UTF-8, never inside a character. */
export function cutText(text: string): string[] {
  const bytes = Buffer.from(text)
  const parts: string[] = []
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(start + CHUNK_BYTES, bytes.length)
    // A byte 10xxxxxx continues a character.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
    parts.push(bytes.toString('utf8', start, end))
    start = end
  }
  return parts.length === 0 ? [''] : parts
}

/**
 * Gives each part of a payload a header `sender payload-number part-number parts`. The numbers also keep PostgreSQL from
 * dropping a part that equals another of its transaction.
 */
export function toNotifications(sender: string, number: number, payload: string): string[] {
  const parts = cutText(payload)
  return parts.map((part, index) => `${sender} ${number} ${index} ${parts.length} ${part}`)
}

/**
 * Puts payloads together again. The parts of one payload are notified in one transaction, so they arrive in order and
 * with nothing of the same sender in between; what does not fit was cut off by a lost connection and is given up.
 */
export class Assembler {
  readonly #open = new Map<string, { number: string; parts: string[] }>()

  /** The payload that this notification completes, if it does. */
  add(notification: string): string | undefined {
    const match = /^(\S+) (\d+) (\d+) (\d+) /.exec(notification)
    if (!match) return undefined
    const [header, sender = '', number = '', index, count] = match
    const part = notification.slice(header.length)
    if (index === '0') this.#open.set(sender, { number, parts: [] })
    const open = this.#open.get(sender)
    if (!open || open.number !== number || open.parts.length !== Number(index)) {
      this.#open.delete(sender)
      return undefined
    }
    open.parts.push(part)
    if (open.parts.length < Number(count)) return undefined
    this.#open.delete(sender)
    return open.parts.join('')
  }

  /** Forgets unfinished payloads. */
  clear(): void {
    this.#open.clear()
  }
}
