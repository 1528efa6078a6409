import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Schema } from '../../schema.ts'

type Db = Kysely<Schema> | Transaction<Schema>

export interface Connection {
  id: string
  agentId: string
}

export async function insertConnection(trx: Transaction<Schema>, connection: Connection, nodeId: string, now: Date): Promise<void> {
  await trx
    .insertInto('agent_connections')
    .values({ id: connection.id, agent_id: connection.agentId, node_id: nodeId, heartbeat_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ heartbeat_at: now }))
    .execute()
}

/** Answers the agent; undefined when the connection is not (any more) known. */
export async function deleteConnection(trx: Transaction<Schema>, id: string): Promise<string | undefined> {
  const row = await trx.deleteFrom('agent_connections').where('id', '=', id).returning('agent_id').executeTakeFirst()
  return row?.agent_id
}

/** Connections of nodes that have not been heard of since. Answers their agents. */
export async function deleteDeadConnections(trx: Transaction<Schema>, before: Date): Promise<string[]> {
  const rows = await trx.deleteFrom('agent_connections').where('heartbeat_at', '<', before).returning('agent_id').execute()
  // In one order everywhere, so that two sweepers do not wait for each other.
  return [...new Set(rows.map((row) => row.agent_id))].sort()
}

export async function hasConnection(trx: Transaction<Schema>, agentId: string): Promise<boolean> {
  const row = await trx.selectFrom('agent_connections').select('id').where('agent_id', '=', agentId).limit(1).executeTakeFirst()
  return row !== undefined
}

export async function setDisconnected(trx: Transaction<Schema>, agentId: string, at: Date | null): Promise<void> {
  await trx.updateTable('agents').set({ disconnected_at: at }).where('id', '=', agentId).execute()
}

/** Agents whose last connection was lost until then. */
export async function disconnectedSince(db: Db, until: Date): Promise<string[]> {
  const rows = await db.selectFrom('agents').select('id').where('disconnected_at', '<=', until).orderBy('id').execute()
  return rows.map((row) => row.id)
}

export async function isDisconnectedSince(trx: Transaction<Schema>, agentId: string, until: Date): Promise<boolean> {
  const row = await trx.selectFrom('agents').select('id').where('id', '=', agentId).where('disconnected_at', '<=', until).executeTakeFirst()
  return row !== undefined
}

/** The given connections live; those that a sweep took for lost come back, and with them their agents' presence. */
export async function beat(db: Db, nodeId: string, connections: readonly Connection[], now: Date): Promise<void> {
  const ids = sql.val(connections.map((connection) => connection.id))
  const agentIds = sql.val(connections.map((connection) => connection.agentId))
  await sql`
    with alive as (
      insert into agent_connections as c (id, agent_id, node_id, heartbeat_at)
      select open.id, open.agent_id, ${nodeId}, ${now}
      from unnest(${ids}::uuid[], ${agentIds}::bigint[]) as open (id, agent_id)
      join agents on agents.id = open.agent_id
      on conflict (id) do update set heartbeat_at = excluded.heartbeat_at
      returning c.agent_id
    )
    update agents set disconnected_at = null
    where disconnected_at is not null and id in (select agent_id from alive)`.execute(db)
}
