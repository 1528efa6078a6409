import type { Kysely, Selectable } from 'kysely'
import type { Chat, QuickAction, QuickActionCreate, QuickActionPatch } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../schema.ts'
import type { ProcessInputs } from './process-inputs.ts'
import * as errors from './quick-actions.errors.ts'
import * as repo from './quick-actions.repo.ts'

export interface QuickActionServiceDeps {
  database: ParleyDatabase
  inputs: ProcessInputs
  audit(work: ParleyWork, agentId: string, action: string, subject: string, details?: Record<string, unknown>): Promise<void>
}

/** The Chat actions list: processes an agent starts from a chat. */
export class QuickActionService {
  readonly #deps: QuickActionServiceDeps

  constructor(deps: QuickActionServiceDeps) {
    this.#deps = deps
  }

  /** The actions that a chat of the queue offers, in their order. */
  async listFor(db: Kysely<Schema>, queueId: string): Promise<Chat['actions']> {
    const rows = await repo.listOffered(db, queueId)
    return Promise.all(
      rows.map(async ({ id, caption, icon, process_key: processKey, active_version: version }) => ({
        id,
        caption,
        icon,
        processKey,
        inputs: await this.#deps.inputs.of(db, processKey, version ?? 0),
      })),
    )
  }

  async list(): Promise<QuickAction[]> {
    return (await repo.listActions(this.#deps.database.db)).map(toAction)
  }

  /** @throws AppError 422 PROCESS_NOT_RUNNABLE, QUEUE_NOT_FOUND */
  async create(agentId: string, fields: QuickActionCreate): Promise<QuickAction> {
    return this.#deps.database.transaction(async (work) => {
      await this.#check(work, fields)
      const action = toAction(await repo.insertAction(work.trx, fields))
      await this.#deps.audit(work, agentId, 'quick_action.created', `quick_action:${action.id}`, { ...fields })
      return action
    })
  }

  /** @throws AppError 404 NOT_FOUND; 422 PROCESS_NOT_RUNNABLE, QUEUE_NOT_FOUND */
  async change(agentId: string, id: string, patch: QuickActionPatch): Promise<QuickAction> {
    return this.#deps.database.transaction(async (work) => {
      if (!(await repo.findAction(work.trx, id))) throw notFound(`Quick action ${id}`)
      await this.#check(work, patch)
      const row = await repo.updateAction(work.trx, id, patch)
      if (!row) throw notFound(`Quick action ${id}`)
      await this.#deps.audit(work, agentId, 'quick_action.changed', `quick_action:${id}`, { ...patch })
      return toAction(row)
    })
  }

  /** @throws AppError 404 NOT_FOUND */
  async remove(agentId: string, id: string): Promise<void> {
    await this.#deps.database.transaction(async (work) => {
      if (!(await repo.deleteAction(work.trx, id))) throw notFound(`Quick action ${id}`)
      await this.#deps.audit(work, agentId, 'quick_action.deleted', `quick_action:${id}`)
    })
  }

  /** Seeds the action of a shipped process once; what an administrator changed or deleted stays so. */
  async seed(work: ParleyWork, action: { processKey: string; caption: string; icon: string; position: number }): Promise<void> {
    const { position: order, ...fields } = action
    await repo.insertAction(work.trx, { ...fields, order })
  }

  async #check(work: ParleyWork, { processKey, queueIds }: QuickActionPatch): Promise<void> {
    if (processKey !== undefined) {
      const process = await repo.findActiveProcess(work.trx, processKey)
      if (!process) throw errors.processNotRunnable(processKey, 'there is no such process')
      if (process.version === null) throw errors.processNotRunnable(processKey, 'none of its versions is active')
      if (!process.starts?.some((start) => start.kind === 'none'))
        throw errors.processNotRunnable(processKey, 'it has no start event without a trigger')
    }
    const unknown = await repo.findUnknownQueues(work.trx, queueIds ?? [])
    if (unknown.length > 0) throw errors.queueNotFound(unknown)
  }
}

function toAction(row: Selectable<Schema['quick_actions']>): QuickAction {
  const { id, caption, icon, process_key: processKey, queue_ids: queueIds, position: order, enabled } = row
  return { id, caption, icon, processKey, queueIds, order, enabled }
}
