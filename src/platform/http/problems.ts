import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ProblemDocument } from '../../contracts/common.ts'
import { isDatabaseUnavailable, sqlState } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { describeErrors } from './validation.ts'

/** What an error is to the caller. `members` are added to the problem document. */
interface Refusal {
  status: number
  code: string
  detail: string
  members?: Record<string, unknown>
  retryAfterSeconds?: number
}

const internal: Refusal = { status: 500, code: 'INTERNAL', detail: 'Something went wrong on our side.' }

/** Errors of Fastify and its plugins that deserve other words than their own. */
const known: Record<string, { code: string; detail: string }> = {
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'BAD_REQUEST', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'BAD_REQUEST', detail: 'The body is empty although its content type says JSON.' },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', detail: 'The body is larger than this address takes.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'This address does not take a body of that content type.' },
}

const codeOfStatus: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  408: 'TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** invalid_text_representation and numeric_value_out_of_range: no row can have such an id. */
const impossibleId = new Set(['22P02', '22003'])

/** character_not_in_repertoire and untranslatable_character: PostgreSQL stores every character but NUL. */
const impossibleText = new Set(['22021', '22P05'])

function refusalOf(error: FastifyError | AppError): Refusal {
  if (error instanceof AppError) return ofAppError(error)
  if (error.validation) return ofValidation(error)
  if (isDatabaseUnavailable(error)) {
    return {
      status: 503,
      code: 'UNAVAILABLE',
      detail: 'The database cannot be reached at the moment. Try again soon.',
      retryAfterSeconds: 2,
    }
  }
  const state = sqlState(error) ?? ''
  if (impossibleId.has(state)) return { status: 404, code: 'NOT_FOUND', detail: 'Nothing has that id.' }
  if (impossibleText.has(state))
    return { status: 400, code: 'BAD_REQUEST', detail: 'A text holds the character NUL, which cannot be stored.' }
  const status = error.statusCode ?? 500
  if (status < 400 || status >= 500) return internal
  const better = known[error.code]
  return { status, code: better?.code ?? codeOfStatus[status] ?? 'BAD_REQUEST', detail: better?.detail ?? error.message }
}

function ofAppError(error: AppError): Refusal {
  if (!error.expose) return { ...internal, status: error.status, code: error.status === 500 ? internal.code : error.code }
  const { retryAfterSeconds, ...members } = error.details
  const retry = typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}
  return { status: error.status, code: error.code, detail: error.message, members, ...retry }
}

function ofValidation(error: FastifyError): Refusal {
  // An id that is not one: there is no such thing, whatever the reason.
  if (error.validationContext === 'params') return { status: 404, code: 'NOT_FOUND', detail: 'Nothing has that id.' }
  const problems = describeErrors((error.validation ?? []) as Parameters<typeof describeErrors>[0])
  const sentence = problems
    .map(({ path, message }) => `${path === '' ? `the ${error.validationContext ?? 'request'}` : path} ${message}`)
    .join('; ')
  return { status: 400, code: 'BAD_REQUEST', detail: `The request is not right: ${sentence}.`, members: { problems } }
}

/** RFC 9457; `requestId` finds the entry in the log. */
function problemDocument(refusal: Refusal, requestId: string): ProblemDocument {
  const { status, code, detail } = refusal
  return { ...refusal.members, type: 'about:blank', title: titles[status] ?? 'Error', status, code, detail, requestId }
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(refusal.retryAfterSeconds)))
  reply.code(refusal.status).header('content-type', 'application/problem+json; charset=utf-8').header('cache-control', 'no-store')
  // As text, because a route may have a response schema for this status that knows nothing of problem documents.
  return reply.serializer((body: unknown) => String(body)).send(JSON.stringify(problemDocument(refusal, request.id)))
}

/**
 * The HTTP edge of every error: answers with a problem document. What went wrong inside is logged here, once, and
 * never leaves the process.
 */
export function handleError(error: FastifyError | AppError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error)
  if (refusal.status === 503) request.log.warn({ err: error, code: refusal.code }, 'A request could not be served')
  else if (refusal.status >= 500)
    request.log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'A request failed')
  return sendProblem(request, reply, refusal)
}

/** Answers 404 for an address that nothing serves. */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path] = request.url.split('?')
  return sendProblem(request, reply, { status: 404, code: 'NOT_FOUND', detail: `There is nothing at ${request.method} ${path}.` })
}
