import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { ChannelAccount, ChannelAdapter } from './adapter.ts'

/** Config field that lets a channel talk to another server than the provider's (a sandbox, a local Bot API server). */
export const ApiBaseUrl = Type.Optional(
  Type.String({ description: 'Origin of the API, e.g. http://127.0.0.1:8081; https, or http on loopback', maxLength: 300 }),
)

/** The part of a Graph API path that names its version. */
export const ApiVersion = Type.Optional(Type.String({ pattern: '^v\\d{1,3}\\.\\d$', description: 'Graph API version, e.g. v25.0' }))

export interface ConfigProblem {
  field: string
  message: string
}

/** What is wrong with a channel's config; nothing when it can be used. Values are never repeated: they may be secrets. */
export function configProblems(adapter: ChannelAdapter, config: unknown): ConfigProblem[] {
  const problems = [...Value.Errors(adapter.configSchema, config)].map((error) => ({
    field: error.instancePath.replace(/^\//, ''),
    message: error.message ?? 'is not valid',
  }))
  const base = typeof config === 'object' && config !== null ? (config as { apiBaseUrl?: unknown }).apiBaseUrl : undefined
  if (typeof base === 'string' && !isAllowedOrigin(base)) {
    problems.push({ field: 'apiBaseUrl', message: 'must be an origin without a path: https, or http on loopback' })
  }
  return problems
}

function isAllowedOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** True for names and addresses of this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/** Origin without trailing slash of the channel's API. */
export function apiOrigin(config: { apiBaseUrl?: string }, provider: string): string {
  return config.apiBaseUrl === undefined ? provider : new URL(config.apiBaseUrl).origin
}

/**
 * Whether a file's address may be called: https on a host of the provider, or, when the channel talks to a loopback
 * server, that machine. Addresses come from outside and must not reach into the network Parley runs in.
 */
export function isAllowedMediaUrl(url: string, hosts: readonly string[], config: { apiBaseUrl?: string }): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, origin, username } = new URL(url)
  if (username !== '') return false
  if (config.apiBaseUrl !== undefined) {
    const base = new URL(config.apiBaseUrl)
    if (origin === base.origin || (isLoopback(base.hostname) && isLoopback(hostname))) return true
  }
  return protocol === 'https:' && hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`))
}

/** Public address of the channel's webhook, or null when PARLEY_PUBLIC_URL is not set. */
export function webhookUrl(account: ChannelAccount): string | null {
  if (account.publicUrl === null) return null
  return `${account.publicUrl.replace(/\/+$/, '')}/webhooks/${account.kind}/${encodeURIComponent(account.id)}`
}
