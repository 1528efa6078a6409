import { setTimeout as sleep } from 'node:timers/promises'
import type { PgPool, PgPoolClient, PgQueryResult, QueueBaseOptions } from 'bullmq'
import { ConnectionClosedError, PostgresConnection, PostgresQueueBackend, runMigrations } from 'bullmq'
import pg from 'pg'
import { isConnectionError, type JobsBackend, type ReportError } from './backend.ts'

/** BullMQ uses this schema for a pool that it did not make itself. */
const SCHEMA = 'bullmq'

/** One connection listens, the others run short statements; measured enough for 2,000 jobs a second. */
const MAX_CONNECTIONS = 5

/** Rest after a failed fetch: BullMQ retries at once, which would turn an outage into a busy loop. */
const FETCH_RETRY_MS = 500

/**
 * Connects to PostgreSQL and creates or updates BullMQ's own tables; several processes may do so at once (BullMQ holds
 * an advisory lock). All queues and workers share one pool and one listening connection.
 * @throws when PostgreSQL cannot be reached now
 */
export async function openPostgresBackend(databaseUrl: string, report: ReportError): Promise<JobsBackend> {
  const pool = new SharedPool(databaseUrl, report)
  const connection = new PostgresConnection(pool)
  connection.setMaxListeners(0) // every queue and worker listens to the shared connection
  connection.on('error', (error: unknown) => report(error))
  try {
    await pool.migrate()
    await connection.waitUntilReady()
  } catch (error) {
    await connection.close()
    await pool.end()
    throw error
  }
  return {
    factory: (name, options) => new SharedPostgresBackend(connection, name, options),
    idleWaitS: 15,
    async ping() {
      await pool.query('select 1')
    },
    async close() {
      await connection.close()
      await pool.end()
    },
  }
}

/**
 * A queue's view on the shared connection. BullMQ tells only the owner of a connection that its LISTEN was lost; here
 * nobody owns it, so each view listens again by itself.
 */
class SharedPostgresBackend extends PostgresQueueBackend {
  #stopped = false
  readonly #listenAgain = () => {
    if (this.#stopped) return
    void super.disconnectBlocking().then(() => super.reconnectBlocking())
  }

  constructor(connection: PostgresConnection, name: string, options: QueueBaseOptions<unknown>) {
    super(connection, name, { ...options, connection: connection.pool }, false)
    connection.on('listenerinvalidated', this.#listenAgain)
  }

  override async moveToActive(token: string, name?: string) {
    try {
      return await super.moveToActive(token, name)
    } catch (error) {
      await sleep(FETCH_RETRY_MS)
      throw error
    }
  }

  override async disconnectBlocking(wait?: boolean): Promise<void> {
    this.#stopped = true
    await super.disconnectBlocking(wait)
  }

  override async reconnectBlocking(): Promise<void> {
    this.#stopped = false
    await super.reconnectBlocking()
  }

  override async close(force?: boolean): Promise<void> {
    this.connection.off('listenerinvalidated', this.#listenAgain)
    await super.close(force)
  }
}

/**
 * The pool as BullMQ sees it. It calls an unreachable server by the one name under which BullMQ waits and tries again;
 * by itself BullMQ knows only ECONNREFUSED, and would drop the result of a finished job in any other outage.
 */
class SharedPool implements PgPool {
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
      // pg's own type names the listeners of each event more narrowly than BullMQ's.
      return (await this.#pool.connect()) as unknown as PgPoolClient
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
