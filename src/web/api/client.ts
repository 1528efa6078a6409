import type { ProblemDocument } from '../../contracts/common.ts'

/** The server refused or failed; carries the problem document it answered with. */
export class ApiError extends Error {
  readonly status: number
  /** Stable code such as `ALREADY_ACCEPTED`; `HTTP_<status>` when the answer was no problem document. */
  readonly code: string
  /** What happened and what to do, as the server says it. */
  readonly detail: string
  /** Extra members of the problem document, such as the owner of a chat. */
  readonly members: Readonly<Record<string, unknown>>
  /** Seconds after which trying again makes sense; null when the server does not say. */
  readonly retryAfterSeconds: number | null

  constructor(status: number, problem: Partial<ProblemDocument> & Record<string, unknown>, retryAfterSeconds: number | null) {
    const detail = problem.detail || problem.title || `The server answered with status ${status}.`
    super(detail)
    this.name = 'ApiError'
    this.status = status
    this.code = problem.code || `HTTP_${status}`
    this.detail = detail
    this.members = problem
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** No answer came: the server is down, unreachable, or the network is. Trying again with the same request is safe. */
export class NetworkError extends Error {
  constructor(cause: unknown) {
    super('Parley cannot be reached. Check your connection; your work is kept.', { cause })
    this.name = 'NetworkError'
  }
}

export interface RequestOptions {
  /** Sent as JSON. */
  body?: unknown
  /** Undefined values are left out. */
  query?: Record<string, string | number | boolean | undefined>
  signal?: AbortSignal
  /** Lets the request finish although the page is being closed. */
  keepalive?: boolean
}

function address(path: string, query: RequestOptions['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    // A proxy in between may answer with HTML or nothing; the status alone must do then.
    return {}
  }
}

function retryAfter(response: Response, problem: Record<string, unknown>): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? problem.retryAfterSeconds)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null
}

/**
 * One call of the HTTP API. Answers with no content resolve to undefined.
 * @throws ApiError when the server refuses, NetworkError when no answer came.
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } }
  if (options.body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' }
    init.body = JSON.stringify(options.body)
  }
  if (options.signal) init.signal = options.signal
  if (options.keepalive) init.keepalive = true
  let response: Response
  try {
    response = await fetch(address(path, options.query), init)
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new NetworkError(error)
  }
  if (!response.ok) {
    const problem = await problemOf(response)
    throw new ApiError(response.status, problem, retryAfter(response, problem))
  }
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

/** True when the same request may succeed later without anybody changing it. */
export function isPassing(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  return error instanceof ApiError && (error.status >= 500 || error.status === 429 || error.status === 408)
}

/** A sentence for the agent: what happened and what to do. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.status >= 500) return 'Parley had an internal problem. Try again; if it stays, tell your administrator.'
    if (error.status === 429) return `Too many attempts. Wait ${waitText(error.retryAfterSeconds)} and try again.`
    return error.detail
  }
  return error instanceof Error ? error.message : 'Something went wrong. Reload the page and try again.'
}

/** `30 seconds`, `2 minutes`, or `a moment` when the server does not say. */
export function waitText(seconds: number | null): string {
  if (seconds === null) return 'a moment'
  if (seconds < 90) return `${Math.ceil(seconds)} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
