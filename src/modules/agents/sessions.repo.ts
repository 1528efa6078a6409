import type { Kysely, Selectable, Transaction } from 'kysely'
import type { Schema } from '../../schema.ts'

type Db = Kysely<Schema> | Transaction<Schema>
type TokenRow = Pick<Selectable<Schema['api_tokens']>, 'id' | 'name' | 'created_at' | 'last_used_at'>

const queueIds = `array(
  select queue_id::text from queue_agents where agent_id = a.id
  union select id::text from queues where all_agents) as queue_ids`

/** $1 = hash of the token, $2 = now. One statement, because it runs before each request. */
export const findBySession = `
select s.id as session_id, null as token_id, s.last_seen_at as seen_at, a.id, a.name, a.email, a.role, a.language, ${queueIds}
from sessions s join agents a on a.id = s.agent_id
where s.token_hash = $1 and s.expires_at > $2 and not a.disabled`

/** $1 = hash of the token. */
export const findByToken = `
select null as session_id, t.id as token_id, t.last_used_at as seen_at, a.id, a.name, a.email, a.role, a.language, ${queueIds}
from api_tokens t join agents a on a.id = t.agent_id
where t.token_hash = $1 and not a.disabled`

export interface CredentialRow {
  session_id: string | null
  token_id: string | null
  seen_at: Date | null
  id: string
  name: string
  email: string
  role: 'agent' | 'supervisor' | 'admin'
  language: string
  queue_ids: string[]
}

export async function insertSession(
  trx: Transaction<Schema>,
  agentId: string,
  tokenHash: Buffer,
  now: Date,
  expiresAt: Date,
): Promise<void> {
  await trx
    .insertInto('sessions')
    .values({ agent_id: agentId, token_hash: tokenHash, created_at: now, last_seen_at: now, expires_at: expiresAt })
    .execute()
}

export async function touchSession(db: Db, id: string, now: Date, expiresAt: Date): Promise<void> {
  await db.updateTable('sessions').set({ last_seen_at: now, expires_at: expiresAt }).where('id', '=', id).execute()
}

export async function touchToken(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', id).execute()
}

/** The agent whose session this is, expired or not. */
export async function ownerOfSession(db: Db, tokenHash: Buffer): Promise<{ id: string; agent_id: string } | undefined> {
  return db.selectFrom('sessions').select(['id', 'agent_id']).where('token_hash', '=', tokenHash).executeTakeFirst()
}

export async function deleteSession(trx: Transaction<Schema>, id: string): Promise<boolean> {
  const result = await trx.deleteFrom('sessions').where('id', '=', id).executeTakeFirstOrThrow()
  return result.numDeletedRows > 0n
}

/** All sessions of the agent but one. Answers the ids. */
export async function deleteSessionsOf(trx: Transaction<Schema>, agentId: string, exceptId: string | null): Promise<string[]> {
  const query = trx.deleteFrom('sessions').where('agent_id', '=', agentId).returning('id')
  const rows = await (exceptId === null ? query : query.where('id', '<>', exceptId)).execute()
  return rows.map((row) => row.id)
}

export async function deleteExpiredSessions(trx: Transaction<Schema>, agentId: string, now: Date): Promise<string[]> {
  const rows = await trx.deleteFrom('sessions').where('agent_id', '=', agentId).where('expires_at', '<=', now).returning('id').execute()
  return rows.map((row) => row.id)
}

export async function agentsWithExpiredSessions(db: Db, now: Date): Promise<string[]> {
  const rows = await db.selectFrom('sessions').select('agent_id').distinct().where('expires_at', '<=', now).execute()
  return rows.map((row) => row.agent_id)
}

export async function hasSession(trx: Transaction<Schema>, agentId: string, now: Date): Promise<boolean> {
  const row = await trx
    .selectFrom('sessions')
    .select('id')
    .where('agent_id', '=', agentId)
    .where('expires_at', '>', now)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

const tokenColumns = ['id', 'name', 'created_at', 'last_used_at'] as const

/** The agent's tokens by id, those after `after`. */
export function listTokens(db: Db, agentId: string, limit: number, after: string | null): Promise<TokenRow[]> {
  const query = db.selectFrom('api_tokens').select(tokenColumns).where('agent_id', '=', agentId).orderBy('id').limit(limit)
  return (after === null ? query : query.where('id', '>', after)).execute()
}

export function insertToken(trx: Transaction<Schema>, agentId: string, name: string, tokenHash: Buffer, now: Date): Promise<TokenRow> {
  return trx
    .insertInto('api_tokens')
    .values({ agent_id: agentId, name, token_hash: tokenHash, created_at: now })
    .returning(tokenColumns)
    .executeTakeFirstOrThrow()
}

/** Answers the name of the deleted token; undefined when the agent has no such token. */
export async function deleteToken(trx: Transaction<Schema>, agentId: string, id: string): Promise<string | undefined> {
  const row = await trx.deleteFrom('api_tokens').where('id', '=', id).where('agent_id', '=', agentId).returning('name').executeTakeFirst()
  return row?.name
}

export async function tokenIdsOf(trx: Transaction<Schema>, agentId: string): Promise<string[]> {
  const rows = await trx.selectFrom('api_tokens').select('id').where('agent_id', '=', agentId).execute()
  return rows.map((row) => row.id)
}
