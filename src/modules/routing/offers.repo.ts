import { type Kysely, sql } from 'kysely'
import type { RoutingRule } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'
import type { Candidate, Offer, QueueLoad, RoutedChat } from './routing.types.ts'

type Db = Kysely<Schema>

/** A routed chat as its row has it, before its offers are added. */
export interface RoutedRow {
  id: string
  queue_id: string
  queue_name: string
  queue_max_chats: number
  offer_timeout_minutes: number | null
  rule: RoutingRule
  only_agents: string[] | null
  transferred_by: string | null
  /** A process may wait for capacity.freed of this chat. */
  hears_capacity: boolean
}

/** Waiting chats that are to be offered, in the order in which they are offered. The caller holds their locks. */
export async function readRouted(db: Db, chatIds: readonly string[]): Promise<RoutedRow[]> {
  const result = await sql<RoutedRow>`
    select c.id, c.queue_id, q.name as queue_name, q.max_chats as queue_max_chats, q.offer_timeout_minutes,
      coalesce(r.rule, q.routing_rule) as rule, r.agent_ids::text[] as only_agents,
      case when p.completion_reason = 'transfer' and not exists (
        select 1 from chat_offers o where o.chat_id = c.id and o.agent_id = p.agent_id) then p.agent_id end as transferred_by,
      (c.heard_events && array['capacity.freed', '*']
        or exists (select 1 from process_starts s where s.event_name = 'capacity.freed')
        or exists (select 1 from process_events e where e.chat_id = c.id)) as hears_capacity
    from chats c
    join chat_routes r on r.chat_id = c.id
    join queues q on q.id = c.queue_id
    left join chats p on p.id = c.parent_chat_id
    where c.id = any (${chatIds}::bigint[]) and c.status = 'waiting'
    order by c.priority desc, c.created_at, c.id`.execute(db)
  return result.rows
}

/** Offers that are open or were refused, by chat. */
export async function readOffers(db: Db, chatIds: readonly string[]): Promise<Map<string, Offer[]>> {
  const result = await sql<{ chat_id: string; agent_id: string; state: Offer['state']; exclusive: boolean }>`
    select chat_id, agent_id, state, exclusive from chat_offers
    where chat_id = any (${chatIds}::bigint[]) and state in ('open', 'declined', 'expired')`.execute(db)
  const byChat = new Map<string, Offer[]>(chatIds.map((id) => [id, []]))
  for (const row of result.rows) byChat.get(row.chat_id)?.push({ agentId: row.agent_id, state: row.state, exclusive: row.exclusive })
  return byChat
}

/**
 * Holds the queue's limit until the end of the transaction. Not the queue's row: who edits the queue locks that first and
 * chats after, while this lock is taken by those who hold a chat already.
 */
export async function lockQueueLimit(db: Db, queueId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('parley queue limit ' || ${queueId}::text, 0))`.execute(db)
}

/** Locks the active agents of the queue in the order of their ids, so that nobody else fills their places meanwhile. Answers them. */
export async function lockActiveAgents(db: Db, queueId: string): Promise<Set<string>> {
  const result = await sql<{ id: string }>`
    select a.id from agents a
    where a.status = 'active' and not a.disabled and (
      a.id in (select m.agent_id from queue_agents m where m.queue_id = ${queueId})
      or (select q.all_agents from queues q where q.id = ${queueId}))
    order by a.id for no key update of a`.execute(db)
  return new Set(result.rows.map((row) => row.id))
}

type AgentRow = {
  id: string
  name: string
  active: boolean
  member: boolean
  max_chats: number
  in_progress: number
  reserved: number
  turn: number
}

/** The agents of the queue and those among `holders`, with what they have to do. Counts are read for active agents and holders. */
export async function readAgents(
  db: Db,
  queueId: string,
  holders: readonly string[],
  gone: ReadonlySet<string>,
): Promise<Map<string, Candidate>> {
  const result = await sql<AgentRow>`
    with queue as (select id, all_agents from queues where id = ${queueId}),
    people as (
      select m.agent_id as id from queue_agents m where m.queue_id = ${queueId}
      union select a.id from agents a where (select all_agents from queue)
      union select unnest(${holders}::bigint[]))
    select a.id, a.name, a.status = 'active' and not a.disabled as active, a.max_chats, a.offer_turn::float8 as turn,
      not a.disabled and ((select all_agents from queue)
        or exists (select 1 from queue_agents m where m.queue_id = ${queueId} and m.agent_id = a.id)) as member,
      coalesce(w.amount, 0) as in_progress, coalesce(o.amount, 0) as reserved
    from people p
    join agents a on a.id = p.id
    left join lateral (select count(*)::int as amount from chats c where c.agent_id = a.id and c.status = 'in_progress') w on a.status = 'active'
    left join lateral (select count(*)::int as amount from chat_offers o where o.agent_id = a.id and o.state = 'open' and o.exclusive) o
      on a.status = 'active'
    order by a.id`.execute(db)
  const candidates = result.rows.map((row): [string, Candidate] => [
    row.id,
    {
      id: row.id,
      name: row.name,
      active: row.active,
      member: row.member,
      gone: gone.has(row.id) && !row.active,
      maxChats: row.max_chats,
      inProgress: row.in_progress,
      reserved: row.reserved,
      turn: row.turn,
    },
  ])
  return new Map(candidates)
}

/** How full a queue with a limit is. */
export async function readQueueLoad(db: Db, queueId: string): Promise<QueueLoad> {
  const result = await sql<{ name: string; max_chats: number; in_progress: number; reserved: number }>`
    select q.name, q.max_chats,
      (select count(*)::int from chats c where c.queue_id = q.id and c.status = 'in_progress') as in_progress,
      (select count(*)::int from chats c join chat_offers o on o.chat_id = c.id
        where c.queue_id = q.id and c.status = 'waiting' and o.state = 'open' and o.exclusive) as reserved
    from queues q where q.id = ${queueId}`.execute(db)
  const row = result.rows[0]
  if (!row) throw new Error(`Queue ${queueId} of a chat does not exist`)
  return { name: row.name, maxChats: row.max_chats, inProgress: row.in_progress, reserved: row.reserved }
}

/** Who had the previous chat of each chat's contact; an agent who transferred it away did not have it in the end. */
export async function readLastAgents(db: Db, chatIds: readonly string[]): Promise<Map<string, NonNullable<RoutedChat['lastAgent']>>> {
  const result = await sql<{ chat_id: string; id: string; name: string; number: number }>`
    select c.id as chat_id, a.id, a.name, l.number
    from chats c
    join lateral (
      select o.agent_id, o.number from chats o
      where o.contact_id = c.contact_id and o.id < c.id and o.agent_id is not null and o.completion_reason is distinct from 'transfer'
      order by o.id desc limit 1) l on true
    join agents a on a.id = l.agent_id
    where c.id = any (${chatIds}::bigint[])`.execute(db)
  return new Map(result.rows.map((row) => [row.chat_id, { id: row.id, name: row.name, chatNumber: row.number }]))
}

/** Changes of the offers of several chats, as parallel lists. */
export interface OfferChanges {
  withdrawn: { chatId: string; agentId: string; reason: string }[]
  /** Chats whose refusals are forgotten. */
  startedOver: string[]
  /** Chats whose open offers hold no place any more. */
  shared: string[]
  offered: { chatId: string; agentId: string; exclusive: boolean; expiresAt: Date | null }[]
  decisions: { chatId: string; rule: string; reason: string; offeredTo: string[] }[]
}

/** Writes the changes: a statement for each kind, whatever their number. */
export async function saveOffers(db: Db, changes: OfferChanges, now: Date): Promise<void> {
  const { withdrawn, startedOver, shared, offered, decisions } = changes
  if (withdrawn.length > 0) {
    await sql`
      update chat_offers o set state = 'withdrawn', closed_at = ${now}, reason = w.reason
      from unnest(${withdrawn.map((item) => item.chatId)}::bigint[], ${withdrawn.map((item) => item.agentId)}::bigint[],
        ${withdrawn.map((item) => item.reason)}::text[]) as w(chat_id, agent_id, reason)
      where o.chat_id = w.chat_id and o.agent_id = w.agent_id and o.state = 'open'`.execute(db)
  }
  if (startedOver.length > 0) {
    await sql`update chat_offers set state = 'withdrawn' where chat_id = any (${startedOver}::bigint[]) and state in ('declined', 'expired')`.execute(
      db,
    )
  }
  if (shared.length > 0) {
    await sql`update chat_offers set exclusive = false, expires_at = null where chat_id = any (${shared}::bigint[]) and state = 'open' and exclusive`.execute(
      db,
    )
  }
  if (offered.length > 0) await insertOffers(db, offered, now)
  await sql`
    insert into routing_decisions (chat_id, at, rule, reason, offered_to)
    select d.chat_id, ${now}, d.rule, d.reason, coalesce(string_to_array(nullif(d.offered_to, ''), ',')::bigint[], '{}')
    from unnest(${decisions.map((item) => item.chatId)}::bigint[], ${decisions.map((item) => item.rule)}::text[],
      ${decisions.map((item) => item.reason)}::text[], ${decisions.map((item) => item.offeredTo.join(','))}::text[])
      with ordinality as d(chat_id, rule, reason, offered_to, place) order by d.place`.execute(db)
}

async function insertOffers(db: Db, offered: OfferChanges['offered'], now: Date): Promise<void> {
  await sql`
    insert into chat_offers (chat_id, agent_id, state, offered_at, expires_at, exclusive)
    select chat_id, agent_id, 'open', ${now}, expires_at, exclusive
    from unnest(${offered.map((item) => item.chatId)}::bigint[], ${offered.map((item) => item.agentId)}::bigint[],
      ${offered.map((item) => item.expiresAt?.toISOString() ?? null)}::timestamptz[], ${offered.map((item) => item.exclusive)}::boolean[])
      as o(chat_id, agent_id, expires_at, exclusive)
    on conflict (chat_id, agent_id) do update set state = 'open', offered_at = excluded.offered_at, expires_at = excluded.expires_at,
      exclusive = excluded.exclusive, closed_at = null, reason = null`.execute(db)
  const alone = offered.filter((item) => item.exclusive).map((item) => item.agentId)
  if (alone.length === 0) return
  // The last offer of an agent counts when a batch gave it several; the sequence keeps their order.
  await sql`
    update agents a set offer_turn = t.turn, last_offered_at = ${now}
    from (select agent_id, max(turn) as turn from (
      select agent_id, nextval('offer_turns') as turn from (
        select agent_id from unnest(${alone}::bigint[]) with ordinality as u(agent_id, place) order by place) o) n group by agent_id) t
    where a.id = t.agent_id`.execute(db)
}
