import { sql } from 'kysely'
import type { Delivery } from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import { hearEverything, insertDelivery } from './deliveries.repo.ts'
import type { InstanceRow } from './instances.repo.ts'
import type { Failure } from './step.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Waits between the attempts at a step that may succeed by itself, in milliseconds. */
const retryDelaysMs = [1_000, 5_000, 30_000]

export interface FailedDelivery {
  instance: InstanceRow
  delivery: Delivery
  event: ChatEvent
  failure: Failure
  /** Counts the one that failed. */
  attempts: number
  /** The outstanding delivery it was, or null when it was the first attempt. */
  deliveryId: string | null
}

/** Keeps a delivery that failed: as a retry while that may help, then as an incident. Answers whether it became an incident. */
export async function keepFailure(work: ParleyWork, failed: FailedDelivery): Promise<boolean> {
  const { instance, failure, attempts, event } = failed
  const delay = failure.transient ? retryDelaysMs[attempts - 1] : undefined
  const nextAttemptAt = delay === undefined ? null : new Date(work.now.getTime() + delay)
  const deliveryId = await keepDelivery(work, failed, { name: event.name, payload: event.payload }, nextAttemptAt)
  if (instance.chat_id !== null) await hearEverything(work.trx, instance.chat_id)
  await noteFailure(work, instance.id, failure, attempts)
  if (nextAttemptAt !== null) return false
  await openIncident(work, instance.id, failure, attempts, deliveryId)
  await work.trx.updateTable('process_instances').set({ state: 'incident' }).where('id', '=', instance.id).execute()
  return true
}

async function keepDelivery(
  work: ParleyWork,
  failed: FailedDelivery,
  event: { name: string; payload: Record<string, unknown> },
  nextAttemptAt: Date | null,
): Promise<string> {
  const { instance, delivery, attempts, deliveryId } = failed
  if (deliveryId === null) {
    return insertDelivery(work.trx, { instance, delivery, event, agentId: failed.event.agentId, attempts, nextAttemptAt, now: work.now })
  }
  await work.trx
    .updateTable('process_deliveries')
    .set({ attempts, next_attempt_at: nextAttemptAt, event: JSON.stringify(event) })
    .where('id', '=', deliveryId)
    .execute()
  return deliveryId
}

/** Writes the failure into the step log. */
export async function noteFailure(work: ParleyWork, instanceId: string, failure: Failure, attempt: number): Promise<void> {
  await work.trx
    .insertInto('process_log')
    .values({
      instance_id: instanceId,
      element_id: failure.elementId ?? '',
      element_name: failure.element?.name ?? '',
      element_type: failure.element?.type ?? '',
      execution_id: '',
      kind: 'error',
      attempt,
      message: `${failure.code}: ${failure.message}`,
      at: work.now,
      at_ms: 0,
    })
    .execute()
}

/** One open incident an instance: a further failure replaces what it says. */
export async function openIncident(
  work: ParleyWork,
  instanceId: string,
  failure: Failure,
  attempts: number,
  deliveryId: string | null,
): Promise<void> {
  const fields = { element_id: failure.elementId, code: failure.code, message: failure.message, attempts, delivery_id: deliveryId }
  const updated = await work.trx
    .updateTable('process_incidents')
    .set(fields)
    .where('instance_id', '=', instanceId)
    .where('resolved_at', 'is', null)
    .executeTakeFirst()
  if (updated.numUpdatedRows > 0n) return
  await work.trx
    .insertInto('process_incidents')
    .values({ ...fields, instance_id: instanceId, created_at: work.now, resolved_at: null })
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
