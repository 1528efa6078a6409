export type EmbeddedPostgresErrorCode =
  | 'binaries_missing'
  | 'cannot_run'
  | 'directory_in_use'
  | 'wrong_version'
  | 'initialisation_failed'
  | 'start_failed'
  | 'stop_failed'

/** A problem of the embedded PostgreSQL server that the operator has to know about; `message` says what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EmbeddedPostgresError'
    this.code = code
  }
}
