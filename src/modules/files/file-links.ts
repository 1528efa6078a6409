import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { SecretBox } from '../settings/index.ts'

const keyName = 'file_links'
/** A link is good for at least one such period and for less than two, in seconds; within a period it stays the same. */
const periodS = 3_600
const idBytes = 16
const tokenBytes = idBytes + 4

export interface FileLinkOptions {
  database: ParleyDatabase
  secrets: SecretBox
  clock: Clock
}

/** Signed addresses for those who cannot log in: providers that fetch files, and customers of Simulator channels. */
export class FileLinks {
  readonly #options: FileLinkOptions
  #key: Promise<Buffer> | null = null

  constructor(options: FileLinkOptions) {
    this.#options = options
  }

  /** Path of the file on this server, good for one to two hours. */
  async pathOf(file: { id: string; name: string }): Promise<string> {
    const nowS = this.#options.clock.now().getTime() / 1000
    const expiresS = (Math.floor(nowS / periodS) + 2) * periodS
    const body = Buffer.alloc(tokenBytes)
    Buffer.from(file.id.replaceAll('-', ''), 'hex').copy(body)
    body.writeUInt32BE(expiresS, idBytes)
    const signature = sign(await this.#signingKey(), body)
    return `/files/public/${Buffer.concat([body, signature]).toString('base64url')}/${encodeURIComponent(file.name)}`
  }

  /** The id of the file a token is for; null when it was not signed here or has expired. */
  async open(token: string): Promise<string | null> {
    const bytes = Buffer.from(token, 'base64url')
    const body = bytes.subarray(0, tokenBytes)
    const signature = sign(await this.#signingKey(), body)
    if (bytes.length !== tokenBytes + signature.length || !timingSafeEqual(bytes.subarray(tokenBytes), signature)) return null
    if (body.readUInt32BE(idBytes) * 1000 <= this.#options.clock.now().getTime()) return null
    return body.toString('hex', 0, idBytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  #signingKey(): Promise<Buffer> {
    if (!this.#key) {
      const key = this.#readOrMakeKey()
      this.#key = key
      key.catch(() => {
        this.#key = null // whoever asked has the error; the next one tries again
      })
    }
    return this.#key
  }

  /** One key for all nodes, sealed in the database; of two nodes that make one the first wins. */
  async #readOrMakeKey(): Promise<Buffer> {
    const { database, secrets, clock } = this.#options
    const stored = await this.#readKey()
    if (stored) return stored
    await database.db
      .insertInto('signing_keys')
      .values({ name: keyName, sealed: secrets.seal(randomBytes(32).toString('hex')), created_at: clock.now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const made = await this.#readKey()
    if (!made) throw new Error('The signing key of files vanished')
    return made
  }

  async #readKey(): Promise<Buffer | null> {
    const { database, secrets } = this.#options
    const row = await database.db.selectFrom('signing_keys').select('sealed').where('name', '=', keyName).executeTakeFirst()
    return row ? Buffer.from(String(secrets.open(row.sealed)), 'hex') : null
  }
}

function sign(key: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest()
}
