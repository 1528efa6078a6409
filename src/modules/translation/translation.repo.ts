import { type Kysely, sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'

export interface ChatTranslation {
  enabled: boolean
  /** The customer's language; null = each message's own. */
  from: string | null
  /** The agent's language. */
  to: string
}

export async function findState(db: Kysely<Schema>, chatId: string) {
  return db.selectFrom('chats').select(['id', 'number', 'status', 'language', 'translation']).where('id', '=', chatId).executeTakeFirst()
}

/** The last texts of the customer, newest first. */
export async function lastIncoming(db: Kysely<Schema>, chatId: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('messages')
    .select('text')
    .where('chat_id', '=', chatId)
    .where('direction', '=', 'incoming')
    .where('text', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => row.text ?? '')
}

/** Incoming texts of the chat that have no translation into this language yet, oldest first. */
export function untranslated(db: Kysely<Schema>, chatId: string, to: string, limit: number): Promise<{ id: string; text: string }[]> {
  return db
    .selectFrom('messages as m')
    .select(['m.id', sql<string>`m.text`.as('text')])
    .where('m.chat_id', '=', chatId)
    .where('m.direction', '=', 'incoming')
    .where('m.text', 'is not', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('message_translations as t')
            .select('t.message_id')
            .whereRef('t.message_id', '=', 'm.id')
            .where('t.to_language', '=', to),
        ),
      ),
    )
    .orderBy('m.seq')
    .limit(limit)
    .execute()
}

export interface TranslationRow {
  messageId: string
  text: string | null
  from: string
  to: string
  provider: string
  reason: string | null
}

/** Keeps the translation of a message; an earlier one into another language is replaced. */
export async function saveTranslation(work: ParleyWork, row: TranslationRow): Promise<void> {
  const values = {
    text: row.text,
    from_language: row.from,
    to_language: row.to,
    provider: row.provider,
    reason: row.reason,
    created_at: work.now,
  }
  await work.trx
    .insertInto('message_translations')
    .values({ message_id: row.messageId, ...values })
    .onConflict((conflict) => conflict.column('message_id').doUpdateSet(values))
    .execute()
}

/** Open chats that are being translated. */
export async function listEnabled(db: Kysely<Schema>): Promise<string[]> {
  const rows = await sql<{ id: string }>`select id from chats where status <> 'completed' and translation @> '{"enabled": true}'`.execute(
    db,
  )
  return rows.rows.map((row) => row.id)
}

/** Those of them with a text that has waited for its translation since before `before`, but not since before `after`. */
export async function listLate(db: Kysely<Schema>, before: Date, after: Date): Promise<string[]> {
  const rows = await sql<{ id: string }>`
    select c.id from chats c
    where c.status <> 'completed' and c.translation @> '{"enabled": true}' and c.last_customer_message_at > ${after}
      and exists (select 1 from messages m where m.chat_id = c.id and m.direction = 'incoming' and m.text is not null and m.at < ${before}
        and not exists (select 1 from message_translations t where t.message_id = m.id))`.execute(db)
  return rows.rows.map((row) => row.id)
}
