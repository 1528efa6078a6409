import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** Seals values for storage and opens them again. */
export interface SecretBox {
  /** Encrypts any JSON value; the same value gives other bytes each time. */
  seal(value: unknown): Buffer
  /** @throws SecretKeyError when the bytes were sealed with another key or changed since */
  open(sealed: Buffer): unknown
}

export interface SecretBoxOptions {
  /** 32 bytes as hex or base64, or any passphrase of at least 16 characters; null = the key file of `dataDir`. */
  secretKey: string | null
  /** Where the generated key `secret.key` is kept. */
  dataDir: string
}

/** The key for stored secrets is missing, malformed or not the one they were sealed with. */
export class SecretKeyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SecretKeyError'
  }
}

/** First byte of sealed values, so that a later way of sealing can live beside this one: AES-256-GCM. */
const VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** Fixed, because the same passphrase must give the same key on every node; the salt only separates it from other uses. */
const PASSPHRASE_SALT = 'parley.secrets.v1'

/**
 * Opens the box for the configured key, else for the key in `secret.key` of the data directory, which is made on the
 * first call (mode 0600; nodes that start at once agree on one).
 * @throws SecretKeyError when the key or key file is malformed
 */
export async function createSecretBox(options: SecretBoxOptions): Promise<SecretBox> {
  const key =
    options.secretKey === null ? await keyFromFile(path.join(options.dataDir, 'secret.key')) : await keyFromText(options.secretKey)
  return { seal: (value) => seal(key, value), open: (sealed) => openSealed(key, sealed) }
}

function seal(key: Buffer, value: unknown): Buffer {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('Only JSON values can be sealed')
  const head = Buffer.from([VERSION])
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(head)
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([head, iv, cipher.getAuthTag(), encrypted])
}

function openSealed(key: Buffer, sealed: Buffer): unknown {
  if (sealed[0] !== VERSION || sealed.length < 1 + IV_BYTES + TAG_BYTES) {
    throw new SecretKeyError(
      `Stored secret of an unknown form (version ${sealed[0] ?? 'none'}). It was written by a newer Parley or is damaged.`,
    )
  }
  const iv = sealed.subarray(1, 1 + IV_BYTES)
  const tag = sealed.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES }).setAAD(sealed.subarray(0, 1)).setAuthTag(tag)
  return JSON.parse(decrypt(decipher, sealed.subarray(1 + IV_BYTES + TAG_BYTES)))
}

function decrypt(decipher: { update(data: Buffer): Buffer; final(): Buffer }, data: Buffer): string {
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new SecretKeyError(
      'A stored secret does not open with this key. Start Parley with the PARLEY_SECRET_KEY (or secret.key file) it was stored with, or enter the secrets of the channels again.',
      { cause },
    )
  }
}

async function keyFromText(text: string): Promise<Buffer> {
  if (text.length < 16) throw new SecretKeyError('PARLEY_SECRET_KEY must have at least 16 characters.')
  return rawKey(text) ?? ((await promisify(scrypt)(text, PASSPHRASE_SALT, KEY_BYTES)) as Buffer)
}

/** 32 bytes written as hex or base64; null for anything else. */
function rawKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  return null
}

async function keyFromFile(file: string): Promise<Buffer> {
  const text = (await readIfThere(file)) ?? (await makeKeyFile(file))
  const key = rawKey(text.trim())
  if (key === null)
    throw new SecretKeyError(`${file} does not hold a key of 32 bytes. Put back the file that was there, or set PARLEY_SECRET_KEY.`)
  return key
}

/** Writes the file beside its place and links it there: nobody reads half a key, and of two writers the first wins. */
async function makeKeyFile(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`)
    await handle.sync()
    await link(draft, file).catch(unlessThere)
  } finally {
    await handle.close()
    await unlink(draft)
  }
  return readFile(file, 'utf8')
}

/** Another process was first: its key is the key. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
