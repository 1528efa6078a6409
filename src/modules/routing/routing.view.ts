import { type Kysely, sql } from 'kysely'
import type { ChatProcess, TransferTargets } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

/** Decisions shown for one chat; older ones are left out. */
const maxDecisions = 200

/** Why the chat is where it is, oldest decision first. */
export async function listDecisions(db: Kysely<Schema>, chatId: string): Promise<ChatProcess['decisions']> {
  const result = await sql<{
    at: Date
    rule: string
    reason: string
    offered_to: { id: string; name: string }[]
    assigned_to: { id: string; name: string } | null
  }>`
    select d.at, d.rule, d.reason,
      coalesce((select jsonb_agg(jsonb_build_object('id', a.id::text, 'name', a.name) order by array_position(d.offered_to, a.id))
        from agents a where a.id = any (d.offered_to)), '[]') as offered_to,
      (select jsonb_build_object('id', a.id::text, 'name', a.name) from agents a where a.id = d.assigned_to) as assigned_to
    from (select * from routing_decisions where chat_id = ${chatId} order by id desc limit ${maxDecisions}) d
    order by d.id`.execute(db)
  return result.rows.map((row) => ({
    at: row.at.toISOString(),
    rule: row.rule,
    reason: row.reason,
    offeredTo: row.offered_to,
    assignedTo: row.assigned_to,
  }))
}

/** Agents of the queue q who are active, besides `except`; `busy` counts their chats in progress. */
const activeMembers = (except: string) => sql`
  select a.max_chats = 0 or a.max_chats > (select count(*) from chats c where c.agent_id = a.id and c.status = 'in_progress') as free
  from agents a
  where a.status = 'active' and not a.disabled and a.id <> ${except}
    and (q.all_agents or exists (select 1 from queue_agents m where m.queue_id = q.id and m.agent_id = a.id))`

/** Where the chat may go: everybody but its owner (before acceptance: but who asks), and all queues. */
export async function listTransferTargets(db: Kysely<Schema>, chatId: string, agentId: string): Promise<TransferTargets> {
  const chat = await db.selectFrom('chats').select('agent_id').where('id', '=', chatId).executeTakeFirst()
  const current = chat?.agent_id ?? agentId
  const agents = await sql<TransferTargets['agents'][number]>`
    select a.id, a.name, a.status, a.max_chats as "maxChats",
      (select count(*)::int from chats c where c.agent_id = a.id and c.status = 'in_progress') as "openChats"
    from agents a where not a.disabled and a.id <> ${current}
    order by a.status, lower(a.name), a.id`.execute(db)
  const queues = await sql<TransferTargets['queues'][number]>`
    select q.id, q.name, m.available as "availableAgents", m.free as "freeAgents"
    from queues q
    cross join lateral (select count(*)::int as available, (count(*) filter (where free))::int as free from (${activeMembers(current)}) a) m
    order by lower(q.name), q.id`.execute(db)
  return { agents: agents.rows, queues: queues.rows }
}

/** What the agent who transfers should know; the transfer is done all the same. */
export async function transferWarnings(db: Kysely<Schema>, target: { agentId: string | null; queueId: string | null }): Promise<string[]> {
  if (target.agentId !== null) {
    const result = await sql<{ name: string; status: string; max_chats: number; in_progress: number }>`
      select a.name, a.status, a.max_chats,
        (select count(*)::int from chats c where c.agent_id = a.id and c.status = 'in_progress') as in_progress
      from agents a where a.id = ${target.agentId}`.execute(db)
    return result.rows.flatMap((agent) => [
      ...(agent.status === 'inactive' ? [`${agent.name} is inactive.`] : []),
      ...(agent.max_chats > 0 && agent.in_progress >= agent.max_chats
        ? [`${agent.name} already has ${agent.in_progress} chats in progress (limit ${agent.max_chats}).`]
        : []),
    ])
  }
  if (target.queueId === null) return []
  const result = await sql<{ name: string; available: number; free: number }>`
    select q.name, m.available, m.free from queues q
    cross join lateral (select count(*)::int as available, (count(*) filter (where free))::int as free from (${activeMembers('0')}) a) m
    where q.id = ${target.queueId}`.execute(db)
  return result.rows.flatMap((queue) => {
    if (queue.available === 0) return [`No agent of the queue "${queue.name}" is active; the chat waits there.`]
    return queue.free === 0 ? [`All active agents of the queue "${queue.name}" are at their limit; the chat waits there.`] : []
  })
}
