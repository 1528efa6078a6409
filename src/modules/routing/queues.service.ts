import type { Queue, QueueCreate, QueuePatch } from '../../contracts/index.ts'
import { sqlState } from '../../platform/db/database.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { findProblem } from './business-hours.ts'
import * as repo from './queues.repo.ts'
import { updateWakes } from './requests.repo.ts'
import * as errors from './routing.errors.ts'

/** Records who did what; see the settings module. */
export type Audit = (
  work: ParleyWork,
  agentId: string | null,
  action: string,
  subject: string,
  details?: Record<string, unknown>,
) => Promise<void>

export interface QueueServiceOptions {
  database: ParleyDatabase
  audit: Audit
  /** The queue's rule, limit or members changed: its waiting chats are to be looked at. */
  queueChanged: (work: ParleyWork, queueId: string) => Promise<void>
  changed: (work: ParleyWork, chatId: string) => Promise<void>
  wakeAt: (chatId: string, at: Date) => void
}

const routingFields = ['routingRule', 'agentIds', 'allAgents', 'maxChats'] as const
const timeFields = ['firstResponseMinutes', 'ongoingResponseMinutes', 'chatTimeoutMinutes'] as const

/** Queues as administrators manage them. */
export class QueueService {
  readonly #options: QueueServiceOptions

  constructor(options: QueueServiceOptions) {
    this.#options = options
  }

  /** A page by id. */
  async list(page: { limit: number; after: string | null }): Promise<{ items: Queue[]; nextCursor: string | null }> {
    const rows = await repo.listQueues(this.#options.database.db, page.limit + 1, page.after)
    const items = rows.slice(0, page.limit)
    return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** @throws AppError 404 NOT_FOUND */
  async get(id: string): Promise<Queue> {
    return required(await repo.findQueue(this.#options.database.db, id), id)
  }

  /** @throws AppError 409 QUEUE_NAME_TAKEN; 400 for unknown agents or hours that cannot be */
  async create(actorId: string, queue: QueueCreate): Promise<Queue> {
    return uniqueName(queue.name, () =>
      this.#options.database.transaction(async (work) => {
        const id = await repo.insertQueue(work.trx, queue.name, work.now)
        await this.#write(work, id, queue)
        await this.#options.audit(work, actorId, 'queue.created', `queue:${id}`, { ...queue })
        return required(await repo.findQueue(work.trx, id), id)
      }),
    )
  }

  /**
   * Changes take hold at once: waiting chats are offered anew, and the times of open chats follow the new minutes.
   * @throws AppError 404 NOT_FOUND, 409 QUEUE_NAME_TAKEN; 400 for unknown agents or hours that cannot be
   */
  async change(actorId: string, id: string, patch: QueuePatch): Promise<Queue> {
    return uniqueName(patch.name ?? '', () =>
      this.#options.database.transaction(async (work) => {
        const before = required(await repo.lockQueue(work.trx, id), id)
        await this.#write(work, id, patch)
        const after = required(await repo.findQueue(work.trx, id), id)
        if (timeFields.some((field) => before[field] !== after[field])) await this.#moveTimes(work, id)
        if (routingFields.some((field) => String(before[field]) !== String(after[field]))) await this.#options.queueChanged(work, id)
        await this.#options.audit(work, actorId, 'queue.changed', `queue:${id}`, { ...patch })
        return after
      }),
    )
  }

  /** @throws AppError 404 NOT_FOUND; 409 QUEUE_IN_USE when channels or chats refer to it */
  async remove(actorId: string, id: string): Promise<void> {
    const queue = await this.get(id)
    const refuse = async (): Promise<void> => {
      const uses = await repo.findUses(this.#options.database.db, id)
      if (uses.channels > 0 || uses.hasChats) throw errors.queueInUse(queue.name, uses)
    }
    await refuse()
    try {
      await this.#options.database.transaction(async (work) => {
        await repo.deleteQueue(work.trx, id)
        await this.#options.audit(work, actorId, 'queue.deleted', `queue:${id}`, { name: queue.name })
      })
    } catch (error) {
      // foreign_key_violation: something began to refer to it after the look.
      if (sqlState(error) === '23503') await refuse()
      throw error
    }
  }

  async #write(work: ParleyWork, id: string, patch: QueuePatch): Promise<void> {
    const { agentIds, businessHours } = patch
    const problem = businessHours ? findProblem(businessHours) : null
    if (problem !== null) throw errors.badBusinessHours(problem)
    // Naming the members means that not everybody is one, unless both are asked for.
    const allAgents = patch.allAgents ?? (agentIds === undefined ? undefined : false)
    await repo.updateQueue(work.trx, id, { ...patch, ...(allAgents === undefined ? {} : { allAgents }) })
    if (agentIds === undefined || allAgents === true) return
    const unknown = await repo.findUnknownAgents(work.trx, agentIds)
    if (unknown.length > 0) throw errors.unknownAgents(unknown)
    await repo.setMembers(work.trx, id, agentIds)
  }

  async #moveTimes(work: ParleyWork, queueId: string): Promise<void> {
    const chatIds = await repo.recomputeTimes(work.trx, queueId, work.now)
    if (chatIds.length === 0) return
    for (const { id, wakeAt } of await updateWakes(work.trx, chatIds)) work.afterCommit(() => this.#options.wakeAt(id, wakeAt))
    for (const chatId of chatIds) await this.#options.changed(work, chatId)
  }
}

function required(queue: Queue | undefined, id: string): Queue {
  if (!queue) throw notFound(`Queue ${id}`)
  return queue
}

async function uniqueName<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    // unique_violation: the name is the only unique thing here.
    throw sqlState(error) === '23505' ? errors.queueNameTaken(name) : error
  }
}
