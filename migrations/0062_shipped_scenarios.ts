import { type Kysely, sql } from 'kysely'

/** Whether a version's scenarios are still those that came with Parley. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table process_versions add column scenarios_shipped boolean not null default false').execute(db)
}
