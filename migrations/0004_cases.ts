import { type Kysely, sql } from 'kysely'

/** Cases, and the tombstones of contacts that linking removed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create sequence case_numbers as integer;
create table cases (
  id bigint generated always as identity primary key,
  number integer not null default nextval('case_numbers'),
  subject text not null,
  description text not null default '',
  source text not null,
  status text not null,
  registered_at timestamptz not null,
  contact_id bigint references contacts,
  account_id bigint references accounts,
  assignee_id bigint references agents,
  chat_id bigint references chats,
  origin text
);
create unique index cases_origin on cases (chat_id, origin) where origin is not null;
create index cases_contact on cases (contact_id, id);
create index cases_assignee on cases (assignee_id, id);

create table contact_tombstones (
  contact_id bigint primary key references contacts on delete cascade,
  merged_into_id bigint not null references contacts,
  identity_ids bigint[] not null,
  chat_id bigint references chats,
  removed_by bigint references agents on delete set null,
  removed_at timestamptz not null
);
`)
    .execute(db)
}
