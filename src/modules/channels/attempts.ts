import type { Kysely } from 'kysely'
import type { DeliveryAttempt } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { Schema } from '../../schema.ts'

/** The chat of a message. @throws AppError 404 */
export async function chatOfMessage(db: Kysely<Schema>, messageId: string): Promise<string> {
  const row = await db.selectFrom('messages').select('chat_id').where('id', '=', messageId).executeTakeFirst()
  if (!row) throw notFound(`Message ${messageId}`)
  return row.chat_id
}

/** Every attempt to deliver a message, the oldest first. */
export async function listAttempts(db: Kysely<Schema>, messageId: string): Promise<DeliveryAttempt[]> {
  const rows = await db.selectFrom('delivery_attempts').selectAll().where('message_id', '=', messageId).orderBy('id').limit(1000).execute()
  return rows.map((row) => ({
    attempt: row.attempt,
    part: row.part,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    outcome: row.outcome,
    code: row.code,
    reason: row.reason,
  }))
}
