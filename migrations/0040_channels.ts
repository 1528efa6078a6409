import { type Kysely, sql } from 'kysely'

/** Health and pauses of channels, receipts that come early, who may not be written to, and customers with several names. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statements of [channels, delivery, inbound, receiveByNames]) await sql.raw(statements).execute(db)
}

const channels = `
alter table channels
  add column health text not null default 'unknown' check (health in ('unknown', 'ok', 'warning', 'failing')),
  add column health_reason text,
  add column health_since timestamptz,
  add column checked_at timestamptz,
  add column failed_checks integer not null default 0,
  add column alarmed_at timestamptz,
  add column alarmed_reason text,
  add column paused_until timestamptz,
  add column silence_alarm_hours double precision default 72 check (silence_alarm_hours > 0);
`

const delivery = `
alter table delivery_attempts
  add column parts integer not null default 1,
  drop constraint delivery_attempts_outcome_check,
  add constraint delivery_attempts_outcome_check check (outcome in ('sent', 'retry', 'waiting', 'failed', 'uncertain', 'interrupted'));

alter table provider_messages
  add column taken_at timestamptz,
  add column provider_at timestamptz,
  add column failure_code text,
  add column failure_reason text;

-- When the next message may leave: per recipient, and with recipient '' for the whole channel.
create table send_slots (
  channel_id uuid not null references channels on delete cascade,
  recipient text not null,
  next_at timestamptz not null,
  primary key (channel_id, recipient)
);
create index send_slots_next on send_slots (next_at);
alter table delivery_lanes add column slot_at timestamptz;

-- Receipts of messages whose send call has not been answered yet.
create table pending_receipts (
  channel_id uuid not null references channels on delete cascade,
  external_id text not null,
  status text not null,
  at timestamptz,
  failure_code text,
  failure_reason text,
  received_at timestamptz not null,
  primary key (channel_id, external_id, status)
);
create index pending_receipts_received on pending_receipts (received_at);

-- How far a customer's app has got, by the provider's clock.
create table thread_watermarks (
  channel_id uuid not null references channels on delete cascade,
  namespace text not null,
  external_id text not null,
  delivered_before timestamptz,
  read_up_to timestamptz,
  primary key (channel_id, namespace, external_id)
);
`

const inbound = `
-- Events that are no messages and have been handled.
create table inbound_events (
  channel_id uuid not null references channels on delete cascade,
  event_key text not null,
  received_at timestamptz not null,
  primary key (channel_id, event_key)
);
create index inbound_events_received on inbound_events (received_at);

-- Webhooks with something in them that Parley does not know.
create table unhandled_webhooks (
  id bigint generated always as identity primary key,
  channel_id uuid not null references channels on delete cascade,
  reason text not null,
  body text not null,
  received_at timestamptz not null
);
create index unhandled_webhooks_received on unhandled_webhooks (received_at);

-- Customers who do not want, or cannot get, messages of a channel; no row means nothing is in the way.
create table identity_restrictions (
  channel_id uuid not null references channels on delete cascade,
  identity_id bigint not null references contact_identities on delete cascade,
  state text not null check (state in ('blocked', 'opted_out')),
  since timestamptz not null,
  primary key (channel_id, identity_id)
);
create index identity_restrictions_identity on identity_restrictions (identity_id);

alter table contact_identities add column profile_checked_at timestamptz;
create index contact_identities_no_profile on contact_identities (created_at) where profile_checked_at is null;
`

const receiveByNames = `
-- receive_message for a customer who comes with several names: all of them are known afterwards, and as one person.
create function receive_message_by_names(
  p_channel uuid, p_namespaces text[], p_external_ids text[], p_customer jsonb,
  p_external_id text, p_text text, p_details jsonb, p_provider_at timestamptz, p_now timestamptz,
  out outcome text, out chat_id bigint, out message_id bigint, out seq integer, out contact_id bigint, out contact_name text,
  out identity_id bigint, out created_contact boolean, out created_chat boolean, out pending boolean, out wake_at timestamptz, out arm boolean
) language plpgsql as $$
declare
  known integer;
  people bigint[];
  chosen bigint;
  made boolean := false;
begin
  select count(*), array_agg(distinct i.contact_id) into known, people
    from unnest(p_namespaces, p_external_ids) n(namespace, external_id)
    join contact_identities i on i.namespace = n.namespace and i.external_id = n.external_id;
  if array_length(people, 1) > 1 then
    -- The provider says that these are one person: who has an open chat here is the one to go on with.
    select c.contact_id into chosen from chats c
      where c.contact_id = any (people) and c.channel_id = p_channel and c.status <> 'completed' order by c.id desc limit 1;
    if chosen is null then
      select i.contact_id into chosen from contact_identities i where i.namespace = p_namespaces[1] and i.external_id = p_external_ids[1];
    end if;
    update contact_identities i set contact_id = coalesce(chosen, people[1])
      from unnest(p_namespaces, p_external_ids) n(namespace, external_id)
      where i.namespace = n.namespace and i.external_id = n.external_id;
  end if;
  if known < array_length(p_namespaces, 1) then
    select e.created into made from ensure_contact(p_namespaces, p_external_ids, p_customer, p_now) e;
  end if;
  select r.outcome, r.chat_id, r.message_id, r.seq, r.contact_id, r.contact_name, r.identity_id, r.created_contact or made, r.created_chat, r.pending, r.wake_at, r.arm
    into outcome, chat_id, message_id, seq, contact_id, contact_name, identity_id, created_contact, created_chat, pending, wake_at, arm
    from receive_message(p_channel, p_namespaces, p_external_ids, p_customer, p_external_id, p_text, p_details, p_provider_at, p_now) r;
end $$;
`
