import { type Kysely, sql } from 'kysely'

/** Agents, queues, channels, contacts, chats, messages, delivery and the process host. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statements of [people, channels, chats, routing, delivery, processes, administration]) await sql.raw(statements).execute(db)
}

const people = `
create table agents (
  id bigint generated always as identity primary key,
  name text not null,
  email text not null,
  password_hash text,
  role text not null check (role in ('agent', 'supervisor', 'admin')),
  status text not null default 'inactive' check (status in ('active', 'inactive')),
  language text not null default 'en',
  max_chats integer not null default 0 check (max_chats >= 0),
  disabled boolean not null default false,
  notifications jsonb not null default '{"sound": true, "browser": true}',
  last_offered_at timestamptz,
  disconnected_at timestamptz,
  created_at timestamptz not null
);
create unique index agents_email on agents (lower(email));
create index agents_disconnected on agents (disconnected_at) where disconnected_at is not null;

create table agent_status_periods (
  id bigint generated always as identity primary key,
  agent_id bigint not null references agents on delete cascade,
  status text not null check (status in ('active', 'inactive')),
  cause text not null,
  started_at timestamptz not null,
  ended_at timestamptz
);
create unique index agent_status_periods_current on agent_status_periods (agent_id) where ended_at is null;

create table sessions (
  id uuid primary key default gen_random_uuid(),
  token_hash bytea not null unique,
  agent_id bigint not null references agents on delete cascade,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null
);
create index sessions_agent on sessions (agent_id);
create index sessions_expires on sessions (expires_at);

create table api_tokens (
  id bigint generated always as identity primary key,
  name text not null,
  token_hash bytea not null unique,
  agent_id bigint not null references agents on delete cascade,
  created_at timestamptz not null,
  last_used_at timestamptz
);

create table agent_connections (
  id uuid primary key,
  agent_id bigint not null references agents on delete cascade,
  node_id text not null,
  heartbeat_at timestamptz not null
);
create index agent_connections_agent on agent_connections (agent_id);

create table accounts (
  id bigint generated always as identity primary key,
  name text not null,
  created_at timestamptz not null
);

create table contacts (
  id bigint generated always as identity primary key,
  name text not null,
  photo_url text,
  mobile_phone text,
  email text,
  account_id bigint references accounts,
  language text,
  notes text,
  custom jsonb not null default '{}',
  created_at timestamptz not null,
  removed_at timestamptz
);
create index contacts_mobile_phone on contacts (mobile_phone) where mobile_phone is not null;

create table contact_identities (
  id bigint generated always as identity primary key,
  contact_id bigint not null references contacts,
  namespace text not null,
  external_id text not null,
  name text,
  created_at timestamptz not null,
  unique (namespace, external_id)
);
create index contact_identities_contact on contact_identities (contact_id);
`

const channels = `
create table queues (
  id bigint generated always as identity primary key,
  name text not null,
  routing_rule text not null default 'everyone' check (routing_rule in ('everyone', 'least_loaded', 'round_robin', 'last_agent')),
  first_response_minutes double precision check (first_response_minutes > 0),
  ongoing_response_minutes double precision check (ongoing_response_minutes > 0),
  chat_timeout_minutes double precision check (chat_timeout_minutes > 0),
  offer_timeout_minutes double precision check (offer_timeout_minutes > 0),
  max_chats integer not null default 0 check (max_chats >= 0),
  all_agents boolean not null default false,
  created_at timestamptz not null
);
create unique index queues_name on queues (lower(name));

create table queue_agents (
  queue_id bigint not null references queues on delete cascade,
  agent_id bigint not null references agents on delete cascade,
  primary key (queue_id, agent_id)
);
create index queue_agents_agent on queue_agents (agent_id);

create table channels (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind in ('telegram', 'whatsapp', 'messenger', 'sms', 'simulator')),
  name text not null,
  queue_id bigint not null references queues,
  language text,
  enabled boolean not null default true,
  config jsonb not null default '{}',
  secrets bytea,
  last_webhook_at timestamptz,
  created_at timestamptz not null
);
create unique index channels_name on channels (lower(name));
`

const chats = `
create sequence chat_numbers as integer;

create table chats (
  id bigint generated always as identity primary key,
  number integer not null default nextval('chat_numbers'),
  status text not null default 'waiting' check (status in ('waiting', 'in_progress', 'completed')),
  contact_id bigint not null references contacts,
  channel_id uuid not null references channels,
  queue_id bigint not null references queues,
  agent_id bigint references agents,
  parent_chat_id bigint references chats,
  previous_chat_id bigint references chats,
  identity_id bigint references contact_identities,
  seq integer not null default 0,
  read_seq integer not null default 0,
  unread integer not null default 0,
  first_message text,
  last_message_text text,
  last_message_direction text,
  last_message_at timestamptz,
  last_message_status text,
  last_message_id bigint,
  last_customer_message_at timestamptz,
  last_agent_message_at timestamptz,
  first_agent_message_at timestamptz,
  response_due_at timestamptz,
  overdue_since timestamptz,
  timeout_at timestamptz,
  wake_at timestamptz,
  heard_events text[] not null default '{}',
  language text,
  tags text[] not null default '{}',
  priority integer not null default 0,
  created_at timestamptz not null,
  accepted_at timestamptz,
  completed_at timestamptz,
  completion_reason text check (completion_reason in ('agent', 'timeout', 'transfer', 'process')),
  check ((status = 'completed') = (completed_at is not null)),
  check (status <> 'in_progress' or agent_id is not null)
) with (fillfactor = 80);
create unique index chats_open on chats (contact_id, channel_id) where status <> 'completed';
create index chats_contact on chats (contact_id, id);
create index chats_agent on chats (agent_id) where status = 'in_progress';
create index chats_waiting on chats (queue_id, created_at) where status = 'waiting';
create index chats_wake on chats (wake_at) where wake_at is not null;
create index chats_parent on chats (parent_chat_id) where parent_chat_id is not null;

create table messages (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chats,
  seq integer not null,
  changed_seq integer not null,
  direction text not null check (direction in ('incoming', 'outgoing', 'system', 'note')),
  author_kind text not null check (author_kind in ('contact', 'agent', 'process', 'system')),
  author_id bigint,
  author_name text,
  text text,
  at timestamptz not null,
  provider_at timestamptz,
  status text check (status in ('sending', 'sent', 'delivered', 'read', 'failed')),
  failure_code text,
  failure_reason text,
  attempts integer not null default 0,
  client_id text,
  channel_id uuid references channels,
  external_id text,
  identity_id bigint references contact_identities,
  details jsonb,
  unique (chat_id, seq)
);
create unique index messages_external on messages (channel_id, external_id) where external_id is not null;
create unique index messages_client on messages (chat_id, client_id) where client_id is not null;
create index messages_outbox on messages (chat_id, seq) where status = 'sending';

create table drafts (
  chat_id bigint not null references chats on delete cascade,
  agent_id bigint not null references agents on delete cascade,
  text text not null,
  file_ids uuid[] not null default '{}',
  updated_at timestamptz not null,
  primary key (chat_id, agent_id)
);
`

const routing = `
create table chat_offers (
  chat_id bigint not null references chats on delete cascade,
  agent_id bigint not null references agents on delete cascade,
  state text not null check (state in ('open', 'declined', 'expired', 'withdrawn', 'accepted')),
  offered_at timestamptz not null,
  expires_at timestamptz,
  closed_at timestamptz,
  reason text,
  primary key (chat_id, agent_id)
);
create index chat_offers_agent on chat_offers (agent_id) where state = 'open';

create table routing_decisions (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chats on delete cascade,
  at timestamptz not null,
  rule text not null,
  reason text not null,
  offered_to bigint[] not null default '{}',
  assigned_to bigint
);
create index routing_decisions_chat on routing_decisions (chat_id, id);
`

const delivery = `
create table delivery_lanes (
  chat_id bigint primary key references chats on delete cascade,
  next_attempt_at timestamptz not null,
  lease_until timestamptz,
  lease_token uuid
);
create index delivery_lanes_due on delivery_lanes (next_attempt_at);

create table delivery_attempts (
  id bigint generated always as identity primary key,
  message_id bigint not null references messages on delete cascade,
  attempt integer not null,
  part integer not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text check (outcome in ('sent', 'retry', 'failed', 'uncertain', 'interrupted')),
  code text,
  reason text
);
create index delivery_attempts_message on delivery_attempts (message_id, id);

create table provider_messages (
  channel_id uuid not null references channels,
  external_id text not null,
  message_id bigint not null references messages on delete cascade,
  part integer not null,
  status text not null,
  primary key (channel_id, external_id)
);
create index provider_messages_message on provider_messages (message_id);
`

const processes = `
create table process_definitions (
  key text primary key,
  name text not null,
  active_version integer,
  shipped boolean not null default false,
  created_at timestamptz not null
);

create table process_versions (
  key text not null references process_definitions on delete cascade,
  version integer not null,
  name text not null,
  xml text not null,
  forms jsonb not null default '{}',
  scenarios jsonb not null default '[]',
  checksum text not null,
  compiled jsonb not null,
  problems jsonb not null default '[]',
  author_id bigint references agents on delete set null,
  comment text,
  activated_at timestamptz,
  created_at timestamptz not null,
  primary key (key, version)
);

create table process_starts (
  key text not null references process_definitions on delete cascade,
  element_id text not null,
  event_name text not null,
  primary key (key, element_id)
);
create index process_starts_event on process_starts (event_name);

create table process_instances (
  id bigint generated always as identity primary key,
  key text not null,
  version integer not null,
  chat_id bigint references chats on delete cascade,
  state text not null check (state in ('running', 'completed', 'cancelled', 'incident')),
  variables jsonb not null default '{}',
  engine_state text,
  started_by bigint references agents on delete set null,
  started_at timestamptz not null,
  ended_at timestamptz,
  foreign key (key, version) references process_versions (key, version)
);
create index process_instances_chat on process_instances (chat_id, id);
create index process_instances_version on process_instances (key, version, state);

create table process_waits (
  instance_id bigint not null references process_instances on delete cascade,
  wait_id text not null,
  chat_id bigint references chats on delete cascade,
  kind text not null check (kind in ('message', 'signal', 'timer', 'task', 'form')),
  element_id text not null,
  element_name text not null,
  element_type text not null,
  attached_to_id text,
  event_name text,
  timer jsonb,
  chat_field text,
  due_at timestamptz,
  task jsonb,
  form_id text,
  attempts integer not null default 0,
  primary key (instance_id, wait_id)
);
create index process_waits_chat on process_waits (chat_id);
create index process_waits_task on process_waits (due_at) where kind = 'task';

create table process_events (
  id bigint generated always as identity primary key,
  chat_id bigint not null references chats on delete cascade,
  name text not null,
  payload jsonb not null,
  agent_id bigint,
  created_at timestamptz not null
);
create index process_events_chat on process_events (chat_id, id);

create table process_deliveries (
  id bigint generated always as identity primary key,
  instance_id bigint not null references process_instances on delete cascade,
  chat_id bigint references chats on delete cascade,
  delivery jsonb not null,
  event jsonb not null,
  agent_id bigint,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  created_at timestamptz not null
);
create index process_deliveries_instance on process_deliveries (instance_id, id);
create index process_deliveries_due on process_deliveries (next_attempt_at) where next_attempt_at is not null;

create table process_incidents (
  id bigint generated always as identity primary key,
  instance_id bigint not null references process_instances on delete cascade,
  delivery_id bigint,
  element_id text,
  code text not null,
  message text not null,
  attempts integer not null,
  created_at timestamptz not null,
  resolved_at timestamptz
);
create index process_incidents_open on process_incidents (id) where resolved_at is null;
create index process_incidents_instance on process_incidents (instance_id);

create table process_log (
  id bigint generated always as identity primary key,
  instance_id bigint not null references process_instances on delete cascade,
  element_id text not null,
  element_name text not null,
  element_type text not null,
  execution_id text not null,
  kind text not null,
  inputs jsonb,
  outputs jsonb,
  attempt integer not null default 1,
  message text,
  at timestamptz not null,
  at_ms double precision not null
);
create index process_log_instance on process_log (instance_id, id);

-- A chat whose timers read its fields through a computed expression has them re-armed when a field changes.
create function note_rearm() returns trigger language plpgsql as $$
begin
  insert into process_events (chat_id, name, payload, created_at) values (new.id, 'timers.rearm', '{}', clock_timestamp());
  return null;
end $$;
create trigger chats_rearm after update on chats for each row
when ('timers.rearm' = any (new.heard_events) and
  (new.timeout_at, new.response_due_at, new.overdue_since, new.last_customer_message_at, new.last_agent_message_at, new.agent_id, new.queue_id, new.status, new.accepted_at)
  is distinct from
  (old.timeout_at, old.response_due_at, old.overdue_since, old.last_customer_message_at, old.last_agent_message_at, old.agent_id, old.queue_id, old.status, old.accepted_at))
execute function note_rearm();
`

const administration = `
create table settings (
  code text primary key,
  value jsonb not null,
  updated_at timestamptz not null,
  updated_by bigint references agents on delete set null
);

create table quick_actions (
  id bigint generated always as identity primary key,
  caption text not null,
  icon text,
  process_key text not null references process_definitions,
  queue_ids bigint[] not null default '{}',
  position integer not null default 0,
  enabled boolean not null default true
);

create table notifications (
  id bigint generated always as identity primary key,
  agent_id bigint not null references agents on delete cascade,
  chat_id bigint references chats on delete cascade,
  title text not null,
  text text not null,
  severity text not null check (severity in ('info', 'warning', 'error')),
  created_at timestamptz not null,
  read_at timestamptz
);
create index notifications_agent on notifications (agent_id, id);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  agent_id bigint references agents on delete set null,
  action text not null,
  subject text not null,
  details jsonb not null default '{}'
);

create table idempotency_keys (
  agent_id bigint not null references agents on delete cascade,
  key text not null,
  request_hash text not null,
  status integer,
  response jsonb,
  created_at timestamptz not null,
  primary key (agent_id, key)
);
`
