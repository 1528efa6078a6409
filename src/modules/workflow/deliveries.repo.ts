import { type Kysely, sql } from 'kysely'
import type { Delivery } from '../../engine/index.ts'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { InstanceRow } from './instances.repo.ts'
import { encodeValue } from './values.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Deliveries an instance could not take yet, oldest first. */
export function listDeliveries(db: Kysely<Schema>, instanceId: string) {
  return db.selectFrom('process_deliveries').selectAll().where('instance_id', '=', instanceId).orderBy('id').execute()
}

export async function insertDelivery(
  db: Kysely<Schema>,
  row: {
    instance: InstanceRow
    delivery: Delivery
    event: Record<string, unknown>
    agentId: string | null
    attempts: number
    nextAttemptAt: Date | null
    now: Date
  },
): Promise<string> {
  const inserted = await db
    .insertInto('process_deliveries')
    .values({
      instance_id: row.instance.id,
      chat_id: row.instance.chat_id,
      delivery: JSON.stringify(encodeValue(row.delivery)),
      event: JSON.stringify(row.event),
      agent_id: row.agentId,
      attempts: row.attempts,
      next_attempt_at: row.nextAttemptAt,
      created_at: row.now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return inserted.id
}

/** Keeps an event for an instance that cannot take it yet. */
export async function queueDelivery(
  work: ParleyWork,
  { instance, delivery, event }: { instance: InstanceRow; delivery: Delivery; event: ChatEvent },
): Promise<void> {
  const { name, payload, agentId } = event
  await insertDelivery(work.trx, { instance, delivery, event: { name, payload }, agentId, attempts: 0, nextAttemptAt: null, now: work.now })
}

/** Whether the instance has deliveries it could not take yet. */
export async function isBacklogged(db: Kysely<Schema>, instanceId: string): Promise<boolean> {
  const row = await db.selectFrom('process_deliveries').select('id').where('instance_id', '=', instanceId).limit(1).executeTakeFirst()
  return row !== undefined
}

/** Marks that the chat must hear everything while one of its instances has deliveries outstanding. */
export async function hearEverything(db: Kysely<Schema>, chatId: string): Promise<void> {
  await sql`update chats set heard_events = array_append(heard_events, '*') where id = ${chatId} and not '*' = any (heard_events)`.execute(
    db,
  )
}
