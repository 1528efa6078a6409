import { sql } from 'kysely'
import type { Delivery } from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import { hearEverything, type InstanceRow, insertDelivery } from './instances.repo.ts'
import type { Failure } from './step.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Waits between the attempts at a step that may succeed by itself, in milliseconds. */
const retryDelaysMs = [1_000, 5_000, 30_000]

/**
 * Keeps a delivery that failed: as a retry while that may help, then as an incident.
 * `attempts` counts the one that failed. Answers whether it became an incident.
 */
export async function scheduleRetry(
  work: ParleyWork,
  input: { instance: InstanceRow; delivery: Delivery; event: ChatEvent; failure: Failure; attempts: number; deliveryId: string | null },
): Promise<boolean> {
  const { instance, failure, attempts, event } = input
  const delay = failure.transient ? retryDelaysMs[attempts - 1] : undefined
  const nextAttemptAt = delay === undefined ? null : new Date(work.now.getTime() + delay)
  let deliveryId = input.deliveryId
  if (deliveryId === null) {
    deliveryId = await insertDelivery(work.trx, {
      instance,
      delivery: input.delivery,
      event: { name: event.name, payload: event.payload },
      agentId: event.agentId,
      attempts,
      nextAttemptAt,
      now: work.now,
    })
  } else {
    await work.trx
      .updateTable('process_deliveries')
      .set({ attempts, next_attempt_at: nextAttemptAt })
      .where('id', '=', deliveryId)
      .execute()
  }
  if (instance.chat_id !== null) await hearEverything(work.trx, instance.chat_id)
  await work.trx
    .insertInto('process_log')
    .values({
      instance_id: instance.id,
      element_id: failure.elementId ?? '',
      element_name: '',
      element_type: '',
      execution_id: '',
      kind: 'error',
      attempt: attempts,
      message: `${failure.code}: ${failure.message}`,
      at: work.now,
      at_ms: 0,
    })
    .execute()
  if (nextAttemptAt !== null) return false
  await openIncident(work, instance, failure, attempts, deliveryId)
  return true
}

async function openIncident(
  work: ParleyWork,
  instance: InstanceRow,
  failure: Failure,
  attempts: number,
  deliveryId: string,
): Promise<void> {
  await work.trx.updateTable('process_instances').set({ state: 'incident' }).where('id', '=', instance.id).execute()
  const fields = { element_id: failure.elementId, code: failure.code, message: failure.message, attempts, delivery_id: deliveryId }
  const updated = await work.trx
    .updateTable('process_incidents')
    .set(fields)
    .where('instance_id', '=', instance.id)
    .where('resolved_at', 'is', null)
    .executeTakeFirst()
  if (updated.numUpdatedRows > 0n) return
  await work.trx
    .insertInto('process_incidents')
    .values({ ...fields, instance_id: instance.id, created_at: work.now, resolved_at: null })
    .execute()
}

/** After the outstanding deliveries went through: the instance runs again, its chat hears what it waits for only. */
export async function resolveIncidents(work: ParleyWork, instanceId: string): Promise<void> {
  await work.trx
    .updateTable('process_incidents')
    .set({ resolved_at: work.now })
    .where('instance_id', '=', instanceId)
    .where('resolved_at', 'is', null)
    .execute()
  await work.trx
    .updateTable('process_instances')
    .set({ state: 'running' })
    .where('id', '=', instanceId)
    .where('state', '=', 'incident')
    .execute()
  await sql`select refresh_heard_events(i.chat_id) from process_instances i where i.id = ${instanceId}`.execute(work.trx)
}
