import type { Delivery } from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import { listDeliveries } from './deliveries.repo.ts'
import { resolveIncidents } from './failures.ts'
import { gaveUp, type InstanceSteps, isNotWaiting } from './instance-steps.ts'
import * as repo from './instances.repo.ts'
import { databaseTrouble } from './refusals.ts'
import type { Session } from './session.ts'
import type { Failure } from './step.ts'
import { decodeValue } from './values.ts'
import type { ChatEvent } from './workflow.events.ts'

type OutstandingRow = Awaited<ReturnType<typeof listDeliveries>>[number]

/** Deliveries that instances could not take yet: in order, and nothing passes what failed before it. */
export class Backlog {
  readonly #steps: InstanceSteps
  readonly #runTask: (instanceId: string, waitId: string) => void

  constructor(options: { steps: InstanceSteps; runTask: (instanceId: string, waitId: string) => void }) {
    this.#steps = options.steps
    this.#runTask = options.runTask
  }

  /** Tries what is due again, of every instance of the chat. */
  async retryDue(work: ParleyWork, chatId: string, session: Session): Promise<void> {
    const heads = await work.trx
      .selectFrom('process_deliveries')
      .select('instance_id')
      .distinct()
      .where('chat_id', '=', chatId)
      .where('next_attempt_at', '<=', work.now)
      .execute()
    for (const head of heads) await this.retry(work, head.instance_id, session)
  }

  /** Tries everything outstanding of the instance; answers why it stopped, or null when nothing is outstanding any more. */
  async retry(work: ParleyWork, instanceId: string, session: Session): Promise<Failure | null> {
    for (const row of await listDeliveries(work.trx, instanceId)) {
      const instance = await repo.findInstance(work.trx, instanceId)
      if (!instance) return null
      const failure = await this.#take(work, session, instance, row)
      if (failure !== null) return failure
    }
    await resolveIncidents(work, instanceId)
    return null
  }

  async #take(work: ParleyWork, session: Session, instance: repo.InstanceRow, row: OutstandingRow): Promise<Failure | null> {
    const remove = () => work.trx.deleteFrom('process_deliveries').where('id', '=', row.id).execute()
    if (instance.state !== 'running' && instance.state !== 'incident') {
      // What came before it ended the instance.
      await remove()
      return null
    }
    const delivery = decodeValue(row.delivery) as unknown as Delivery
    const { name, payload } = row.event as { name: string; payload: Record<string, unknown> }
    if (name === gaveUp && delivery.kind === 'task.failed') {
      await remove()
      await this.#runAgain(work, instance.id, delivery.waitId)
      return null
    }
    const event: ChatEvent = { chatId: row.chat_id ?? '', name, payload, agentId: row.agent_id }
    try {
      await work.attempt(async () => {
        await remove()
        await this.#steps.run(work, session, { instance, delivery, event }, row.attempts + 1)
      })
      return null
    } catch (error) {
      if (databaseTrouble(error) !== null) throw error
      if (isNotWaiting(error) && row.attempts === 0) {
        // It was only kept because the instance might have come to wait for it.
        await remove()
        return null
      }
      return this.#steps.keep(work, { instance, delivery, event }, error, { attempts: row.attempts + 1, deliveryId: row.id, retry: true })
    }
  }

  /** A remote task that failed for good is run as if for the first time. */
  async #runAgain(work: ParleyWork, instanceId: string, waitId: string): Promise<void> {
    const updated = await work.trx
      .updateTable('process_waits')
      .set({ due_at: work.now, attempts: 0 })
      .where('instance_id', '=', instanceId)
      .where('wait_id', '=', waitId)
      .where('kind', '=', 'task')
      .executeTakeFirst()
    if (updated.numUpdatedRows > 0n) work.afterCommit(() => this.#runTask(instanceId, waitId))
  }
}
