import { createHash, randomBytes } from 'node:crypto'

/** 32 random bytes as text; only its hash is stored. */
export function newToken(prefix = ''): { text: string; hash: Buffer } {
  const text = prefix + randomBytes(32).toString('base64url')
  return { text, hash: hashToken(text) }
}

/** What is stored and looked up. A plain hash does: 256 random bits cannot be guessed, so slowing down adds nothing. */
export function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
