import { type Kysely, sql } from 'kysely'

/** Translation of chats: what is switched on, what was translated, and what need not be asked for again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table chats add column translation jsonb;
create index chats_translated on chats (id) where status <> 'completed' and translation @> '{"enabled": true}';

-- text null: the message needs none, or the provider gave none (reason says why).
create table message_translations (
  message_id bigint primary key references messages on delete cascade,
  text text,
  from_language text not null,
  to_language text not null,
  provider text not null,
  reason text,
  created_at timestamptz not null
);

create table translation_cache (
  provider text not null,
  from_language text not null,
  to_language text not null,
  text_hash bytea not null,
  text text not null,
  detected_language text not null,
  used_at timestamptz not null,
  primary key (provider, from_language, to_language, text_hash)
);
create index translation_cache_used on translation_cache (used_at);
`)
    .execute(db)
}
