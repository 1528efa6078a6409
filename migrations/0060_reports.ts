import { type Kysely, sql } from 'kysely'

/** What reports count is kept with each chat, so that no report reads messages; and a text index for the search. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table chats
  add column responses integer not null default 0,
  add column response_seconds double precision not null default 0,
  add column overdue_count integer not null default 0,
  add column delivery_failures integer not null default 0;
create index chats_created on chats (created_at);
create index messages_text on messages using gin (to_tsvector('simple', text)) where text is not null and direction in ('incoming', 'outgoing', 'note');
create index audit_log_action on audit_log (action, id);
`)
    .execute(db)
}
