import { type Kysely, sql } from 'kysely'
import type { Schema } from '../../schema.ts'
import type { ReportFilter } from './overview.ts'

const columns = [
  'number',
  'status',
  'created_at',
  'accepted_at',
  'completed_at',
  'completion_reason',
  'channel',
  'queue',
  'agent',
  'contact',
  'tags',
  'first_response_seconds',
  'ongoing_response_seconds',
  'overdue',
  'delivery_failures',
] as const

const batch = 1_000

/**
 * One field of RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front of it, because
 * customers choose their own names (OWASP, CSV injection).
 */
export function csvField(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = value instanceof Date ? value.toISOString() : String(value)
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The period's chats as CSV lines, oldest first, read in pages so that any number of chats needs little memory. */
export async function* chatsAsCsv(db: Kysely<Schema>, filter: ReportFilter): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`
  let after = '0'
  for (;;) {
    const result = await sql<Record<string, unknown> & { id: string }>`
      select c.id, c.number, c.status, c.created_at, c.accepted_at, c.completed_at, c.completion_reason, n.name as channel, q.name as queue,
        a.name as agent, p.name as contact, array_to_string(c.tags, ' ') as tags,
        round(extract(epoch from c.first_agent_message_at - c.created_at))::int as first_response_seconds,
        round(c.response_seconds / nullif(c.responses, 0))::int as ongoing_response_seconds,
        c.overdue_count as overdue, c.delivery_failures
      from chats c join channels n on n.id = c.channel_id join queues q on q.id = c.queue_id join contacts p on p.id = c.contact_id
        left join agents a on a.id = c.agent_id
      where c.created_at >= ${filter.from} and c.created_at < ${filter.to} and c.id > ${after}
        and (${filter.queueId}::bigint is null or c.queue_id = ${filter.queueId}) and (${filter.agentId}::bigint is null or c.agent_id = ${filter.agentId})
      order by c.id limit ${batch}`.execute(db)
    if (result.rows.length > 0) yield result.rows.map((row) => `${columns.map((column) => csvField(row[column])).join(',')}\r\n`).join('')
    const last = result.rows.at(-1)
    if (!last || result.rows.length < batch) return
    after = last.id
  }
}
