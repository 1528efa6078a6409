import type { Incident, IncidentRetryResult } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import * as repo from './instances.repo.ts'
import { waitsOf } from './instances.view.ts'
import type { ProcessHost } from './process-host.ts'
import type { RemoteTaskRunner } from './remote-tasks.ts'
import { describeFailure } from './step.ts'

/** What got stuck, and getting it going again. */
export class IncidentService {
  readonly #database: ParleyDatabase
  readonly #host: ProcessHost
  readonly #remote: RemoteTaskRunner

  constructor(database: ParleyDatabase, host: ProcessHost, remote: RemoteTaskRunner) {
    this.#database = database
    this.#host = host
    this.#remote = remote
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
      await this.#remote.rerun(work, instance.id)
      const failure = await this.#host.retry(work, instance)
      const after = await repo.findInstance(work.trx, instance.id)
      const error = failure ? describeFailure(failure) : null
      return {
        resolved: error === null,
        state: after?.state ?? 'cancelled',
        waits: await waitsOf(work.trx, instance.id),
        error: error ? { code: error.code, message: error.message } : null,
      }
    })
  }
}
