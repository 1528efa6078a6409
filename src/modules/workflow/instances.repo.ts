import { type Kysely, sql } from 'kysely'
import type { Schema } from '../../schema.ts'
import { encodeValue } from './values.ts'
import type { ChatEvent } from './workflow.events.ts'

/** The process that leads a chat from its creation to its completion; when its chat is completed elsewhere it has nothing left to do. */
export const lifecycleKey = 'chat_lifecycle'

export interface InstanceRow {
  id: string
  key: string
  version: number
  chat_id: string | null
  state: 'running' | 'completed' | 'cancelled' | 'incident'
  variables: Record<string, unknown>
  engine_state: string | null
}

const instanceColumns = ['i.id', 'i.key', 'i.version', 'i.chat_id', 'i.state', 'i.variables', 'i.engine_state'] as const

export async function lockChat(db: Kysely<Schema>, chatId: string) {
  return db.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirst()
}

/** Locks the chat when nobody holds it and its process inbox is empty; false otherwise. */
export async function lockIdleChat(db: Kysely<Schema>, chatId: string): Promise<boolean> {
  const row = await db
    .selectFrom('chats as c')
    .select('c.id')
    .where('c.id', '=', chatId)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('process_events as e').select('e.id').whereRef('e.chat_id', '=', 'c.id'))))
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()
  return row !== undefined
}

/** Puts the event into its chat's process inbox when some process listens or may come to listen. Answers whether it did. */
export async function raiseFact(db: Kysely<Schema>, event: ChatEvent, now: Date): Promise<boolean> {
  const result = await sql<{ raised: boolean }>`
    select raise_fact(c.id, c.heard_events, ${event.name}, ${JSON.stringify(event.payload)}::jsonb, ${event.agentId}::bigint, ${now}) as raised
    from chats c where c.id = ${event.chatId}`.execute(db)
  return result.rows[0]?.raised ?? false
}

/** Takes the oldest fact out of the chat's process inbox. */
export async function takeFact(db: Kysely<Schema>, chatId: string) {
  const row = await db.selectFrom('process_events').selectAll().where('chat_id', '=', chatId).orderBy('id').limit(1).executeTakeFirst()
  if (row) await db.deleteFrom('process_events').where('id', '=', row.id).execute()
  return row
}

export async function insertInstance(
  db: Kysely<Schema>,
  instance: { key: string; version: number; chatId: string | null; variables: Record<string, unknown>; agentId: string | null; now: Date },
): Promise<InstanceRow> {
  const row = await db
    .insertInto('process_instances')
    .values({
      key: instance.key,
      version: instance.version,
      chat_id: instance.chatId,
      state: 'running',
      variables: JSON.stringify(encodeValue(instance.variables)),
      engine_state: null,
      started_by: instance.agentId,
      started_at: instance.now,
      ended_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return {
    id: row.id,
    key: instance.key,
    version: instance.version,
    chat_id: instance.chatId,
    state: 'running',
    variables: encodeValue(instance.variables) as Record<string, unknown>,
    engine_state: null,
  }
}

export function findInstance(db: Kysely<Schema>, id: string): Promise<InstanceRow | undefined> {
  return db.selectFrom('process_instances as i').select(instanceColumns).where('i.id', '=', id).executeTakeFirst()
}

/** Live instances of the chat that wait for the message, or that have deliveries outstanding and so may wait for it later. */
export function findListeners(db: Kysely<Schema>, chatId: string, eventName: string) {
  return db
    .selectFrom('process_instances as i')
    .select((eb) => [
      ...instanceColumns,
      eb.exists(eb.selectFrom('process_deliveries as d').select('d.id').whereRef('d.instance_id', '=', 'i.id')).as('backlogged'),
    ])
    .where('i.chat_id', '=', chatId)
    .where('i.state', 'in', ['running', 'incident'])
    .where((eb) =>
      eb.or([
        eb.exists(
          eb
            .selectFrom('process_waits as w')
            .select('w.wait_id')
            .whereRef('w.instance_id', '=', 'i.id')
            .where('w.kind', '=', 'message')
            .where('w.event_name', '=', eventName),
        ),
        eb.exists(eb.selectFrom('process_deliveries as d').select('d.id').whereRef('d.instance_id', '=', 'i.id')),
      ]),
    )
    .orderBy('i.id')
    .execute()
}

/** Active definitions that start on the event. */
export function findStarts(db: Kysely<Schema>, eventName: string) {
  return db
    .selectFrom('process_starts as s')
    .innerJoin('process_definitions as d', 'd.key', 's.key')
    .select(['s.key', 's.element_id', 'd.active_version as version'])
    .where('s.event_name', '=', eventName)
    .where('d.active_version', 'is not', null)
    .orderBy('s.key')
    .execute() as Promise<{ key: string; element_id: string; version: number }[]>
}

/** The timer of the chat that is due first, of an instance without outstanding deliveries. */
export function findDueTimer(db: Kysely<Schema>, chatId: string, now: Date) {
  const due = sql<Date>`coalesce(w.due_at, case w.chat_field when 'timeoutAt' then c.timeout_at when 'responseDueAt' then c.response_due_at end)`
  return db
    .selectFrom('process_waits as w')
    .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
    .innerJoin('chats as c', 'c.id', 'w.chat_id')
    .select([...instanceColumns, 'w.wait_id', 'w.element_id'])
    .where('w.chat_id', '=', chatId)
    .where('w.kind', '=', 'timer')
    .where(due, '<=', now)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('process_deliveries as d').select('d.id').whereRef('d.instance_id', '=', 'i.id'))))
    .orderBy(due)
    .limit(1)
    .executeTakeFirst()
}

/** Whether the instance still waits for this remote task. */
export async function waitsForTask(db: Kysely<Schema>, instanceId: string, waitId: string): Promise<boolean> {
  const row = await db
    .selectFrom('process_waits')
    .select('wait_id')
    .where('instance_id', '=', instanceId)
    .where('wait_id', '=', waitId)
    .where('kind', '=', 'task')
    .executeTakeFirst()
  return row !== undefined
}

/** The task is not to be run by itself any more. */
export async function parkTask(db: Kysely<Schema>, instanceId: string, waitId: string): Promise<void> {
  await db
    .updateTable('process_waits')
    .set({ due_at: null })
    .where('instance_id', '=', instanceId)
    .where('wait_id', '=', waitId)
    .where('kind', '=', 'task')
    .execute()
}

/**
 * Recomputes when the chat is due next. `wakeAt` is the new time when it must be armed, else null; `hasFacts`: its
 * process inbox is not empty.
 */
export async function updateWake(db: Kysely<Schema>, chatId: string): Promise<{ wakeAt: Date | null; hasFacts: boolean }> {
  const result = await sql<{ wake_at: Date | null; has_facts: boolean }>`
    with n as (select chat_next_wake(${chatId}) as wake_at, exists (select from process_events where chat_id = ${chatId}) as has_facts),
    changed as (update chats c set wake_at = n.wake_at from n where c.id = ${chatId} and c.wake_at is distinct from n.wake_at returning c.wake_at)
    select (select wake_at from changed), n.has_facts from n`.execute(db)
  const [row] = result.rows
  return { wakeAt: row?.wake_at ?? null, hasFacts: row?.has_facts ?? false }
}

/** A lifecycle that still waits although its chat was completed elsewhere (by another process) has nothing left to do. Answers the cancelled. */
export async function cancelLifecycles(db: Kysely<Schema>, chatId: string, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('process_instances as i')
    .innerJoin('chats as c', 'c.id', 'i.chat_id')
    .select('i.id')
    .where('i.chat_id', '=', chatId)
    .where('i.key', '=', lifecycleKey)
    .where('i.state', 'in', ['running', 'incident'])
    .where('c.status', '=', 'completed')
    .execute()
  for (const row of rows) await cancelInstance(db, row.id, now)
  return rows.map((row) => row.id)
}

/** Ends a live instance where it is: it waits for nothing any more and nothing of it is outstanding. */
export async function cancelInstance(db: Kysely<Schema>, instanceId: string, now: Date): Promise<void> {
  await sql`
    with cancelled as (
      update process_instances set state = 'cancelled', ended_at = ${now}, engine_state = null
      where id = ${instanceId} and state in ('running', 'incident') returning id)
    , waits as (delete from process_waits w using cancelled c where w.instance_id = c.id)
    , deliveries as (delete from process_deliveries d using cancelled c where d.instance_id = c.id)
    update process_incidents n set resolved_at = ${now} from cancelled c where n.instance_id = c.id and n.resolved_at is null`.execute(db)
  await sql`select refresh_heard_events(i.chat_id) from process_instances i where i.id = ${instanceId}`.execute(db)
}
