import { ConnectionClosedError, type PgPool, type PgPoolClient, type PgQueryResult, runMigrations } from 'bullmq'
import pg from 'pg'
import { isConnectionError, type ReportError } from './backend.ts'

/** BullMQ uses this schema for a pool that it did not make itself. */
const SCHEMA = 'bullmq'

/** One connection listens, the others run short statements; measured enough for 2,000 jobs a second. */
const MAX_CONNECTIONS = 5

/**
 * The pool as BullMQ sees it. It calls an unreachable server by the one name under which BullMQ waits and tries again;
 * by itself BullMQ knows only ECONNREFUSED, and would drop the result of a finished job in any other outage.
 */
export class SharedPool implements PgPool {
  readonly options = { keepAlive: true, max: MAX_CONNECTIONS }
  readonly #pool: pg.Pool
  readonly #report: ReportError
  #ended: Promise<void> | undefined

  constructor(connectionString: string, report: ReportError) {
    this.#report = report
    this.#pool = new pg.Pool({
      connectionString,
      ...this.options,
      application_name: 'parley jobs',
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      options: `-c search_path=${SCHEMA} -c statement_timeout=30000`,
    })
    // All idle workers hang their notification listener on the one listening client.
    this.#pool.on('connect', (client) => client.setMaxListeners(0))
  }

  async migrate(): Promise<void> {
    const client = await this.#pool.connect()
    try {
      await runMigrations(client, SCHEMA)
    } finally {
      client.release()
    }
  }

  async query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    try {
      return await this.#pool.query<R & pg.QueryResultRow>(text, params === undefined ? undefined : [...params])
    } catch (error) {
      throw this.#named(error)
    }
  }

  async connect(): Promise<PgPoolClient> {
    try {
      return new OneAtATime(await this.#pool.connect())
    } catch (error) {
      throw this.#named(error)
    }
  }

  end(): Promise<void> {
    this.#ended ??= this.#pool.end()
    return this.#ended
  }

  on(event: 'error' | 'connect', listener: (argument: never) => void): this {
    this.#pool.on(event as 'error', listener as (error: Error) => void) // each event has its own listener type
    return this
  }

  removeAllListeners(event?: string): this {
    this.#pool.removeAllListeners(event)
    return this
  }

  #named(error: unknown): unknown {
    if (!isConnectionError(error)) return error
    this.#report(error)
    return new ConnectionClosedError(error instanceof Error ? error.message : String(error), error)
  }
}

/**
 * A connection on which statements wait for each other. All idle workers send their LISTEN on one connection at once,
 * which pg deprecates.
 */
class OneAtATime implements PgPoolClient {
  readonly #client: pg.PoolClient
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  query<R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> {
    const values = params === undefined ? undefined : [...params]
    const result = this.#last.then(() => this.#client.query<R & pg.QueryResultRow>(text, values))
    this.#last = result.catch(() => undefined) // whoever asked gets the error; the next one need not care
    return result
  }

  on(event: 'notification' | 'error' | 'end', listener: (argument: never) => void): this {
    this.#client.on(event as 'end', listener as () => void) // each event has its own listener type
    return this
  }

  removeListener(event: string, listener: (argument: never) => void): this {
    this.#client.removeListener(event as 'end', listener as () => void)
    return this
  }

  removeAllListeners(event?: string): this {
    this.#client.removeAllListeners(event)
    return this
  }

  release(destroy?: boolean): void {
    this.#client.release(destroy)
  }
}
