import { type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { Agent, Role } from '../../contracts/agents.ts'
import type { Schema } from '../../schema.ts'
import type { StatusCause } from './agents.types.ts'

type Db = Kysely<Schema> | Transaction<Schema>

/** Explicit memberships and the queues that every agent is in. */
const queueIds = sql<string[]>`array(
  select queue_id::text from queue_agents where agent_id = agents.id
  union select id::text from queues where all_agents)`

const columns = ['id', 'name', 'email', 'role', 'status', 'language', 'max_chats', 'disabled', 'notifications'] as const

type Row = Pick<Selectable<Schema['agents']>, (typeof columns)[number]> & { queue_ids: string[] }

function toAgent(row: Row): Agent {
  const { max_chats, queue_ids, ...same } = row
  return { ...same, queueIds: queue_ids, maxChats: max_chats }
}

const agents = (db: Db) => db.selectFrom('agents').select([...columns, queueIds.as('queue_ids')])

/** Undefined when there is none. */
export async function findAgent(db: Db, id: string): Promise<Agent | undefined> {
  const row = await agents(db).where('id', '=', id).executeTakeFirst()
  return row && toAgent(row)
}

/** The agent as it is once all others that change it are done; nobody changes it until the transaction ends. */
export async function lockAgent(trx: Transaction<Schema>, id: string): Promise<Agent | undefined> {
  // Not "for update": rows that refer to the agent may be written meanwhile.
  const row = await agents(trx).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  return row && toAgent(row)
}

/** By id, those after `after`. */
export async function listAgents(db: Db, limit: number, after: string | null): Promise<Agent[]> {
  const query = agents(db).orderBy('agents.id').limit(limit)
  const rows = await (after === null ? query : query.where('agents.id', '>', after)).execute()
  return rows.map(toAgent)
}

/** Email addresses differ by more than the case of their letters. */
export function findLogin(db: Db, email: string): Promise<{ id: string; password_hash: string | null; disabled: boolean } | undefined> {
  return db
    .selectFrom('agents')
    .select(['id', 'password_hash', 'disabled'])
    .where(sql`lower(email)`, '=', email.toLowerCase())
    .executeTakeFirst()
}

export interface NewAgent {
  name: string
  email: string
  passwordHash: string | null
  role: Role
  language: string
  maxChats: number
  disabled: boolean
}

/** Inactive, with the first period of its status. Answers the id. */
export async function insertAgent(trx: Transaction<Schema>, agent: NewAgent, now: Date): Promise<string> {
  const { passwordHash, maxChats, ...same } = agent
  const { id } = await trx
    .insertInto('agents')
    .values({ ...same, password_hash: passwordHash, max_chats: maxChats, created_at: now })
    .returning('id')
    .executeTakeFirstOrThrow()
  await trx.insertInto('agent_status_periods').values({ agent_id: id, status: 'inactive', cause: 'created', started_at: now }).execute()
  return id
}

export async function updateAgent(trx: Transaction<Schema>, id: string, values: Updateable<Schema['agents']>): Promise<void> {
  if (Object.keys(values).length > 0) await trx.updateTable('agents').set(values).where('id', '=', id).execute()
}

/** Ends the current period and begins the next. */
export async function changeStatus(
  trx: Transaction<Schema>,
  id: string,
  status: Agent['status'],
  cause: StatusCause,
  now: Date,
): Promise<void> {
  // Who becomes active without a connection did so on purpose, over the API: there is no connection to miss.
  await trx.updateTable('agents').set({ status, disconnected_at: null }).where('id', '=', id).execute()
  await trx.updateTable('agent_status_periods').set({ ended_at: now }).where('agent_id', '=', id).where('ended_at', 'is', null).execute()
  await trx.insertInto('agent_status_periods').values({ agent_id: id, status, cause, started_at: now }).execute()
}

/** Replaces the explicit memberships. Answers the ids that no queue has, and whether anything changed. */
export async function setQueues(
  trx: Transaction<Schema>,
  agentId: string,
  ids: readonly string[],
): Promise<{ unknown: string[]; changed: boolean }> {
  const wanted = [...new Set(ids)].filter((id) => /^\d{1,18}$/.test(id))
  const queues = wanted.length === 0 ? [] : await trx.selectFrom('queues').select(['id', 'all_agents']).where('id', 'in', wanted).execute()
  const unknown = ids.filter((id) => !queues.some((queue) => queue.id === id))
  if (unknown.length > 0) return { unknown, changed: false }
  // Membership of a queue that has everybody is not the agent's own.
  const own = queues.filter((queue) => !queue.all_agents).map((queue) => queue.id)
  const gone = trx.deleteFrom('queue_agents').where('agent_id', '=', agentId)
  const removed = await (own.length === 0 ? gone : gone.where('queue_id', 'not in', own)).executeTakeFirstOrThrow()
  let added = 0n
  if (own.length > 0) {
    const rows = own.map((queueId) => ({ queue_id: queueId, agent_id: agentId }))
    const result = await trx
      .insertInto('queue_agents')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    added = result.numInsertedOrUpdatedRows ?? 0n
  }
  return { unknown: [], changed: removed.numDeletedRows > 0n || added > 0n }
}

export async function deleteAgent(trx: Transaction<Schema>, id: string): Promise<void> {
  await trx.deleteFrom('agents').where('id', '=', id).execute()
}

export async function hasChats(trx: Transaction<Schema>, id: string): Promise<boolean> {
  const row = await trx.selectFrom('chats').select('id').where('agent_id', '=', id).limit(1).executeTakeFirst()
  return row !== undefined
}

/** Any number that no other advisory lock of Parley has. */
const administratorsLock = 5_190_233

/** Until the transaction ends nobody else makes, demotes, disables or deletes an administrator. */
export async function lockAdministrators(trx: Transaction<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${administratorsLock})`.execute(trx)
}

/** Whether there is an enabled administrator besides this agent. */
export async function hasOtherAdmin(db: Db, exceptId: string | null): Promise<boolean> {
  const query = db.selectFrom('agents').select('id').where('role', '=', 'admin').where('disabled', '=', false).limit(1)
  const row = await (exceptId === null ? query : query.where('id', '<>', exceptId)).executeTakeFirst()
  return row !== undefined
}
