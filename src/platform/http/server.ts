import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../errors.ts'
import { apiDocs } from './api-docs.ts'
import { handleError, handleNotFound } from './problems.ts'
import { securityHeaders } from './security-headers.ts'
import { serializerCompiler } from './serialization.ts'
import { validatorCompiler } from './validation.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True = served to anybody; every other route under /api needs a login. */
    public?: boolean
  }
  interface FastifyInstance {
    /** Answers what no route serves; Fastify itself lets nobody replace such a handler once it is set. */
    notFound: { answer(request: FastifyRequest, reply: FastifyReply): FastifyReply }
  }
}

export type HttpServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

export interface HttpServerOptions {
  /** The pino instance of createLogger. */
  log: FastifyBaseLogger
  /** Origin under which browsers reach this server, e.g. `https://chat.example.com`. */
  publicUrl: string
  /** Whether the server can do its work: decides what /readyz says. */
  isReady(): boolean
  /** For the OpenAPI document. */
  docs: { title: string; description: string; version: string; sessionCookie: string }
  /** Which proxies' X-Forwarded-* headers to believe; none unless told. */
  trustProxy?: boolean | string | string[]
  /** Largest body in bytes that is read into memory; 4 MiB unless told. Providers post up to 3 MiB. */
  bodyLimit?: number
}

const MIB = 1024 * 1024

/** What a client may send as x-request-id to find its request in our log. */
const requestIdForm = /^[\w.:-]{1,100}$/

/**
 * The HTTP server without any product route: schemas, problem documents, request ids, security headers, cookies, rate
 * limits (off but for routes with `config.rateLimit`), API docs, /healthz and /readyz. Listen or inject when all
 * routes are registered.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const app: HttpServer = Fastify({
    loggerInstance: options.log,
    // Two entries a request would cost more than the request itself; failures are logged by handleError.
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: requestId,
    bodyLimit: options.bodyLimit ?? 4 * MIB,
    trustProxy: options.trustProxy ?? false,
    // Cut idle keep-alive connections at shutdown at once; requests under way are finished.
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)
  app.decorate('notFound', { answer: handleNotFound })
  app.setNotFoundHandler((request, reply) => app.notFound.answer(request, reply))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    request.log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'Served')
  })

  app.register(helmet, securityHeaders(options.publicUrl))
  app.register(cookie)
  app.register(rateLimit, { global: false, errorResponseBuilder: (_request, { ttl }) => tooManyRequests(ttl) })
  app.register(apiDocs, { ...options.docs, publicUrl: options.publicUrl })
  app.register(async (health) => healthRoutes(health, options.isReady))
  return app
}

function requestId(request: { headers: IncomingMessage['headers'] }): string {
  const sent = request.headers['x-request-id']
  return typeof sent === 'string' && requestIdForm.test(sent) ? sent : randomUUID()
}

/** The refusal of a caller who asks too often; `waitMs` until the next try can succeed. */
export function tooManyRequests(waitMs: number, message = 'Too many attempts.'): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new AppError('TOO_MANY_REQUESTS', 429, `${message} Try again in ${seconds} s.`, { details: { retryAfterSeconds: seconds } })
}

function healthRoutes(app: FastifyInstance, isReady: () => boolean): void {
  const schema = { hide: true, response: { '2xx': Type.Object({ status: Type.String() }), 503: Type.Object({ status: Type.String() }) } }
  app.get('/healthz', { schema, config: { public: true } }, async () => ({ status: 'alive' }))
  app.get('/readyz', { schema, config: { public: true } }, async (_request, reply) => {
    if (isReady()) return { status: 'ready' }
    return reply.code(503).send({ status: 'not ready' })
  })
}
