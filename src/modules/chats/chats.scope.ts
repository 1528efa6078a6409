import { sql } from 'kysely'
import type { Scope } from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import type { ScopeReader } from '../workflow/index.ts'

type ChatScope = NonNullable<Scope['chat']>

/** Whether a queue with these business hours is open at the instant; the routing module knows. */
export type IsOpen = (businessHours: BusinessHours | null, now: Date) => boolean

interface BusinessHours {
  timeZone: string
  days: Record<string, [string, string][]>
  holidays: string[]
}

/** The chat as FEEL sees it (processes.md "What a process sees"): one statement, always from the database. */
async function readChat(
  work: ParleyWork,
  chatId: string,
  parts: { incomingBeforeReply: boolean },
  isOpen: IsOpen,
): Promise<ChatScope | null> {
  const row = await work.trx
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .innerJoin('channels as n', 'n.id', 'c.channel_id')
    .innerJoin('queues as q', 'q.id', 'c.queue_id')
    .leftJoin('agents as a', 'a.id', 'c.agent_id')
    .leftJoin('accounts as o', 'o.id', 'p.account_id')
    .selectAll('c')
    .select([
      'p.name as contact_name',
      'p.mobile_phone',
      'p.email as contact_email',
      'p.language as contact_language',
      'p.account_id',
      'o.name as account_name',
      'n.kind as channel_kind',
      'n.name as channel_name',
      'q.name as queue_name',
      'q.routing_rule',
      'q.chat_timeout_minutes',
      'q.first_response_minutes',
      'q.ongoing_response_minutes',
      'q.offer_timeout_minutes',
      sql<BusinessHours | null>`q.business_hours`.as('business_hours'),
      'a.name as agent_name',
      'a.email as agent_email',
    ])
    .where('c.id', '=', chatId)
    .executeTakeFirst()
  if (!row) return null
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    channel: { id: row.channel_id, kind: row.channel_kind, name: row.channel_name },
    queue: {
      id: row.queue_id,
      name: row.queue_name,
      routingRule: row.routing_rule,
      chatTimeoutMinutes: row.chat_timeout_minutes,
      firstResponseMinutes: row.first_response_minutes,
      ongoingResponseMinutes: row.ongoing_response_minutes,
      offerTimeoutMinutes: row.offer_timeout_minutes,
      isOpen: isOpen(row.business_hours, work.now),
    },
    agent: row.agent_id === null ? null : { id: row.agent_id, name: row.agent_name, email: row.agent_email },
    contact: {
      id: row.contact_id,
      name: row.contact_name,
      mobilePhone: row.mobile_phone,
      email: row.contact_email,
      language: row.contact_language,
      account: row.account_id === null ? null : { id: row.account_id, name: row.account_name },
    },
    parentChatId: row.parent_chat_id,
    createdAt: row.created_at,
    acceptedAt: row.accepted_at,
    completedAt: row.completed_at,
    firstMessage: row.first_message,
    incomingBeforeReply: parts.incomingBeforeReply ? await readIncomingBeforeReply(work, chatId) : null,
    lastCustomerMessageAt: row.last_customer_message_at,
    lastAgentMessageAt: row.last_agent_message_at,
    responseDueAt: row.response_due_at,
    timeoutAt: row.timeout_at,
    overdueSince: row.overdue_since,
    language: row.language,
    tags: row.tags,
    priority: row.priority,
  }
}

/** Texts of all incoming messages before the first message of an agent, a line each; a transferred chat goes on with its parents. */
async function readIncomingBeforeReply(work: ParleyWork, chatId: string): Promise<string> {
  const result = await sql<{ text: string | null }>`
    with recursive line(id, parent, depth) as (
      select id, parent_chat_id, 0 from chats where id = ${chatId}
      union all
      select c.id, c.parent_chat_id, depth + 1 from chats c join line on c.id = line.parent where depth < 100)
    select string_agg(m.text, E'\n' order by m.id) as text from messages m
    where m.chat_id in (select id from line) and m.direction = 'incoming' and m.text is not null
      and not exists (select 1 from messages r where r.chat_id in (select id from line) and r.id < m.id
        and r.direction = 'outgoing' and r.author_kind = 'agent')`.execute(work.trx)
  return result.rows[0]?.text ?? ''
}

/** Reads the FEEL roots `chat` and `agent`. */
export const createScopeReader = (isOpen: IsOpen): ScopeReader => ({
  chat: (work, chatId, parts) => readChat(work, chatId, parts, isOpen),
  async agent(work, agentId) {
    const row = await work.trx
      .selectFrom('agents')
      .select(['id', 'name', 'email', 'role', 'language'])
      .where('id', '=', agentId)
      .executeTakeFirst()
    return row ?? null
  },
})
