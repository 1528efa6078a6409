import { CompiledQuery, Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'

/** Something to do once the transaction is committed: a push, a job. Never a domain effect. */
export type Effect = () => void | Promise<void>

/**
 * One transaction with what is to happen after its commit. Services pass it on; repositories take `work.trx`.
 */
export class Work<DB> {
  readonly trx: Transaction<DB>
  /** The time of this transaction, from the injected clock. */
  readonly now: Date
  #effects: Effect[] = []
  #savepoints = 0

  constructor(trx: Transaction<DB>, now: Date) {
    this.trx = trx
    this.now = now
  }

  afterCommit(effect: Effect): void {
    this.#effects.push(effect)
  }

  get effects(): readonly Effect[] {
    return this.#effects
  }

  /** Runs `action` under a savepoint: when it throws, its rows and effects are undone and the error is thrown on. */
  async attempt<T>(action: () => Promise<T>): Promise<T> {
    const name = `s${++this.#savepoints}`
    const kept = this.#effects.length
    await this.trx.executeQuery(CompiledQuery.raw(`savepoint ${name}`))
    try {
      const result = await action()
      await this.trx.executeQuery(CompiledQuery.raw(`release savepoint ${name}`))
      return result
    } catch (error) {
      this.#effects.length = kept
      await this.trx.executeQuery(CompiledQuery.raw(`rollback to savepoint ${name}`))
      throw error
    }
  }
}

/** serialization_failure and deadlock_detected: PostgreSQL asks for a new try. */
const retryable = new Set(['40001', '40P01'])

export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null
}

/** True when the database itself is away or restarting, so that trying later can help. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = sqlState(error)
  if (state) return state.startsWith('08') || state.startsWith('57P') || state === '53300'
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ENOENT' || code === 'EPIPE') return true
  return error instanceof Error && /Connection terminated|timeout exceeded when trying to connect/.test(error.message)
}

export interface Database<DB> {
  db: Kysely<DB>
  /** Runs `action` in a transaction, again on a serialization failure or deadlock; its effects run after the commit. */
  transaction<T>(action: (work: Work<DB>) => Promise<T>): Promise<T>
  /** One prepared statement outside Kysely, for hot paths. `name` identifies it on the connection. */
  query<Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

/** Statements a connection keeps prepared; later ones are sent as they are. */
const maxPrepared = 400

/**
 * A connection that prepares statements with parameters under a name made from their text: PostgreSQL parses and plans
 * each once a connection instead of at every call. Kysely's text for one query is always the same.
 */
class PreparingClient extends pg.Client {
  readonly #names = new Map<string, string>()

  override query(...call: unknown[]): never {
    const [text, values] = call
    if (typeof text === 'string' && Array.isArray(values) && values.length > 0) {
      let name = this.#names.get(text)
      if (name === undefined && this.#names.size < maxPrepared) {
        name = `s${this.#names.size}`
        this.#names.set(text, name)
      }
      if (name !== undefined) return super.query({ name, text, values }) as never
    }
    return (super.query as (...call: unknown[]) => unknown).apply(this, call) as never
  }
}

export function createDatabase<DB>(options: { url: string; clock: Clock; log: Logger; maxConnections?: number }): Database<DB> {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: options.url,
    max: options.maxConnections ?? 20,
    connectionTimeoutMillis: 10_000,
    application_name: 'parley',
  })
  pool.on('error', (error) => options.log.warn({ err: error }, 'An idle database connection was lost'))
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })

  function runEffects(effects: readonly Effect[]): void {
    // The commit stands whatever happens here; sweepers and client resync make up for a lost effect.
    const report = (error: unknown) => options.log.error({ err: error }, 'An after-commit effect failed')
    for (const effect of effects) {
      try {
        effect()?.catch(report)
      } catch (error) {
        report(error)
      }
    }
  }

  return {
    db,
    async transaction(action) {
      for (let attempt = 1; ; attempt++) {
        let work: Work<DB> | undefined
        try {
          const result = await db.transaction().execute(async (trx) => {
            work = new Work(trx, options.clock.now())
            return action(work)
          })
          if (work) runEffects(work.effects)
          return result
        } catch (error) {
          if (attempt >= 5 || !retryable.has(sqlState(error) ?? '')) throw error
        }
      }
    },
    async query(name, text, values) {
      const result = await pool.query({ name, text, values })
      return result.rows
    },
    close: () => db.destroy(),
  }
}
