import { type Kysely, sql } from 'kysely'

/** Contacts, accounts and cases that can be searched, and contacts that are joined, removed and restored. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statements of [search, tombstones, ensureContact]) await sql.raw(statements).execute(db)
}

const search = `
create extension if not exists pg_trgm;

-- Lists go by name, whatever its case; the C collation lets the same index serve prefixes.
create index contacts_by_name on contacts (lower(name) collate "C", id) where removed_at is null;
create index contacts_search on contacts using gin (lower(name) gin_trgm_ops, lower(email) gin_trgm_ops, mobile_phone gin_trgm_ops)
  where removed_at is null;
create index contacts_email on contacts (lower(email)) where email is not null;
create index contacts_account on contacts (account_id, id) where account_id is not null;
create index accounts_by_name on accounts (lower(name) collate "C", id);
create index accounts_search on accounts using gin (lower(name) gin_trgm_ops);
create index cases_search on cases using gin (lower(subject) gin_trgm_ops);
create index cases_number on cases (number);
create index cases_status on cases (status, id);
create index cases_chat on cases (chat_id, id) where chat_id is not null;
create index cases_account on cases (account_id) where account_id is not null;
`

const tombstones = `
-- What a removed contact had and who has it now, so that all of it can be given back. Null: nobody took it over.
alter table contact_tombstones
  alter column merged_into_id drop not null,
  add column chat_ids bigint[] not null default '{}',
  add column case_ids bigint[] not null default '{}';
create index contact_tombstones_merged on contact_tombstones (merged_into_id);
`

const ensureContact = `
-- The contact that goes by one of these names, in their order; else the oldest with the phone number. Removed contacts go by none.
create function find_contact(p_namespaces text[], p_external_ids text[], p_phone text) returns bigint language sql stable
begin atomic
  select coalesce(
    (select i.contact_id from unnest(p_namespaces, p_external_ids) with ordinality n(namespace, external_id, place)
      join contact_identities i on i.namespace = n.namespace and i.external_id = n.external_id
      join contacts c on c.id = i.contact_id and c.removed_at is null
      order by n.place limit 1),
    (select c.id from contacts c where c.mobile_phone = p_phone and c.removed_at is null order by c.id limit 1));
end;

-- Finds or makes the contact of an inbound message. The advisory locks make one contact of many first messages at once;
-- the contact's row is locked before it is believed, because a link or merge may be giving its names to another just now.
create or replace function ensure_contact(p_namespaces text[], p_external_ids text[], p_customer jsonb, p_now timestamptz, out contact_id bigint, out identity_id bigint, out created boolean)
language plpgsql as $$
declare
  idx integer;
  phone text := p_customer ->> 'phone';
begin
  created := false;
  for idx in 1 .. array_length(p_namespaces, 1) loop
    perform pg_advisory_xact_lock(hashtextextended(p_namespaces[idx] || ' ' || p_external_ids[idx], 0));
  end loop;
  loop
    contact_id := find_contact(p_namespaces, p_external_ids, phone);
    if contact_id is null then
      insert into contacts (name, mobile_phone, language, created_at)
        values (p_customer ->> 'name', phone, p_customer ->> 'language', p_now) returning id into contact_id;
      created := true;
      exit;
    end if;
    perform 1 from contacts c where c.id = ensure_contact.contact_id for no key update;
    exit when find_contact(p_namespaces, p_external_ids, phone) = contact_id;
  end loop;
  for idx in reverse array_length(p_namespaces, 1) .. 1 loop
    insert into contact_identities as i (contact_id, namespace, external_id, name, created_at)
      values (contact_id, p_namespaces[idx], p_external_ids[idx], p_customer ->> 'name', p_now)
      on conflict (namespace, external_id) do update set
        name = coalesce(excluded.name, i.name),
        contact_id = case when exists (select 1 from contacts c where c.id = i.contact_id and c.removed_at is not null)
          then excluded.contact_id else i.contact_id end
      returning id into identity_id;
  end loop;
end $$;
`
