import { createHmac, timingSafeEqual } from 'node:crypto'

/** Compares without telling by its time where two texts differ; their lengths may show. */
export function equalSecrets(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** HMAC of `data` under `key`. */
export function hmac(algorithm: 'sha256' | 'sha1', key: string, data: Buffer | string, encoding: 'hex' | 'base64'): string {
  return createHmac(algorithm, key).update(data).digest(encoding)
}
