import { type Kysely, sql } from 'kysely'
import type { Schema } from '../../schema.ts'

type Db = Kysely<Schema>

async function queuesOf(query: ReturnType<typeof sql<{ queue_id: string }>>, db: Db): Promise<string[]> {
  const result = await query.execute(db)
  return [...new Set(result.rows.map((row) => row.queue_id))]
}

/** Asks for a look at these queues. */
export function requestQueues(db: Db, queueIds: readonly string[], now: Date): Promise<string[]> {
  return queuesOf(
    sql`insert into routing_requests (queue_id, created_at) select unnest(${queueIds}::bigint[]), ${now} returning queue_id`,
    db,
  )
}

/** Asks for a look at the queues that limited agents belong to, because a place of theirs was freed. Answers the queues. */
export function requestFreed(db: Db, agentIds: readonly string[], now: Date): Promise<string[]> {
  return queuesOf(
    sql`
      insert into routing_requests (queue_id, created_at)
      select q.id, ${now} from queues q where exists (
        select 1 from agents a where a.id = any (${agentIds}::bigint[]) and a.max_chats > 0
          and (q.all_agents or exists (select 1 from queue_agents m where m.queue_id = q.id and m.agent_id = a.id)))
      returning queue_id`,
    db,
  )
}

/** Asks for a look at the queue when it has a limit, because one of its chats ended. */
export function requestLimited(db: Db, queueId: string, now: Date): Promise<string[]> {
  return queuesOf(
    sql`insert into routing_requests (queue_id, created_at) select id, ${now} from queues where id = ${queueId} and max_chats > 0 returning queue_id`,
    db,
  )
}

/** Asks for a look at the queues in which a now full agent has further offers for it alone, which it cannot accept any more. */
export function requestFull(db: Db, agentId: string, now: Date): Promise<string[]> {
  return queuesOf(
    sql`
      insert into routing_requests (queue_id, created_at)
      select distinct c.queue_id, ${now}::timestamptz
      from chat_offers o join chats c on c.id = o.chat_id join agents a on a.id = o.agent_id
      where o.agent_id = ${agentId} and o.state = 'open' and o.exclusive and a.max_chats > 0
        and (select count(*) from chats x where x.agent_id = a.id and x.status = 'in_progress') >= a.max_chats
      returning queue_id`,
    db,
  )
}

/** Asks for a look at every queue that the agent belongs to or has an open offer in. `gone`: its open offers are to go. */
export function requestAgent(db: Db, agentId: string, gone: boolean, now: Date): Promise<string[]> {
  return queuesOf(
    sql`
      insert into routing_requests (queue_id, agent_id, created_at)
      select q.id, ${gone ? agentId : null}::bigint, ${now} from queues q
      where q.all_agents or q.id in (
        select m.queue_id from queue_agents m where m.agent_id = ${agentId}
        union select c.queue_id from chat_offers o join chats c on c.id = o.chat_id where o.agent_id = ${agentId} and o.state = 'open')
      returning queue_id`,
    db,
  )
}

export interface Requests {
  ids: string[]
  /** Agents whose open offers are to go. */
  gone: Set<string>
}

/** What is asked of the queue now. */
export async function readRequests(db: Db, queueId: string): Promise<Requests> {
  const result = await sql<{
    id: string
    agent_id: string | null
  }>`select id, agent_id from routing_requests where queue_id = ${queueId}`.execute(db)
  const gone = result.rows.flatMap((row) => (row.agent_id === null ? [] : [row.agent_id]))
  return { ids: result.rows.map((row) => row.id), gone: new Set(gone) }
}

export async function deleteRequests(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from routing_requests where id = any (${ids}::bigint[])`.execute(db)
}

/**
 * Queues that a crash left unattended: with a request older than `before`, or with a chat offered to nobody beside an
 * agent who could take it.
 */
export async function findNeglected(db: Db, before: Date): Promise<string[]> {
  const result = await sql<{ id: string }>`
    select queue_id as id from routing_requests where created_at < ${before}
    union
    select q.id from queues q
    where exists (
      select 1 from chats c join chat_routes r on r.chat_id = c.id
      where c.queue_id = q.id and c.status = 'waiting' and r.routed_at < ${before}
        and not exists (select 1 from chat_offers o where o.chat_id = c.id and o.state = 'open'))
    and exists (
      select 1 from agents a where a.status = 'active' and not a.disabled
        and (q.all_agents or exists (select 1 from queue_agents m where m.queue_id = q.id and m.agent_id = a.id))
        and (a.max_chats = 0 or a.max_chats >
          (select count(*) from chats x where x.agent_id = a.id and x.status = 'in_progress')
          + (select count(*) from chat_offers o where o.agent_id = a.id and o.state = 'open' and o.exclusive)))
    and (q.max_chats = 0 or q.max_chats > (select count(*) from chats x where x.queue_id = q.id and x.status = 'in_progress'))`.execute(db)
  return result.rows.map((row) => row.id)
}

export interface WorkQuery {
  queueId: string
  /** Chats after this one in the order of offering; null = from the first. */
  after: string | null
  limit: number
  /** Agents who may keep an offer at all. */
  keepers: readonly string[]
  /** Agents who may keep an offer that is for them alone. */
  able: readonly string[]
  active: readonly string[]
  /** Agents who may be offered another chat. */
  free: readonly string[]
}

/** Chats of the queue whose offers are not as they should be, oldest first. Locks nothing. */
export async function findWork(db: Db, query: WorkQuery): Promise<string[]> {
  const free = sql`${query.free}::bigint[]`
  const result = await sql<{ id: string }>`
    select c.id from chats c
    join chat_routes r on r.chat_id = c.id
    join queues q on q.id = c.queue_id
    cross join lateral (select coalesce(r.rule, q.routing_rule) = 'everyone' as everyone) k
    cross join lateral (
      select count(*) filter (where o.state = 'open') as open,
        count(*) filter (where o.state = 'open' and o.agent_id = any (${query.active}::bigint[])) as open_active,
        count(*) filter (where o.state = 'open' and not o.agent_id = any (${query.keepers}::bigint[])) as lost,
        count(*) filter (where o.state = 'open' and o.exclusive) as exclusive,
        count(*) filter (where o.state = 'open' and not (o.exclusive and o.agent_id = any (${query.able}::bigint[]))) as unable,
        count(*) filter (where o.agent_id = any (${free})) as known
      from chat_offers o where o.chat_id = c.id and o.state in ('open', 'declined', 'expired')) s
    where c.queue_id = ${query.queueId} and c.status = 'waiting'
      and (${query.after}::bigint is null or (-c.priority, c.created_at, c.id) > (select -l.priority, l.created_at, l.id from chats l where l.id = ${query.after}))
      and (s.lost > 0
        or case when k.everyone then s.exclusive > 0 else s.unable > 0 end
        or cardinality(${free}) > 0 and case when k.everyone then s.open_active = 0 or s.known < cardinality(${free}) else s.open = 0 end)
    order by c.priority desc, c.created_at, c.id
    limit ${query.limit}`.execute(db)
  return result.rows.map((row) => row.id)
}

/** Locks those of the chats that still wait in the queue. `skip`: those that somebody else holds are left out instead of waited for. */
export async function lockWaiting(db: Db, queueId: string, chatIds: readonly string[], skip: boolean): Promise<string[]> {
  const result = await sql<{ id: string }>`
    select id from chats where id = any (${chatIds}::bigint[]) and status = 'waiting' and queue_id = ${queueId}
    order by id for update ${skip ? sql`skip locked` : sql``}`.execute(db)
  return result.rows.map((row) => row.id)
}

/** Recomputes when these chats are due next; answers those that must be armed. The caller holds their locks. */
export async function updateWakes(db: Db, chatIds: readonly string[]): Promise<{ id: string; wakeAt: Date }[]> {
  const result = await sql<{ id: string; wake_at: Date | null }>`
    update chats c set wake_at = n.wake_at from (select id, chat_next_wake(id) as wake_at from unnest(${chatIds}::bigint[]) as u(id)) n
    where c.id = n.id and c.wake_at is distinct from n.wake_at returning c.id, c.wake_at`.execute(db)
  return result.rows.flatMap((row) => (row.wake_at ? [{ id: row.id, wakeAt: row.wake_at }] : []))
}
