/** The one error type of Parley: a refusal or failure with a stable code, translated once at each edge. */
export class AppError extends Error {
  readonly code: string
  /** HTTP status; 4xx is the caller's to mend and never retried. */
  readonly status: number
  /** Whether `message` may leave the process. */
  readonly expose: boolean
  /** Extra members of the problem document (only when exposed). */
  readonly details: Record<string, unknown>

  constructor(
    code: string,
    status: number,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown; expose?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.expose = options.expose ?? status < 500
    this.details = options.details ?? {}
  }
}

export const badRequest = (message: string, details?: Record<string, unknown>) =>
  new AppError('BAD_REQUEST', 400, message, details ? { details } : {})
export const unauthorized = (message = 'Log in first.') => new AppError('UNAUTHORIZED', 401, message)
export const forbidden = (message = 'Your role does not allow this.') => new AppError('FORBIDDEN', 403, message)
export const notFound = (what: string) => new AppError('NOT_FOUND', 404, `${what} does not exist or is not visible to you.`)
export const conflict = (code: string, message: string, details?: Record<string, unknown>) =>
  new AppError(code, 409, message, details ? { details } : {})

/** True when trying again cannot help: the request itself is wrong. */
export function isPermanent(error: unknown): boolean {
  return error instanceof AppError && error.status >= 400 && error.status < 500
}

/** For branches that the types rule out. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`)
}
