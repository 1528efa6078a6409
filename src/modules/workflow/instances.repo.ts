import { type Kysely, sql } from 'kysely'
import type { Delivery, StepResult, Wait } from '../../engine/index.ts'
import type { Schema } from '../../schema.ts'
import { encodeValue, redact } from './values.ts'

/** Chat columns that a timer may follow without the engine. */
const followedFields = new Set(['timeoutAt', 'responseDueAt'])

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

function waitRow(wait: Wait) {
  const base = {
    waitId: wait.id,
    kind: wait.kind,
    elementId: wait.elementId,
    elementName: wait.elementName,
    elementType: wait.elementType,
    attachedToId: wait.attachedToId,
  }
  switch (wait.kind) {
    case 'message':
    case 'signal':
      return { ...base, eventName: wait.eventName }
    case 'timer': {
      const followed = /^=\s*chat\.(\w+)\s*$/.exec(wait.timer.expression)?.[1]
      const chatField = followed !== undefined && followedFields.has(followed) ? followed : null
      const { dueAt, ...timer } = wait.timer
      return { ...base, timer, chatField, dueAt: chatField === null ? dueAt : null }
    }
    case 'task':
      return {
        ...base,
        task: { taskType: wait.taskType, inputs: encodeValue(wait.inputs), headers: wait.headers, retries: wait.retries },
      }
    case 'form':
      return { ...base, formId: wait.formId, task: { inputs: encodeValue(wait.inputs) } }
  }
}

export async function saveStep(db: Kysely<Schema>, instance: InstanceRow, result: StepResult, attempt: number, now: Date): Promise<void> {
  const state = result.outcome === 'completed' ? 'completed' : 'running'
  const waits = JSON.stringify(
    result.waits.map((wait) => {
      const row = waitRow(wait)
      return wait.kind === 'task' ? { ...row, dueAt: now } : row
    }),
  )
  const log = JSON.stringify(result.log.map((entry) => ({ ...entry, inputs: redact(entry.inputs), outputs: redact(entry.outputs) })))
  await sql`select save_step(${instance.id}, ${instance.chat_id}, ${state}, ${JSON.stringify(encodeValue(result.variables))}, ${result.state}, ${waits}, ${log}, ${attempt}, ${now})`.execute(
    db,
  )
}

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

/** Marks that the chat must hear everything while one of its instances has deliveries outstanding. */
export async function hearEverything(db: Kysely<Schema>, chatId: string): Promise<void> {
  await sql`update chats set heard_events = array_append(heard_events, '*') where id = ${chatId} and not '*' = any (heard_events)`.execute(
    db,
  )
}

/** Recomputes when the chat is due next; returns the new time when it must be armed, else null. */
export async function updateWake(db: Kysely<Schema>, chatId: string): Promise<Date | null> {
  const result = await sql<{ wake_at: Date | null }>`
    update chats c set wake_at = n.wake_at from (select chat_next_wake(${chatId}) as wake_at) n
    where c.id = ${chatId} and c.wake_at is distinct from n.wake_at returning n.wake_at`.execute(db)
  return result.rows[0]?.wake_at ?? null
}

/** A lifecycle that still waits although its chat was completed elsewhere (by another process) has nothing left to do. */
export async function cancelLifecycle(db: Kysely<Schema>, chatId: string, now: Date): Promise<void> {
  await sql`
    with cancelled as (
      update process_instances set state = 'cancelled', ended_at = ${now}, engine_state = null
      where chat_id = ${chatId} and key = 'chat_lifecycle' and state in ('running', 'incident') returning id)
    , waits as (delete from process_waits w using cancelled c where w.instance_id = c.id)
    , deliveries as (delete from process_deliveries d using cancelled c where d.instance_id = c.id)
    update process_incidents n set resolved_at = ${now} from cancelled c where n.instance_id = c.id and n.resolved_at is null`.execute(db)
  await sql`select refresh_heard_events(${chatId})`.execute(db)
}
