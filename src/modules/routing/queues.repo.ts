import { type Kysely, sql } from 'kysely'
import type { Queue, QueuePatch } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

type Db = Kysely<Schema>

interface QueueRow {
  id: string
  name: string
  routing_rule: Queue['routingRule']
  agent_ids: string[]
  first_response_minutes: number | null
  ongoing_response_minutes: number | null
  chat_timeout_minutes: number | null
  offer_timeout_minutes: number | null
  max_chats: number
  requeue_minutes: number | null
  all_agents: boolean
  business_hours: Queue['businessHours']
  created_at: Date
}

const select = sql`
  select q.*, array(
    select m.agent_id::text from queue_agents m where m.queue_id = q.id and not q.all_agents
    union all select a.id::text from agents a where q.all_agents) as agent_ids
  from queues q`

const toQueue = (row: QueueRow): Queue => ({
  id: row.id,
  name: row.name,
  routingRule: row.routing_rule,
  agentIds: row.agent_ids.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)),
  allAgents: row.all_agents,
  firstResponseMinutes: row.first_response_minutes,
  ongoingResponseMinutes: row.ongoing_response_minutes,
  chatTimeoutMinutes: row.chat_timeout_minutes,
  offerTimeoutMinutes: row.offer_timeout_minutes,
  maxChats: row.max_chats,
  requeueMinutes: row.requeue_minutes,
  businessHours: row.business_hours,
  createdAt: row.created_at.toISOString(),
})

/** Queues by id, those after `after`. */
export async function listQueues(db: Db, limit: number, after: string | null): Promise<Queue[]> {
  const result = await sql<QueueRow>`${select} where ${after}::bigint is null or q.id > ${after} order by q.id limit ${limit}`.execute(db)
  return result.rows.map(toQueue)
}

export async function findQueue(db: Db, id: string): Promise<Queue | undefined> {
  const result = await sql<QueueRow>`${select} where q.id = ${id}`.execute(db)
  return result.rows.map(toQueue)[0]
}

/** The queue as it is once all others that change it are done. */
export async function lockQueue(db: Db, id: string): Promise<Queue | undefined> {
  await db.selectFrom('queues').select('id').where('id', '=', id).forNoKeyUpdate().execute()
  return findQueue(db, id)
}

const columns = {
  name: 'name',
  routingRule: 'routing_rule',
  firstResponseMinutes: 'first_response_minutes',
  ongoingResponseMinutes: 'ongoing_response_minutes',
  chatTimeoutMinutes: 'chat_timeout_minutes',
  offerTimeoutMinutes: 'offer_timeout_minutes',
  maxChats: 'max_chats',
  requeueMinutes: 'requeue_minutes',
  allAgents: 'all_agents',
} as const

export async function insertQueue(db: Db, name: string, now: Date): Promise<string> {
  const row = await db.insertInto('queues').values({ name, created_at: now }).returning('id').executeTakeFirstOrThrow()
  return row.id
}

/** Writes the fields that are there; members apart. */
export async function updateQueue(db: Db, id: string, patch: QueuePatch): Promise<void> {
  const values = Object.fromEntries(
    Object.entries(columns).flatMap(([field, column]) => {
      const value = patch[field as keyof typeof columns]
      return value === undefined ? [] : [[column, value]]
    }),
  )
  if (Object.keys(values).length > 0) await db.updateTable('queues').set(values).where('id', '=', id).execute()
  if (patch.businessHours !== undefined) {
    const hours = patch.businessHours === null ? null : JSON.stringify(patch.businessHours)
    await sql`update queues set business_hours = ${hours}::jsonb where id = ${id}`.execute(db)
  }
}

/** Which of the ids no agent has. */
export async function findUnknownAgents(db: Db, ids: readonly string[]): Promise<string[]> {
  const numbers = ids.filter((id) => /^[0-9]{1,18}$/.test(id))
  const known = numbers.length === 0 ? [] : await db.selectFrom('agents').select('id').where('id', 'in', numbers).execute()
  return ids.filter((id) => !known.some((agent) => agent.id === id))
}

/** Makes exactly these agents the queue's explicit members. */
export async function setMembers(db: Db, queueId: string, agentIds: readonly string[]): Promise<void> {
  await sql`delete from queue_agents where queue_id = ${queueId} and not agent_id = any (${agentIds}::bigint[])`.execute(db)
  await sql`
    insert into queue_agents (queue_id, agent_id) select ${queueId}, id from unnest(${agentIds}::bigint[]) as u(id)
    on conflict do nothing`.execute(db)
}

/** What refers to the queue: its channels, and whether it ever had a chat. */
export async function findUses(db: Db, id: string): Promise<{ channels: number; hasChats: boolean }> {
  const result = await sql<{ channels: number; has_chats: boolean }>`
    select (select count(*)::int from channels where queue_id = ${id}) as channels,
      exists (select 1 from chats where queue_id = ${id}) as has_chats`.execute(db)
  const row = result.rows[0]
  return { channels: row?.channels ?? 0, hasChats: row?.has_chats ?? false }
}

export async function deleteQueue(db: Db, id: string): Promise<void> {
  await db.deleteFrom('queues').where('id', '=', id).execute()
}

/**
 * Applies the queue's present minutes to its open chats: the response to an unanswered customer is due counted from its
 * message, the chat timeout from the last message of the agent side or the acceptance. A transferred chat keeps the time
 * it came with until its first reply. Answers the chats whose times changed.
 */
export async function recomputeTimes(db: Db, queueId: string, now: Date): Promise<string[]> {
  // Computed from the row itself, not from a subquery: of a chat that changes meanwhile the newest state counts.
  const unanswered = sql`(c.last_customer_message_at is not null
    and (c.last_agent_message_at is null or c.last_agent_message_at < c.last_customer_message_at))`
  const responseDueAt = sql`case
    when not ${unanswered} then null
    when c.first_agent_message_at is not null then c.last_customer_message_at + minutes(q.ongoing_response_minutes)
    when c.parent_chat_id is not null then c.response_due_at
    else c.created_at + minutes(q.first_response_minutes) end`
  const timeoutAt = sql`case when c.status = 'in_progress' and not ${unanswered}
    then greatest(c.accepted_at, c.last_agent_message_at) + minutes(q.chat_timeout_minutes) end`
  const result = await sql<{ id: string }>`
    update chats c set response_due_at = ${responseDueAt}, timeout_at = ${timeoutAt},
      overdue_since = case when ${responseDueAt} <= ${now}::timestamptz then c.overdue_since end
    from queues q
    where q.id = c.queue_id and q.id = ${queueId} and c.status <> 'completed'
      and c.id in (
        select w.id from chats w where w.queue_id = ${queueId} and w.status = 'waiting'
        union all select p.id from chats p where p.queue_id = ${queueId} and p.status = 'in_progress')
      and (c.response_due_at, c.timeout_at) is distinct from (${responseDueAt}, ${timeoutAt})
    returning c.id`.execute(db)
  return result.rows.map((row) => row.id)
}
