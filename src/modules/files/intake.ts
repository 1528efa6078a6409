import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { deniedExtension } from './deny-list.ts'
import * as errors from './files.errors.ts'
import { headBytes, sniffFile, sniffProgram } from './sniff.ts'

/** What a file must keep to. */
export interface IntakeRules {
  maxBytes: number
  /** Extensions in lower case without dot. */
  denied: readonly string[]
}

export interface Incoming {
  stream: Readable
  /** Normalised. */
  name: string
  /** What the sender says it is. */
  declaredType: string | null
}

/** A file that keeps to the rules, on this machine's disk; whoever gets it stores or removes it. */
export interface Staged {
  path: string
  size: number
  /** By its bytes. */
  type: string
  /** Lower-case hex. */
  sha256: string
}

/** Files that are older than this in the staging folder were left by a process that died, in milliseconds. */
const leftoverMs = 24 * 3_600_000

/** Takes files in: streams them to a staging folder and lets only those pass that keep to the rules. */
export class Intake {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Reads the stream to its end or to the first offence; leaves nothing behind unless it answers.
   * @throws AppError 413 FILE_TOO_LARGE, 415 FILE_TYPE_DENIED, 422 FILE_EMPTY, and whatever the stream fails with
   */
  async take(incoming: Incoming, rules: IntakeRules, signal?: AbortSignal): Promise<Staged> {
    const { name, declaredType } = incoming
    const refused = deniedExtension({ name, declaredType, sniffed: null }, rules.denied)
    if (refused !== null) throw errors.fileTypeDenied(name, refused)
    await mkdir(this.#folder, { recursive: true })
    const file = path.join(this.#folder, randomUUID())
    try {
      const guard = new Guard(incoming, rules)
      await pipeline(incoming.stream, guard, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
      const sniffed = await sniffFile(file, name)
      const extension = deniedExtension({ name, declaredType, sniffed }, rules.denied)
      if (extension !== null) throw errors.fileTypeDenied(name, extension)
      return { path: file, size: guard.size, type: sniffed.type, sha256: guard.sha256() }
    } catch (error) {
      await this.discard(file)
      throw error
    }
  }

  /** Removes a staged file that is not needed. */
  async discard(file: string): Promise<void> {
    await rm(file, { force: true })
  }

  /** Removes what processes left that died while they took a file in. */
  async sweep(now: Date): Promise<void> {
    for (const name of await this.#list()) {
      const file = path.join(this.#folder, name)
      const { mtimeMs } = await stat(file)
      if (now.getTime() - mtimeMs > leftoverMs) await this.discard(file)
    }
  }

  async #list(): Promise<string[]> {
    try {
      return await readdir(this.#folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [] // nothing was ever taken in
      throw error
    }
  }
}

/** Counts and hashes what passes; breaks off at the first byte too many and at the head of a denied program. */
class Guard extends Transform {
  size = 0
  readonly #incoming: Incoming
  readonly #rules: IntakeRules
  readonly #hash = createHash('sha256')
  #head: Buffer | null = Buffer.alloc(0)

  constructor(incoming: Incoming, rules: IntakeRules) {
    super()
    this.#incoming = incoming
    this.#rules = rules
  }

  sha256(): string {
    return this.#hash.digest('hex')
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error | null, chunk?: Buffer) => void): void {
    const offence = this.#check(chunk)
    if (!offence) this.#hash.update(chunk)
    done(offence, chunk)
  }

  override _flush(done: (error?: Error | null) => void): void {
    done(this.size === 0 ? errors.fileEmpty(this.#incoming.name) : this.#head && this.#refusal(this.#head))
  }

  #check(chunk: Buffer): Error | null {
    this.size += chunk.length
    if (this.size > this.#rules.maxBytes) return errors.fileTooLarge(this.#incoming.name, this.#rules.maxBytes)
    if (!this.#head) return null
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length < headBytes) return null
    const refusal = this.#refusal(this.#head)
    this.#head = null
    return refusal
  }

  #refusal(head: Buffer): Error | null {
    const { name, declaredType } = this.#incoming
    const extension = deniedExtension({ name, declaredType, sniffed: sniffProgram(head) }, this.#rules.denied)
    return extension === null ? null : errors.fileTypeDenied(name, extension)
  }
}
