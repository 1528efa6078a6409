import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, request as undiciRequest } from 'undici'
import { encodeMultipart, type MultipartFile } from './multipart.ts'

export type HttpBody =
  | { type: 'json'; value: unknown }
  | { type: 'form'; fields: ReadonlyArray<readonly [string, string]> }
  | { type: 'multipart'; fields: ReadonlyArray<readonly [string, string]>; files: readonly MultipartFile[] }

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  headers?: Record<string, string>
  body?: HttpBody
}

export interface HttpResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Has to be consumed or destroyed, or the connection stays taken. */
  body: Readable
}

/** The one way adapters reach a provider. Redirects are not followed. */
export interface HttpPort {
  /** Throws TransportError when no answer came. */
  request(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}

export interface HttpOptions {
  connectTimeoutMs?: number
  /** Longest silence of the provider before its answer and within it. */
  answerTimeoutMs?: number
}

/** No complete answer came. `written` false is the promise that the provider has seen nothing of the request. */
export class TransportError extends Error {
  override name = 'TransportError'
  readonly written: boolean
  readonly code: string

  constructor(code: string, written: boolean, cause: unknown) {
    super(written ? `No answer from the provider (${code})` : `Could not reach the provider (${code})`, { cause })
    this.code = code
    this.written = written
  }
}

const answerBytes = 1024 * 1024

/** An HttpPort over undici with kept-alive connections; timeouts in milliseconds. */
export function createHttp(options: HttpOptions = {}): HttpPort {
  const { connectTimeoutMs = 5_000, answerTimeoutMs = 20_000 } = options
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    connections: 64,
    allowH2: false,
  })
  return {
    request: (request) => performRequest(agent, request),
    // Whoever calls had time to end; a provider that hangs must not hold up the end of the process.
    close: () => agent.destroy(),
  }
}

async function performRequest(agent: Agent, request: HttpRequest): Promise<HttpResponse> {
  const encoded = request.body ? await encodeBody(request.body) : null
  let written = false
  const dispatcher = agent.compose(
    (dispatch) => (options, handler) =>
      dispatch(
        options,
        observeStart(handler, () => (written = true)),
      ),
  )
  try {
    const response = await undiciRequest(request.url, {
      dispatcher,
      method: request.method,
      headers: { 'user-agent': 'parley', ...request.headers, ...encoded?.headers },
      ...(encoded ? { body: encoded.body } : {}),
    })
    // A body that is destroyed unread reports itself aborted; who reads it hears of errors all the same.
    response.body.on('error', () => undefined)
    return { status: response.statusCode, headers: response.headers, body: response.body }
  } catch (error) {
    throw new TransportError(errorCode(error), written && !encoded?.failed(), error)
  }
}

/** undici calls onRequestStart just before the first byte of the request goes onto a connected socket. */
function observeStart(handler: Dispatcher.DispatchHandler, onStart: () => void): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      onStart()
      handler.onRequestStart?.(controller, context)
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  }
}

interface EncodedBody {
  headers: Record<string, string>
  body: string | Readable
  /** Our own source of bytes broke off, so what the provider has is incomplete and worthless. */
  failed: () => boolean
}

async function encodeBody(body: HttpBody): Promise<EncodedBody> {
  switch (body.type) {
    case 'json':
      return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body.value), failed: () => false }
    case 'form':
      return {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(body.fields.map(([key, value]) => [key, value])).toString(),
        failed: () => false,
      }
    case 'multipart':
      return encodeMultipart(body.fields, body.files)
  }
}

export interface JsonAnswer {
  status: number
  headers: HttpResponse['headers']
  /** Undefined when the body is not JSON (a gateway's error page). */
  json: unknown
}

/** Performs a request and reads its answer as JSON, at most 1 MiB. Throws TransportError. */
export async function requestJson(http: HttpPort, request: HttpRequest): Promise<JsonAnswer> {
  const response = await http.request(request)
  const text = await readText(response)
  return { status: response.status, headers: response.headers, json: parseJson(text) }
}

async function readText(response: HttpResponse): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      size += chunk.length
      if (size > answerBytes) throw new Error('Answer is larger than 1 MiB')
      chunks.push(chunk)
    }
  } catch (error) {
    throw new TransportError(errorCode(error), true, error)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Gateways answer HTML or nothing: callers then decide by the status alone.
    return undefined
  }
}

function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'UNKNOWN'
}

/** The value of a response header, the first one if it was sent several times. */
export function header(headers: HttpResponse['headers'], name: string): string | null {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** Milliseconds asked for by a Retry-After header in seconds or as a date after `now`; null when there is none. */
export function retryAfterMs(headers: HttpResponse['headers']): number | null {
  const value = header(headers, 'retry-after')
  if (value === null || !/^\d+$/.test(value)) return null
  return Number(value) * 1000
}
