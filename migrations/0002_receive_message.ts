import { type Kysely, sql } from 'kysely'

/** The hot path: an inbound message is one call of one function, one transaction. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(receiveMessage).execute(db)
}

const receiveMessage = `
create function minutes(amount double precision) returns interval language sql immutable parallel safe
return make_interval(secs => amount * 60);

-- Puts a fact into the chat's process inbox when some process listens, or may listen once earlier facts are handled.
create function raise_fact(p_chat bigint, p_heard text[], p_name text, p_payload jsonb, p_agent bigint, p_now timestamptz)
returns boolean language plpgsql as $$
begin
  if p_name = any (p_heard) or '*' = any (p_heard)
    or exists (select 1 from process_starts where event_name = p_name)
    or exists (select 1 from process_events where chat_id = p_chat)
  then
    insert into process_events (chat_id, name, payload, agent_id, created_at) values (p_chat, p_name, p_payload, p_agent, p_now);
    return true;
  end if;
  return false;
end $$;

-- Finds or makes the contact of an inbound message. The advisory lock makes one contact of many first messages at once.
create function ensure_contact(p_namespaces text[], p_external_ids text[], p_customer jsonb, p_now timestamptz, out contact_id bigint, out identity_id bigint, out created boolean)
language plpgsql as $$
declare
  idx integer;
  found_contact bigint;
begin
  created := false;
  for idx in 1 .. array_length(p_namespaces, 1) loop
    perform pg_advisory_xact_lock(hashtextextended(p_namespaces[idx] || ' ' || p_external_ids[idx], 0));
  end loop;
  for idx in 1 .. array_length(p_namespaces, 1) loop
    select i.contact_id into found_contact from contact_identities i
      where i.namespace = p_namespaces[idx] and i.external_id = p_external_ids[idx];
    if found then
      contact_id := found_contact;
      exit;
    end if;
  end loop;
  if contact_id is null and p_customer ->> 'phone' is not null then
    select c.id into contact_id from contacts c
      where c.mobile_phone = p_customer ->> 'phone' and c.removed_at is null order by c.id limit 1;
  end if;
  if contact_id is null then
    insert into contacts (name, mobile_phone, language, created_at)
      values (p_customer ->> 'name', p_customer ->> 'phone', p_customer ->> 'language', p_now) returning id into contact_id;
    created := true;
  end if;
  for idx in reverse array_length(p_namespaces, 1) .. 1 loop
    insert into contact_identities as i (contact_id, namespace, external_id, name, created_at)
      values (contact_id, p_namespaces[idx], p_external_ids[idx], p_customer ->> 'name', p_now)
      on conflict (namespace, external_id) do update set name = coalesce(excluded.name, i.name)
      returning id into identity_id;
  end loop;
end $$;

-- Stores one inbound message. outcome: 'stored' or 'duplicate'.
create function receive_message(
  p_channel uuid, p_namespaces text[], p_external_ids text[], p_customer jsonb,
  p_external_id text, p_text text, p_details jsonb, p_provider_at timestamptz, p_now timestamptz,
  out outcome text, out chat_id bigint, out message_id bigint, out seq integer, out contact_id bigint, out contact_name text,
  out identity_id bigint, out created_contact boolean, out created_chat boolean, out pending boolean, out wake_at timestamptz, out arm boolean
) language plpgsql as $$
declare
  chat chats;
  queue queues;
  previous bigint;
  first_time boolean;
begin
  outcome := 'stored';
  created_contact := false;
  created_chat := false;

  select i.id, i.contact_id into identity_id, contact_id from contact_identities i
    where i.namespace = p_namespaces[1] and i.external_id = p_external_ids[1];
  if found then
    select * into chat from chats c where c.contact_id = receive_message.contact_id and c.channel_id = p_channel and c.status <> 'completed' for update;
  end if;

  if chat.id is null then
    select e.contact_id, e.identity_id, e.created into contact_id, identity_id, created_contact
      from ensure_contact(p_namespaces, p_external_ids, p_customer, p_now) e;
    perform 1 from contacts c where c.id = receive_message.contact_id for no key update;
    select * into chat from chats c where c.contact_id = receive_message.contact_id and c.channel_id = p_channel and c.status <> 'completed' for update;
  end if;

  if p_external_id is not null then
    select m.id, m.chat_id, m.seq into message_id, chat_id, seq from messages m where m.channel_id = p_channel and m.external_id = p_external_id;
    if found then
      outcome := 'duplicate';
      pending := false;
      arm := false;
      return;
    end if;
  end if;

  if chat.id is null then
    created_chat := true;
    select c.id into previous from chats c where c.contact_id = receive_message.contact_id and c.channel_id = p_channel order by c.id desc limit 1;
    insert into chats (contact_id, channel_id, queue_id, previous_chat_id, identity_id, created_at, language, first_message)
      select receive_message.contact_id, p_channel, n.queue_id, previous, receive_message.identity_id, p_now, coalesce(n.language, p_customer ->> 'language'), p_text
      from channels n where n.id = p_channel
      returning * into chat;
  end if;

  select * into queue from queues q where q.id = chat.queue_id;
  chat_id := chat.id;
  seq := chat.seq + 1;

  insert into messages (chat_id, seq, changed_seq, direction, author_kind, author_id, text, at, provider_at, channel_id, external_id, identity_id, details)
    values (chat.id, receive_message.seq, receive_message.seq, 'incoming', 'contact', contact_id, p_text, p_now, p_provider_at, p_channel, p_external_id, identity_id, p_details)
    returning id into message_id;

  chat.response_due_at := case
    when chat.first_agent_message_at is null then coalesce(chat.response_due_at, p_now + minutes(queue.first_response_minutes))
    else p_now + minutes(queue.ongoing_response_minutes)
  end;
  if chat.overdue_since is null and chat.response_due_at < coalesce(chat.wake_at, 'infinity') then
    chat.wake_at := chat.response_due_at;
    arm := true;
  end if;

  update chats c set
    seq = receive_message.seq,
    unread = c.unread + 1,
    identity_id = receive_message.identity_id,
    first_message = coalesce(c.first_message, p_text),
    last_message_id = message_id,
    last_message_text = left(p_text, 200),
    last_message_direction = 'incoming',
    last_message_at = p_now,
    last_message_status = null,
    last_customer_message_at = p_now,
    response_due_at = chat.response_due_at,
    timeout_at = null,
    wake_at = chat.wake_at
    where c.id = chat.id;

  first_time := created_chat;
  pending := false;
  if first_time then
    insert into process_events (chat_id, name, payload, created_at)
      values (chat.id, 'chat.created', jsonb_build_object('chatId', chat.id::text, 'messageId', message_id::text, 'agentId', null, 'parentChatId', null), p_now);
    pending := true;
  end if;
  if raise_fact(chat.id, chat.heard_events, 'message.received',
    jsonb_build_object('chatId', chat.id::text, 'messageId', message_id::text, 'text', p_text), null, p_now)
  then
    pending := true;
  end if;
  select c.name into contact_name from contacts c where c.id = contact_id;
  wake_at := chat.wake_at;
  arm := coalesce(arm, false);
end $$;
`
