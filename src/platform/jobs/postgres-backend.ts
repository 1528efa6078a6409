import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresConnection, PostgresQueueBackend, type QueueBaseOptions } from 'bullmq'
import type { JobsBackend, ReportError } from './backend.ts'
import { SharedPool } from './postgres-pool.ts'

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
