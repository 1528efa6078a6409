import { type Kysely, sql } from 'kysely'
import type { RoutingRule } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

type Db = Kysely<Schema>

/** Remembers how the chat is to be offered, until it has an owner or ends. */
export async function saveRoute(
  db: Db,
  route: { chatId: string; rule: RoutingRule | null; agentIds: readonly string[] | null; now: Date },
): Promise<void> {
  await sql`
    insert into chat_routes (chat_id, rule, agent_ids, routed_at) values (${route.chatId}, ${route.rule}, ${route.agentIds}::bigint[], ${route.now})
    on conflict (chat_id) do update set rule = excluded.rule, agent_ids = excluded.agent_ids, routed_at = excluded.routed_at`.execute(db)
}

export async function deleteRoute(db: Db, chatId: string): Promise<void> {
  await sql`delete from chat_routes where chat_id = ${chatId}`.execute(db)
}

export interface ClosedOffer {
  agentId: string
  /** It held a place of its agent. */
  exclusive: boolean
}

/** Closes the chat's open offers: the owner's is accepted, all others are withdrawn. Answers the withdrawn ones. */
export async function closeOffers(db: Db, chatId: string, ownerId: string | null, now: Date): Promise<ClosedOffer[]> {
  const result = await sql<{ agent_id: string; exclusive: boolean; state: string }>`
    update chat_offers set closed_at = ${now}, state = case when agent_id = ${ownerId}::bigint then 'accepted' else 'withdrawn' end
    where chat_id = ${chatId} and state = 'open' returning agent_id, exclusive, state`.execute(db)
  return result.rows.filter((row) => row.state === 'withdrawn').map((row) => ({ agentId: row.agent_id, exclusive: row.exclusive }))
}

/** Closes the chat's offers whose time is over. */
export async function expireOffers(db: Db, chatId: string, now: Date): Promise<ClosedOffer[]> {
  const result = await sql<{ agent_id: string; exclusive: boolean }>`
    update chat_offers set state = 'expired', closed_at = ${now}
    where chat_id = ${chatId} and state = 'open' and expires_at <= ${now} returning agent_id, exclusive`.execute(db)
  return result.rows.map((row) => ({ agentId: row.agent_id, exclusive: row.exclusive }))
}

/** Closes the agent's open offer; null when there is none. */
export async function declineOffer(db: Db, chatId: string, agentId: string, reason: string | null, now: Date): Promise<ClosedOffer | null> {
  const result = await sql<{ exclusive: boolean }>`
    update chat_offers set state = 'declined', closed_at = ${now}, reason = ${reason}
    where chat_id = ${chatId} and agent_id = ${agentId} and state = 'open' returning exclusive`.execute(db)
  const row = result.rows[0]
  return row ? { agentId, exclusive: row.exclusive } : null
}

export async function hasOpenOffer(db: Db, chatId: string): Promise<boolean> {
  const row = await db
    .selectFrom('chat_offers')
    .select('agent_id')
    .where('chat_id', '=', chatId)
    .where('state', '=', 'open')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The state of the chat's offer to the agent; 'none' when it never had one. */
export async function findOfferState(db: Db, chatId: string, agentId: string) {
  const row = await db
    .selectFrom('chat_offers')
    .select('state')
    .where('chat_id', '=', chatId)
    .where('agent_id', '=', agentId)
    .executeTakeFirst()
  return row?.state ?? 'none'
}

/** The limit of the chat's queue. */
export function findQueueLimit(db: Db, queueId: string) {
  return db.selectFrom('queues').select(['name', 'max_chats']).where('id', '=', queueId).executeTakeFirstOrThrow()
}

export async function countInQueue(db: Db, queueId: string): Promise<number> {
  const result = await sql<{
    amount: number
  }>`select count(*)::int as amount from chats where queue_id = ${queueId} and status = 'in_progress'`.execute(db)
  return result.rows[0]?.amount ?? 0
}

/** Locks the agent, so that no other chat of it is accepted meanwhile, and reads its limit. */
export function lockAgent(db: Db, agentId: string) {
  return db.selectFrom('agents').select(['max_chats', 'disabled']).where('id', '=', agentId).forNoKeyUpdate().executeTakeFirst()
}

export async function countOfAgent(db: Db, agentId: string): Promise<number> {
  const result = await sql<{
    amount: number
  }>`select count(*)::int as amount from chats where agent_id = ${agentId} and status = 'in_progress'`.execute(db)
  return result.rows[0]?.amount ?? 0
}
