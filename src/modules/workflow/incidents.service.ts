import type { Incident, IncidentBulkResult, IncidentRetryResult, IncidentSelection } from '../../contracts/index.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import * as repo from './instances.repo.ts'
import { waitsOf } from './instances.view.ts'
import type { ProcessHost } from './process-host.ts'

/** Incidents retried by one request. */
const maxBulk = 500

/** What got stuck, and getting it going again. */
export class IncidentService {
  readonly #database: ParleyDatabase
  readonly #host: ProcessHost

  constructor(database: ParleyDatabase, host: ProcessHost) {
    this.#database = database
    this.#host = host
  }

  /** Open incidents, newest first; `before` is the id of the last one of the page before. */
  async list(page: { limit: number; before: string | null }): Promise<Incident[]> {
    const rows = await this.#database.db
      .selectFrom('process_incidents as n')
      .innerJoin('process_instances as i', 'i.id', 'n.instance_id')
      .select([
        'n.id',
        'n.instance_id',
        'i.key',
        'i.version',
        'i.chat_id',
        'n.element_id',
        'n.code',
        'n.message',
        'n.attempts',
        'n.created_at',
      ])
      .where('n.resolved_at', 'is', null)
      .$if(page.before !== null, (query) => query.where('n.id', '<', page.before ?? ''))
      .orderBy('n.id', 'desc')
      .limit(page.limit)
      .execute()
    return rows.map((row) => ({
      id: row.id,
      instanceId: row.instance_id,
      key: row.key,
      version: row.version,
      chatId: row.chat_id,
      elementId: row.element_id,
      code: row.code,
      message: row.message,
      attempts: row.attempts,
      at: row.created_at.toISOString(),
    }))
  }

  /** Tries again now and tells what really happened. @throws AppError 404 when the incident is not open */
  async retry(id: string): Promise<IncidentRetryResult> {
    return this.#database.transaction(async (work) => {
      const incident = await work.trx
        .selectFrom('process_incidents')
        .select('instance_id')
        .where('id', '=', id)
        .where('resolved_at', 'is', null)
        .executeTakeFirst()
      const instance = incident ? await repo.findInstance(work.trx, incident.instance_id) : undefined
      if (!incident || !instance) throw notFound(`Open incident ${id}`)
      const failure = await this.#host.retry(work, instance)
      const after = await repo.findInstance(work.trx, instance.id)
      return {
        resolved: failure === null,
        state: after?.state ?? 'cancelled',
        waits: await waitsOf(work.trx, instance.id),
        error: failure ? { code: failure.code, message: failure.message } : null,
      }
    })
  }

  /** Retries many, each on its own; the answer tells of each what happened. */
  async retryMany(selection: IncidentSelection): Promise<IncidentBulkResult['items']> {
    const items: IncidentBulkResult['items'] = []
    for (const id of await this.#select(selection)) {
      try {
        items.push({ id, ...(await this.retry(id)) })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        items.push({ id, resolved: false, state: null, waits: [], error: { code: error.code, message: error.message } })
      }
    }
    return items
  }

  async #select({ ids, filter }: IncidentSelection): Promise<string[]> {
    if (ids) return [...new Set(ids)]
    const rows = await this.#database.db
      .selectFrom('process_incidents as n')
      .innerJoin('process_instances as i', 'i.id', 'n.instance_id')
      .select('n.id')
      .where('n.resolved_at', 'is', null)
      .$if(filter?.key !== undefined, (query) => query.where('i.key', '=', filter?.key ?? ''))
      .$if(filter?.version !== undefined, (query) => query.where('i.version', '=', filter?.version ?? 0))
      .$if(filter?.code !== undefined, (query) => query.where('n.code', '=', filter?.code ?? ''))
      .$if(filter?.elementId !== undefined, (query) => query.where('n.element_id', '=', filter?.elementId ?? ''))
      .orderBy('n.id')
      .limit(maxBulk)
      .execute()
    return rows.map((row) => row.id)
  }
}
