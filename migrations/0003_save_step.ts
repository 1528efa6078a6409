import { type Kysely, sql } from 'kysely'

/** A process step is saved by one call, and a chat's next wake is computed in one place. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(nextWake).execute(db)
  await sql.raw(saveStep).execute(db)
}

const nextWake = `
-- The earliest moment at which something of this chat is due; null when nothing is.
create function chat_next_wake(p_chat bigint) returns timestamptz language sql stable
begin atomic
  select least(
    (select case when c.overdue_since is null and c.status <> 'completed' then c.response_due_at end from chats c where c.id = p_chat),
    (select min(w.due_at) from process_waits w where w.chat_id = p_chat and w.kind = 'timer'
      and not exists (select 1 from process_deliveries d where d.instance_id = w.instance_id)),
    (select min(case w.chat_field when 'timeoutAt' then c.timeout_at when 'responseDueAt' then c.response_due_at end)
      from process_waits w join chats c on c.id = w.chat_id where w.chat_id = p_chat and w.chat_field is not null
      and not exists (select 1 from process_deliveries d where d.instance_id = w.instance_id)),
    (select min(o.expires_at) from chat_offers o where o.chat_id = p_chat and o.state = 'open'),
    (select min(d.next_attempt_at) from process_deliveries d where d.chat_id = p_chat)
  );
end;
`

const saveStep = `
-- Names the events that may wake a process of the chat, so that the hot path can tell without a join. '*' = all of them.
create function refresh_heard_events(p_chat bigint) returns void language sql
begin atomic
  update chats set heard_events = h.heard from (
    select coalesce(array_agg(distinct n), '{}') as heard from (
      select w.event_name as n from process_waits w where w.chat_id = p_chat and w.kind = 'message' and w.event_name is not null
      union all
      select 'timers.rearm' from process_waits w
        where w.chat_id = p_chat and w.kind = 'timer' and w.chat_field is null and jsonb_array_length(w.timer -> 'reads') > 0
      union all
      select '*' from process_deliveries d where d.chat_id = p_chat
    ) names) h
    where id = p_chat and heard_events is distinct from h.heard;
end;

-- Stores what one engine step left behind. Waits are replaced whole: the engine reports all of them after each step.
create function save_step(p_instance bigint, p_chat bigint, p_state text, p_variables jsonb, p_engine_state text, p_waits jsonb, p_log jsonb, p_attempt integer, p_now timestamptz)
returns void language plpgsql as $$
begin
  update process_instances set state = p_state, variables = p_variables, engine_state = p_engine_state,
    ended_at = case when p_state = 'completed' then p_now end
    where id = p_instance;

  delete from process_waits w where w.instance_id = p_instance
    and not exists (select 1 from jsonb_array_elements(p_waits) e where e ->> 'waitId' = w.wait_id and w.kind = 'task');
  insert into process_waits (instance_id, wait_id, chat_id, kind, element_id, element_name, element_type, attached_to_id, event_name, timer, chat_field, due_at, task, form_id)
    select p_instance, w."waitId", p_chat, w.kind, w."elementId", w."elementName", w."elementType", w."attachedToId", w."eventName", w.timer, w."chatField", w."dueAt", w.task, w."formId"
    from jsonb_to_recordset(p_waits) as w("waitId" text, kind text, "elementId" text, "elementName" text, "elementType" text, "attachedToId" text,
      "eventName" text, timer jsonb, "chatField" text, "dueAt" timestamptz, task jsonb, "formId" text)
    on conflict (instance_id, wait_id) do nothing;

  insert into process_log (instance_id, element_id, element_name, element_type, execution_id, kind, inputs, outputs, attempt, message, at, at_ms)
    select p_instance, l."elementId", l."elementName", l."elementType", l."executionId", l.kind, l.inputs, l.outputs, p_attempt, l.message, p_now, l."atMs"
    from jsonb_to_recordset(p_log) as l("elementId" text, "elementName" text, "elementType" text, "executionId" text, kind text, inputs jsonb, outputs jsonb, message text, "atMs" double precision);

  perform refresh_heard_events(p_chat);
end $$;
`
