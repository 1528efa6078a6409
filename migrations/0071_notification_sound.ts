import { type Kysely, sql } from 'kysely'

/** The sound an administrator uploaded; there is at most one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table notification_sound (
  singleton boolean primary key default true check (singleton),
  type text not null,
  bytes bytea not null,
  uploaded_at timestamptz not null
)`)
    .execute(db)
}
