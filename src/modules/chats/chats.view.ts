import { type Kysely, sql } from 'kysely'
import type { ChatTile, Message, MessageFile } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

export interface TileRow {
  id: string
  number: number
  seq: number
  status: ChatTile['status']
  contact_id: string
  contact_name: string
  photo_url: string | null
  channel_id: string
  channel_kind: ChatTile['channel']['kind']
  channel_name: string
  queue_id: string
  queue_name: string
  agent_id: string | null
  agent_name: string | null
  last_message_text: string | null
  last_message_direction: Message['direction'] | null
  last_message_at: Date | null
  last_message_status: Message['status']
  unread: number
  last_customer_message_at: Date | null
  response_due_at: Date | null
  overdue_since: Date | null
  timeout_at: Date | null
  created_at: Date
  /** Agents with an open offer. */
  offered_to: string[]
  /** Agents with a draft. */
  draft_of: string[]
}

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

/** At most two letters for a contact without a photo. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? '')
    .join('')
}

/** The tile as this agent sees it. */
export function toTile(row: TileRow, agentId: string): ChatTile {
  return {
    id: row.id,
    number: row.number,
    seq: row.seq,
    status: row.status,
    contact: { id: row.contact_id, name: row.contact_name, photoUrl: row.photo_url, initials: initials(row.contact_name) },
    channel: { id: row.channel_id, kind: row.channel_kind, name: row.channel_name },
    queue: { id: row.queue_id, name: row.queue_name },
    agent: row.agent_id === null ? null : { id: row.agent_id, name: row.agent_name ?? '' },
    lastMessage:
      row.last_message_at === null || row.last_message_direction === null
        ? null
        : {
            text: row.last_message_text,
            direction: row.last_message_direction,
            at: row.last_message_at.toISOString(),
            status: row.last_message_status,
          },
    unread: row.unread,
    hasDraft: row.draft_of.includes(agentId),
    lastCustomerMessageAt: iso(row.last_customer_message_at),
    responseDueAt: iso(row.response_due_at),
    overdueSince: iso(row.overdue_since),
    timeoutAt: iso(row.timeout_at),
    createdAt: row.created_at.toISOString(),
  }
}

/** Base of every tile query: one statement, joins on primary keys, two small sub-selects. */
export function tileQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .innerJoin('channels as n', 'n.id', 'c.channel_id')
    .innerJoin('queues as q', 'q.id', 'c.queue_id')
    .leftJoin('agents as a', 'a.id', 'c.agent_id')
    .select([
      'c.id',
      'c.number',
      'c.seq',
      'c.status',
      'c.contact_id',
      'p.name as contact_name',
      'p.photo_url',
      'c.channel_id',
      'n.kind as channel_kind',
      'n.name as channel_name',
      'c.queue_id',
      'q.name as queue_name',
      'c.agent_id',
      'a.name as agent_name',
      'c.last_message_text',
      'c.last_message_direction',
      'c.last_message_at',
      'c.last_message_status',
      'c.unread',
      'c.last_customer_message_at',
      'c.response_due_at',
      'c.overdue_since',
      'c.timeout_at',
      'c.created_at',
      sql<string[]>`array(select o.agent_id from chat_offers o where o.chat_id = c.id and o.state = 'open')`.as('offered_to'),
      sql<string[]>`array(select d.agent_id from drafts d where d.chat_id = c.id)`.as('draft_of'),
    ])
}

/** Whether the chat belongs into this agent's inbox: offered to them, or theirs and in progress. */
export function inInboxOf(row: Pick<TileRow, 'status' | 'agent_id' | 'offered_to'>, agentId: string): boolean {
  return (row.status === 'waiting' && row.offered_to.includes(agentId)) || (row.status === 'in_progress' && row.agent_id === agentId)
}

/** A file as the database writes it into JSON. */
export interface FileRow {
  id: string
  name: string
  size: number | null
  type: string
  state: MessageFile['state']
  failureReason: string | null
}

/** A file row as the API shows it; its address asks for the right to see it. */
export function toMessageFile(row: FileRow): MessageFile {
  return { ...row, url: `/api/files/${row.id}` }
}

/** The columns of FileRow as one JSON object of the table `f`. */
export const fileJson = sql.raw<FileRow>(
  `json_build_object('id', f.id, 'name', f.name, 'size', f.size, 'type', f.type, 'state', f.state, 'failureReason', f.failure_reason)`,
)

export interface MessageRow {
  id: string
  chat_id: string
  seq: number
  changed_seq: number
  direction: Message['direction']
  author_kind: Message['author']['kind']
  author_id: string | null
  author_name: string | null
  text: string | null
  at: Date
  provider_at: Date | null
  status: Message['status']
  failure_reason: string | null
  attempts: number
  client_id: string | null
  /** Null when the message has none. */
  files: FileRow[] | null
  translation: Message['translation']
}

/** A message row as the API shows it. */
export function toMessage(row: MessageRow): Message {
  return {
    id: row.id,
    chatId: row.chat_id,
    seq: row.seq,
    direction: row.direction,
    author: { kind: row.author_kind, id: row.author_id, name: row.author_name ?? '' },
    text: row.text,
    files: (row.files ?? []).map(toMessageFile),
    at: row.at.toISOString(),
    providerAt: iso(row.provider_at),
    status: row.status,
    failureReason: row.failure_reason,
    attempts: row.attempts,
    translation: row.translation,
    clientId: row.client_id,
  }
}

/** Base of every message query; the author's name is the current one of the agent or contact. */
export function messageQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('messages as m')
    .leftJoin('agents as a', (join) => join.onRef('a.id', '=', 'm.author_id').on('m.author_kind', '=', 'agent'))
    .leftJoin('contacts as p', (join) => join.onRef('p.id', '=', 'm.author_id').on('m.author_kind', '=', 'contact'))
    .select((eb) => [
      'm.id',
      'm.chat_id',
      'm.seq',
      'm.changed_seq',
      'm.direction',
      'm.author_kind',
      'm.author_id',
      eb.fn.coalesce('m.author_name', 'a.name', 'p.name').as('author_name'),
      'm.text',
      'm.at',
      'm.provider_at',
      'm.status',
      'm.failure_reason',
      'm.attempts',
      'm.client_id',
      sql<FileRow[] | null>`(select json_agg(${fileJson} order by x.position)
        from message_files x join files f on f.id = x.file_id where x.message_id = m.id)`.as('files'),
      sql<
        Message['translation']
      >`(select json_build_object('text', t.text, 'from', t.from_language, 'to', t.to_language, 'provider', t.provider)
        from message_translations t where t.message_id = m.id and t.text is not null)`.as('translation'),
    ])
}
