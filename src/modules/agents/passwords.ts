import { randomInt } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

/** Argon2id, which is the library's default, as OWASP's Password Storage Cheat Sheet asks for: 19 MiB, 2 passes, 1 lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

let dummyHash: Promise<string> | undefined

/** The argon2id hash of a password, in PHC form. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, cost)
}

/** Whether the password fits. Takes as long for `null` (no such account, or one without a password), which never fits. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  dummyHash ??= hashPassword('no account has this')
  const fits = await verify(stored ?? (await dummyHash), password)
  return stored !== null && fits
}

/** Letters and digits that nobody mistakes for each other. */
const readable = 'abcdefghjkmnpqrstuvwxyz23456789'

/** A password to be read from a terminal: four groups of five (99 bits). */
export function generatePassword(): string {
  const letters = (count: number) => Array.from({ length: count }, () => readable[randomInt(readable.length)]).join('')
  return Array.from({ length: 4 }, () => letters(5)).join('-')
}
