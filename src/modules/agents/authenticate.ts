import type { FastifyReply, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import type { Role } from '../../contracts/agents.ts'
import { sharedPlugin } from '../../platform/http/plugin.ts'
import { agentErrors } from './agents.errors.ts'
import type { AgentService } from './agents.service.ts'
import type { CurrentAgent } from './agents.types.ts'
import { isForeign } from './origin.ts'
import { type Credential, SESSION_IDLE_MS } from './sessions.service.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request. Reading it on a public route is a bug and throws. */
    readonly agent: CurrentAgent
    /** The same, null on a public route. */
    agentOrNull: CurrentAgent | null
  }
  interface FastifyContextConfig {
    /** The role that the route needs; each role may do what those below it may: agent, supervisor, admin. */
    role?: Role
  }
}

/** Name of the cookie that carries a session. */
export const SESSION_COOKIE = 'parley_session'

/** A WebSocket client without cookies offers this sub-protocol with its API token behind it (and `parley` as another). */
export const TOKEN_SUBPROTOCOL = 'bearer.'

export interface AuthenticateOptions {
  agents: AgentService
  /** Origin under which browsers reach Parley; decides whether cookies need TLS. */
  publicUrl: string
}

const ranks: Record<Role, number> = { agent: 0, supervisor: 1, admin: 2 }
const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Closes every route under /api: without a valid session cookie or API token it answers 401, unless the route's config
 * says `public: true`; 403 when `config.role` asks for more, or when another site makes the request with our cookie.
 */
export const authenticate = sharedPlugin<AuthenticateOptions>('authenticate', async (app, { agents, publicUrl }) => {
  const publicOrigin = new URL(publicUrl).origin
  app.decorateRequest('agentOrNull', null)
  app.decorateRequest('agent', {
    getter(this: FastifyRequest) {
      if (this.agentOrNull === null) throw new Error(`${this.routeOptions.url ?? this.url} is public: nobody is logged in`)
      return this.agentOrNull
    },
  })

  app.addHook('onRequest', async (request, reply) => {
    const { url, config } = request.routeOptions
    if (url === undefined || !/^\/api(\/|$)/.test(url)) return
    const credential = credentialOf(request)
    // API tokens are not sent by a browser on its own, so another site cannot abuse them.
    const isWrite = !readingMethods.has(request.method) || request.headers.upgrade !== undefined
    if (isWrite && credential?.kind !== 'token' && isForeign(request, publicOrigin)) throw agentErrors.badOrigin()
    if (config.public) return
    if (!credential) throw agentErrors.notLoggedIn()
    const known = await agents.authenticate(credential)
    if (!known) throw credential.kind === 'token' ? agentErrors.badToken() : agentErrors.notLoggedIn()
    if (known.renewed && credential.kind === 'session') setSessionCookie(reply, credential.text, publicUrl)
    request.agentOrNull = known.agent
    if (config.role) checkRole(known.agent, config.role)
  })
})

function checkRole(agent: CurrentAgent, role: Role): void {
  if (ranks[agent.role] < ranks[role]) throw agentErrors.roleNeeded(role)
}

/** For routes whose need depends on more than the route: refuses (403 FORBIDDEN) who has not at least this role. */
export function requireRole(role: Role): preHandlerAsyncHookHandler {
  return async (request) => checkRole(request.agent, role)
}

/** Whether the agent's role allows what this role may. */
export function hasRole(agent: Pick<CurrentAgent, 'role'>, role: Role): boolean {
  return ranks[agent.role] >= ranks[role]
}

/** A token that is given at all decides alone, so that a wrong one is noticed and not covered by a cookie. */
function credentialOf(request: FastifyRequest): Credential | null {
  const [, bearer] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (bearer !== undefined) return { kind: 'token', text: bearer }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  const protocol = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
  if (protocol !== undefined) return { kind: 'token', text: protocol.slice(TOKEN_SUBPROTOCOL.length) }
  const session = sessionTokenOf(request)
  return session === null ? null : { kind: 'session', text: session }
}

/** The session token in the request's cookie, checked or not. */
export function sessionTokenOf(request: FastifyRequest): string | null {
  return request.cookies[SESSION_COOKIE] || null
}

/** Hands the browser its session; scripts cannot read it and other sites' forms do not send it. */
export function setSessionCookie(reply: FastifyReply, token: string, publicUrl: string): void {
  reply.setCookie(SESSION_COOKIE, token, { ...cookieScope(publicUrl), maxAge: SESSION_IDLE_MS / 1000 })
}

export function clearSessionCookie(reply: FastifyReply, publicUrl: string): void {
  reply.clearCookie(SESSION_COOKIE, cookieScope(publicUrl))
}

function cookieScope(publicUrl: string) {
  return { path: '/', httpOnly: true, sameSite: 'lax' as const, secure: publicUrl.startsWith('https:') }
}
