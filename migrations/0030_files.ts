import { type Kysely, sql } from 'kysely'

/** Files: uploads of agents and simulated customers, and what customers sent and Parley fetches from the provider. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(files).execute(db)
  await sql.raw(takeMessageFiles).execute(db)
}

const files = `
create table files (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  type text not null,
  size bigint,
  sha256 text,
  state text not null check (state in ('pending', 'ready', 'failed', 'discarded')),
  failure_code text,
  failure_reason text,
  uploaded_by bigint references agents on delete set null,
  channel_id uuid references channels on delete cascade,
  source jsonb,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  created_at timestamptz not null,
  check (state <> 'ready' or (size is not null and sha256 is not null))
);
create index files_to_fetch on files (next_attempt_at) where state = 'pending' and next_attempt_at is not null;
create index files_created on files (created_at);

create table message_files (
  message_id bigint not null references messages on delete cascade,
  position smallint not null,
  file_id uuid not null unique references files,
  primary key (message_id, position)
);

create table signing_keys (
  name text primary key,
  sealed bytea not null,
  created_at timestamptz not null
);
`

const takeMessageFiles = `
-- Files named in a message's details become rows in the message's own transaction. A file that Parley stores already
-- (source by "stored") is attached as it is; any other waits to be fetched. Messages without files never get here.
create function take_message_files() returns trigger language plpgsql as $$
declare
  described jsonb;
  place integer := 0;
  taken uuid;
begin
  for described in select value from jsonb_array_elements(new.details -> 'files') loop
    if described -> 'source' ->> 'by' = 'stored' then
      taken := (described -> 'source' ->> 'fileId')::uuid;
    else
      insert into files (id, name, type, size, state, channel_id, source, created_at, next_attempt_at)
        values (
          coalesce((described ->> 'id')::uuid, gen_random_uuid()),
          coalesce(described ->> 'shownName', described ->> 'name', described ->> 'kind', 'file'),
          coalesce(described ->> 'type', 'application/octet-stream'),
          (described ->> 'size')::bigint, 'pending', new.channel_id, described, new.at, new.at)
        returning id into taken;
    end if;
    insert into message_files (message_id, position, file_id) values (new.id, place, taken);
    place := place + 1;
  end loop;
  return null;
end $$;
create trigger messages_files after insert on messages for each row
when (new.details ? 'files') execute function take_message_files();
`
