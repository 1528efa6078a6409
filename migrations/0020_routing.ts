import { type Kysely, sql } from 'kysely'

/** What routing remembers besides the offers: which chats wait to be offered, whose turn it is, which queues to look at again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(routing).execute(db)
}

const routing = `
-- {timeZone, days: {mon: [["09:00", "17:00"]], ...}, holidays: ["2026-12-25"]}; null = always open.
alter table queues add column business_hours jsonb;

-- The order in which agents got offers that were for them alone; a time would tie when two fall into one millisecond.
create sequence offer_turns;
alter table agents add column offer_turn bigint not null default 0;

-- An exclusive offer holds a place of its agent: it counts against the limit until it is closed.
alter table chat_offers add column exclusive boolean not null default false;
create index chat_offers_exclusive on chat_offers (agent_id) where state = 'open' and exclusive;

-- Waiting chats that their process wants offered. A chat without a row is offered to nobody, whatever capacity frees.
create table chat_routes (
  chat_id bigint primary key references chats on delete cascade,
  rule text check (rule in ('everyone', 'least_loaded', 'round_robin', 'last_agent')),
  agent_ids bigint[],
  routed_at timestamptz not null
);

-- Queues whose waiting chats must be looked at again, written with what made it so and deleted after the look.
-- agent_id: this agent is gone, all its open offers in the queue go too.
create table routing_requests (
  id bigint generated always as identity primary key,
  queue_id bigint not null references queues on delete cascade,
  agent_id bigint references agents on delete set null,
  created_at timestamptz not null
);
create index routing_requests_queue on routing_requests (queue_id, id);

-- How full a queue with a limit is.
create index chats_in_progress on chats (queue_id) where status = 'in_progress';

-- The order in which waiting chats are offered.
drop index chats_waiting;
create index chats_waiting on chats (queue_id, priority desc, created_at, id) where status = 'waiting';
`
