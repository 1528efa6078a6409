import type pg from 'pg'

export interface FillOptions {
  /** Messages to store, ten a chat. */
  messages: number
  channelId: string
  queueId: string
  agentIds: string[]
}

const messagesPerChat = 10

/**
 * Stores past work as it looks after some months: chats of ten messages, two a customer, nearly all completed; one in
 * fifty (at most 500) is in progress and a tenth of those waits, offered to everyone. Each has its process instance and
 * the log of its steps. Ends with fresh statistics and sequences behind what was stored.
 */
export async function fill(client: pg.Client, { messages, channelId, queueId, agentIds }: FillOptions): Promise<void> {
  const chats = Math.ceil(messages / messagesPerChat)
  const open = Math.min(500, Math.floor(chats / 50))
  const values = { chats, customers: Math.ceil(chats / 2), open, waiting: Math.floor(open / 10) }
  await client.query('begin')
  // Rows that fit by construction need no check each: a foreign key costs a look-up a row.
  await client.query('set local session_replication_role = replica')
  await client.query(
    `create temporary table fill on commit drop as select
    $1::uuid as channel_id, $2::bigint as queue_id, $3::bigint[] as agent_ids, $4::int as chats, $5::int as customers, $6::int as open, $7::int as waiting,
    (select coalesce(max(id), 0) from contacts) as contact_base, (select coalesce(max(id), 0) from chats) as chat_base, now() as now`,
    [channelId, queueId, agentIds, values.chats, values.customers, values.open, values.waiting],
  )
  for (const statement of statements) await client.query(statement)
  await client.query('commit')
  for (const table of ['contacts', 'contact_identities', 'chats', 'messages', 'process_instances', 'process_log']) {
    await client.query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select coalesce(max(id), 1) from ${table}))`)
  }
  await client.query('vacuum analyze')
}

/** Texts of twelve words out of forty, so that an index over them works as hard as in real life. */
const text = `(select string_agg(word[1 + (hashint8(m.id * 12 + n) & 2147483647) % 40], ' ') from generate_series(1, 12) n)`
const vocabulary = `array['hello', 'thanks', 'order', 'delivery', 'when', 'where', 'invoice', 'please', 'number', 'address', 'today', 'tomorrow', 'week',
  'product', 'broken', 'refund', 'return', 'payment', 'card', 'account', 'password', 'help', 'still', 'waiting', 'answer', 'morning', 'evening', 'colour',
  'size', 'shop', 'price', 'discount', 'change', 'cancel', 'parcel', 'courier', 'phone', 'email', 'question', 'problem']`

const statements = [
  `insert into contacts (id, name, created_at) overriding system value
    select f.contact_base + g, 'Customer ' || g, f.now - interval '90 days' from fill f, generate_series(1, f.customers) g`,
  `insert into contact_identities (contact_id, namespace, external_id, name, created_at)
    select f.contact_base + g, 'telegram', (5000000 + g)::text, 'Customer ' || g, f.now - interval '90 days' from fill f, generate_series(1, f.customers) g`,
  // The last chats are the open ones; a customer has at most one of them.
  `insert into chats (id, status, contact_id, channel_id, queue_id, agent_id, seq, unread, first_message, last_message_text, last_message_direction,
      last_message_at, last_customer_message_at, last_agent_message_at, first_agent_message_at, heard_events, created_at, accepted_at, completed_at, completion_reason)
    overriding system value
    select f.chat_base + g, s.status, f.contact_base + 1 + g % f.customers, f.channel_id, f.queue_id,
      case when s.status <> 'waiting' then f.agent_ids[1 + g % cardinality(f.agent_ids)] end, ${messagesPerChat}, 0, 'hello', 'thanks', 'outgoing',
      t.at, t.at - interval '5 minutes', t.at, t.at - interval '50 minutes',
      case s.status when 'completed' then '{}'::text[] when 'waiting' then '{agent.accepted,agent.completed,agent.transferred,offer.expired}' else '{agent.completed,agent.transferred}' end,
      t.at - interval '1 hour', case when s.status <> 'waiting' then t.at - interval '55 minutes' end,
      case when s.status = 'completed' then t.at end, case when s.status = 'completed' then 'agent' end
    from fill f, generate_series(1, f.chats) g,
      lateral (select case when g <= f.chats - f.open then 'completed' when g <= f.chats - f.waiting then 'in_progress' else 'waiting' end as status) s,
      lateral (select f.now - (f.chats - g) * (interval '90 days' / f.chats) as at) t`,
  `insert into messages (chat_id, seq, changed_seq, direction, author_kind, author_id, text, at, status, channel_id, external_id)
    select m.chat_id, m.seq, m.seq, d.direction, case d.direction when 'incoming' then 'contact' else 'agent' end, case d.direction when 'incoming' then c.contact_id else c.agent_id end,
      ${text}, c.created_at + m.seq * interval '5 minutes', case d.direction when 'outgoing' then 'sent' end, f.channel_id, 'fill:' || m.id
    from fill f, (select f.chat_base + 1 + (n - 1) / ${messagesPerChat} as chat_id, ((n - 1) % ${messagesPerChat} + 1)::int as seq, n as id
        from fill f, generate_series(1::bigint, f.chats::bigint * ${messagesPerChat}) n) m
      join chats c on c.id = m.chat_id,
      lateral (select case when m.seq % 2 = 1 then 'incoming' else 'outgoing' end as direction) d,
      (select ${vocabulary} as word) v
    order by m.id`,
  `update chats c set last_message_id = m.id from fill f, messages m where m.chat_id = c.id and m.seq = ${messagesPerChat} and c.id > f.chat_base`,
  `insert into process_instances (key, version, chat_id, state, engine_state, started_at, ended_at)
    select 'chat_lifecycle', 1, c.id, case when c.status = 'completed' then 'completed' else 'running' end, case when c.status <> 'completed' then repeat('x', 3000) end, c.created_at, c.completed_at
    from fill f, chats c where c.id > f.chat_base order by c.id`,
  `insert into process_waits (instance_id, wait_id, chat_id, kind, element_id, element_name, element_type, event_name)
    select i.id, 'wait-' || n, i.chat_id, 'message', 'conversation', 'Conversation', 'ReceiveTask', (array['agent.completed', 'agent.transferred'])[n]
    from fill f, process_instances i, generate_series(1, 2) n where i.chat_id > f.chat_base and i.state = 'running'`,
  `insert into process_log (instance_id, element_id, element_name, element_type, execution_id, kind, at, at_ms)
    select i.id, 'find_agents', 'Find agents', 'ServiceTask', 'find_agents_' || n, 'left', i.started_at, n from fill f, process_instances i, generate_series(1, 12) n
    where i.chat_id > f.chat_base order by i.id`,
  `insert into chat_offers (chat_id, agent_id, state, offered_at, closed_at)
    select c.id, a.id, case when c.status = 'waiting' then 'open' when c.agent_id = a.id then 'accepted' else 'withdrawn' end, c.created_at, c.accepted_at
    from fill f, chats c, unnest(f.agent_ids) a (id) where c.id > f.chat_base`,
  `insert into routing_decisions (chat_id, at, rule, reason, offered_to) select c.id, c.created_at, 'everyone', 'Offered to all', f.agent_ids
    from fill f, chats c where c.id > f.chat_base`,
]
