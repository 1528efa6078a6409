/**
 * Twilio's request signature: base64 HMAC-SHA1 of the public address followed by the sorted POST parameters
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
 */
import { createHash } from 'node:crypto'
import { parse, stringify } from 'node:querystring'
import type { ChannelAccount, Verification, WebhookRequest } from '../adapter.ts'
import { header } from '../http.ts'
import { equalSecrets, hmac } from '../secrets.ts'
import { smsConfig } from './sms-config.ts'

export type Params = ReadonlyArray<readonly [string, string]>

/** The parameters of a form body, in order and with duplicates. */
export function formParams(body: Buffer): Params {
  return [...new URLSearchParams(body.toString('utf8'))]
}

/** The signature Twilio puts on a request to `url` with these POST parameters. */
export function twilioSignature(authToken: string, url: string, params: Params): string {
  const values = new Map<string, Set<string>>()
  for (const [key, value] of params) values.set(key, (values.get(key) ?? new Set()).add(value))
  const keys = [...values.keys()].sort()
  const signed = keys
    .map((key) =>
      [...(values.get(key) ?? [])]
        .sort()
        .map((value) => key + value)
        .join(''),
    )
    .join('')
  return hmac('sha1', authToken, url + signed, 'base64')
}

/** Checks a webhook against the address Twilio was given, which only the configuration knows. */
export function verifyTwilio(request: WebhookRequest, account: ChannelAccount): Verification {
  const given = header(request.headers, 'x-twilio-signature')
  if (given === null) return { ok: false, status: 401, reason: 'The signature is missing' }
  if (account.publicUrl === null) {
    return { ok: false, status: 403, reason: 'PARLEY_PUBLIC_URL is not set, so the signature cannot be checked' }
  }
  const url = signedUrl(account.publicUrl, request.url)
  const bodyHash = request.query.bodySHA256
  const isForm = (header(request.headers, 'content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  // A body that is no form is signed through its hash in the address.
  const params = request.method === 'GET' || (bodyHash !== undefined && !isForm) ? [] : formParams(request.rawBody)
  const { authToken } = smsConfig(account)
  const matches = addresses(url).filter((address) => equalSecrets(given, twilioSignature(authToken, address, params)))
  if (matches.length === 0) return { ok: false, status: 403, reason: 'The signature is wrong' }
  if (bodyHash !== undefined && !isForm && !equalSecrets(bodyHash, createHash('sha256').update(request.rawBody).digest('hex'))) {
    return { ok: false, status: 403, reason: 'The hash of the body is wrong' }
  }
  return { ok: true }
}

/** Public address of a request: the path as received, behind what the proxy in front has taken away. */
function signedUrl(publicUrl: string, path: string): string {
  const base = publicUrl.replace(/\/+$/, '')
  const prefix = new URL(base).pathname.replace(/\/+$/, '')
  return prefix !== '' && path.startsWith(`${prefix}/`) ? base.slice(0, -prefix.length) + path : base + path
}

/** Twilio signs the address with or without the default port, and some of its systems with an escaped query. */
function addresses(url: string): string[] {
  const plain = [withoutPort(url), withPort(url)]
  const normalised = [...plain, ...plain.map((address) => new URL(address).href)]
  return [...new Set([url, ...normalised, ...normalised.map(escapedQuery)])]
}

const authority = /^(https?:\/\/)(\[[^\]]*\]|[^/?#:]*)(:\d+)?/i

function withoutPort(url: string): string {
  return url.replace(authority, '$1$2')
}

function withPort(url: string): string {
  return url.replace(authority, (_all, scheme: string, host: string, port?: string) => {
    const standard = scheme.toLowerCase() === 'https://' ? ':443' : ':80'
    return scheme + host + (port ?? standard)
  })
}

/** The query as Node's legacy module writes it: more characters are escaped than URL does. */
function escapedQuery(url: string): string {
  const start = url.indexOf('?')
  return start === -1 || start === url.length - 1 ? url : `${url.slice(0, start)}?${stringify(parse(url.slice(start + 1)))}`
}
