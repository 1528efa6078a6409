import { pino } from 'pino'

/** Structured log; entries never hold message bodies or secrets. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Logger
}

/** JSON lines on stderr, so that stdout stays for the few lines an operator reads. `level` is a pino level. */
export function createLogger(level: string) {
  return pino(
    {
      level,
      base: { pid: process.pid },
      redact: { paths: ['req.headers.cookie', 'req.headers.authorization', '*.password', '*.token', '*.secret'], censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}
