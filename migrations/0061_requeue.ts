import { type Kysely, sql } from 'kysely'

/** After how many minutes the chats of an agent who left go back to their queue; null = they stay. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table queues add column requeue_minutes double precision check (requeue_minutes > 0)').execute(db)
}
