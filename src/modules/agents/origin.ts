import type { FastifyRequest } from 'fastify'

/**
 * True when a browser says that another site makes this request: Sec-Fetch-Site names it, or Origin is neither ours
 * nor the host that was asked. Programs send neither header.
 */
export function isForeign(request: FastifyRequest, publicOrigin: string): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  const { origin } = request.headers
  if (origin === undefined || origin === publicOrigin) return false
  return !URL.canParse(origin) || new URL(origin).host !== request.host
}
