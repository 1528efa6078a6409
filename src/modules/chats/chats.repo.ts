import { type Kysely, sql } from 'kysely'
import type { MessagesTable, ParleyWork, Schema } from '../../schema.ts'
import type { ChatRow } from '../workflow/index.ts'
import { type MessageRow, messageQuery, type TileRow, tileQuery } from './chats.view.ts'

export async function findTile(db: Kysely<Schema>, chatId: string): Promise<TileRow | undefined> {
  return tileQuery(db).where('c.id', '=', chatId).executeTakeFirst()
}

export async function listTiles(db: Kysely<Schema>, chatIds: string[]): Promise<TileRow[]> {
  return chatIds.length === 0 ? [] : tileQuery(db).where('c.id', 'in', chatIds).execute()
}

/** Waiting chats offered to the agent, oldest first, and the agent's chats in progress. */
export async function listInbox(db: Kysely<Schema>, agentId: string): Promise<TileRow[]> {
  const offered = tileQuery(db)
    .where('c.status', '=', 'waiting')
    .where('c.id', 'in', (eb) =>
      eb.selectFrom('chat_offers as o').select('o.chat_id').where('o.agent_id', '=', agentId).where('o.state', '=', 'open'),
    )
  const own = tileQuery(db).where('c.status', '=', 'in_progress').where('c.agent_id', '=', agentId)
  return offered.unionAll(own).execute()
}

export interface ChatFilter {
  status?: ChatRow['status'] | undefined
  queueId?: string | undefined
  agentId?: string | undefined
  contactId?: string | undefined
  channelId?: string | undefined
  q?: string | undefined
  from?: string | undefined
  to?: string | undefined
  before?: string | undefined
  limit: number
  /** Null = all chats; else those of these queues, and the agent's own. */
  visibleTo: { agentId: string; queueIds: string[] } | null
}

/** Chats newest first; the id is the keyset. The page is chosen among chats alone, and only then joined with what they show. */
export async function listChats(db: Kysely<Schema>, filter: ChatFilter): Promise<TileRow[]> {
  let page = db.selectFrom('chats as f').select('f.id')
  const { visibleTo, q, status, queueId, agentId, contactId, channelId } = filter
  if (status !== undefined) page = page.where('f.status', '=', status)
  if (queueId !== undefined) page = page.where('f.queue_id', '=', queueId)
  if (agentId !== undefined) page = page.where('f.agent_id', '=', agentId)
  if (contactId !== undefined) page = page.where('f.contact_id', '=', contactId)
  if (channelId !== undefined) page = page.where('f.channel_id', '=', channelId)
  if (filter.from !== undefined) page = page.where('f.created_at', '>=', new Date(filter.from))
  if (filter.to !== undefined) page = page.where('f.created_at', '<', new Date(filter.to))
  if (filter.before !== undefined) page = page.where('f.id', '<', filter.before)
  if (q !== undefined) {
    const inText = sql<string>`(select m.chat_id from messages m where to_tsvector('simple', m.text) @@ websearch_to_tsquery('simple', ${q})
      and m.text is not null and m.direction in ('incoming', 'outgoing', 'note'))`
    const named = db
      .selectFrom('contacts')
      .select('id')
      .where('name', 'ilike', `%${q.replace(/[\\%_]/g, '\\$&')}%`)
    page = page.where((eb) => eb.or([eb('f.contact_id', 'in', named), eb('f.id', 'in', inText)]))
  }
  if (visibleTo) {
    page = page.where((eb) =>
      eb.or([eb('f.agent_id', '=', visibleTo.agentId), eb('f.queue_id', '=', sql<string>`any (${visibleTo.queueIds}::bigint[])`)]),
    )
  }
  return tileQuery(db).where('c.id', 'in', page.orderBy('f.id', 'desc').limit(filter.limit)).orderBy('c.id', 'desc').execute()
}

export async function findMessage(db: Kysely<Schema>, id: string): Promise<MessageRow | undefined> {
  return messageQuery(db).where('m.id', '=', id).executeTakeFirst()
}

/** A page of messages in ascending order; `chatIds` is the chat, or its whole lineage, newest chat first. */
export async function listMessages(
  db: Kysely<Schema>,
  chatId: string,
  page: { before: number | null; after: number | null; limit: number },
): Promise<MessageRow[]> {
  const query = messageQuery(db).where('m.chat_id', '=', chatId)
  if (page.after !== null) return query.where('m.seq', '>', page.after).orderBy('m.seq').limit(page.limit).execute()
  const rows = await query
    .$if(page.before !== null, (q) => q.where('m.seq', '<', page.before ?? 0))
    .orderBy('m.seq', 'desc')
    .limit(page.limit)
    .execute()
  return rows.reverse()
}

/** The chat and its parents, the chat first; a chain is short, and its length is bounded. */
export async function listLineage(db: Kysely<Schema>, chatId: string): Promise<string[]> {
  const result = await sql<{ id: string }>`
    with recursive line(id, parent, depth) as (
      select id, parent_chat_id, 0 from chats where id = ${chatId}
      union all
      select c.id, c.parent_chat_id, depth + 1 from chats c join line on c.id = line.parent where depth < 100)
    select id from line order by depth`.execute(db)
  return result.rows.map((row) => row.id)
}

/** Everything of a chat that changed after `seq`: messages by creation or status, in the order of the change. */
export function listChangedMessages(db: Kysely<Schema>, chatId: string, seq: number, limit: number): Promise<MessageRow[]> {
  return messageQuery(db).where('m.chat_id', '=', chatId).where('m.changed_seq', '>', seq).orderBy('m.changed_seq').limit(limit).execute()
}

/** The language of the customer's last translated message. */
export async function lastCustomerLanguage(db: Kysely<Schema>, chatId: string): Promise<string | null> {
  const row = await db
    .selectFrom('message_translations as t')
    .innerJoin('messages as m', 'm.id', 't.message_id')
    .select('t.from_language')
    .where('m.chat_id', '=', chatId)
    .where('m.direction', '=', 'incoming')
    .orderBy('m.seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.from_language ?? null
}

/** Who owns the chat; null when nobody does. */
export async function findOwner(db: Kysely<Schema>, chat: { agent_id: string | null }): Promise<{ id: string; name: string } | null> {
  if (chat.agent_id === null) return null
  return (await db.selectFrom('agents').select(['id', 'name']).where('id', '=', chat.agent_id).executeTakeFirst()) ?? null
}

/** Takes the chat's next sequence number; the caller holds the chat's lock. */
export async function nextSeq(work: ParleyWork, chatId: string): Promise<number> {
  const row = await work.trx
    .updateTable('chats')
    .set((eb) => ({ seq: eb('seq', '+', 1) }))
    .where('id', '=', chatId)
    .returning('seq')
    .executeTakeFirstOrThrow()
  return row.seq
}

export interface NewMessage {
  chatId: string
  direction: MessagesTable['direction']
  authorKind: MessagesTable['author_kind']
  authorId: string | null
  authorName: string | null
  text: string | null
  status: MessagesTable['status']
  clientId: string | null
  channelId: string | null
  identityId: string | null
  /** The provider's id of a message that did not begin in Parley. */
  externalId?: string
  providerAt?: Date | null
  details?: Record<string, unknown> | null
}

/** Inserts a message under the chat's next sequence number. */
export async function insertMessage(work: ParleyWork, message: NewMessage): Promise<string> {
  const seq = await nextSeq(work, message.chatId)
  const row = await work.trx
    .insertInto('messages')
    .values({
      chat_id: message.chatId,
      seq,
      changed_seq: seq,
      direction: message.direction,
      author_kind: message.authorKind,
      author_id: message.authorId,
      author_name: message.authorName,
      text: message.text,
      at: work.now,
      provider_at: message.providerAt ?? null,
      status: message.status,
      failure_code: null,
      failure_reason: null,
      client_id: message.clientId,
      channel_id: message.channelId,
      external_id: message.externalId ?? null,
      identity_id: message.identityId,
      ...(message.details ? { details: JSON.stringify(message.details) } : {}),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}
