import { sql } from 'kysely'
import type { Clock } from '../../platform/clock.ts'
import type { ParleyDatabase } from '../../schema.ts'

/** How long jobs and the in-process pump have before the sweeper steps in, in milliseconds. */
const graceMs = 2_000
/** Chats or tasks taken by one sweep; the next one follows at once when there were more. */
const batch = 500

export interface Leftovers {
  /** Chats with unhandled facts. */
  facts: string[]
  /** Chats with something due. */
  due: string[]
  /** Remote tasks whose job is missing. */
  tasks: { instanceId: string; waitId: string }[]
}

/** Finds work that should have been done by now; three index look-ups when there is none. */
export async function findLeftovers(database: ParleyDatabase, clock: Clock): Promise<Leftovers> {
  const before = new Date(clock.now().getTime() - graceMs)
  const facts = await sql<{ chat_id: string }>`
    select distinct chat_id from (select chat_id from process_events where created_at < ${before} order by id limit ${batch}) e`.execute(
    database.db,
  )
  const due = await database.db.selectFrom('chats').select('id').where('wake_at', '<', before).orderBy('wake_at').limit(batch).execute()
  const tasks = await database.db
    .selectFrom('process_waits')
    .select(['instance_id', 'wait_id'])
    .where('kind', '=', 'task')
    .where('due_at', '<', before)
    .orderBy('due_at')
    .limit(batch)
    .execute()
  return {
    facts: facts.rows.map((row) => row.chat_id),
    due: due.map((row) => row.id),
    tasks: tasks.map((row) => ({ instanceId: row.instance_id, waitId: row.wait_id })),
  }
}
