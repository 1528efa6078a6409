import { type Kysely, sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { IdentityRef } from './adapters/adapter.ts'

export interface Outgoing {
  id: string
  chatId: string
  channelId: string
  text: string | null
  attempts: number
  /** The identity the customer last wrote from first. */
  identities: IdentityRef[]
}

/** Takes the chat's lane for `leaseMs`; false when another worker has it or nothing is due. */
export async function claimLane(work: ParleyWork, chatId: string, token: string, leaseMs: number): Promise<boolean> {
  const result = await work.trx
    .updateTable('delivery_lanes')
    .set({ lease_until: new Date(work.now.getTime() + leaseMs), lease_token: token })
    .where('chat_id', '=', chatId)
    .where('next_attempt_at', '<=', work.now)
    .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', work.now)]))
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** The oldest message of the chat that waits to be sent. */
export async function nextOutgoing(db: Kysely<Schema>, chatId: string): Promise<Outgoing | undefined> {
  const row = await db
    .selectFrom('messages as m')
    .innerJoin('chats as c', 'c.id', 'm.chat_id')
    .select([
      'm.id',
      'm.chat_id',
      'c.channel_id',
      'm.text',
      'm.attempts',
      sql<IdentityRef[]>`(
        select coalesce(json_agg(json_build_object('namespace', i.namespace, 'externalId', i.external_id) order by i.id = coalesce(m.identity_id, c.identity_id) desc, i.id desc), '[]')
        from contact_identities i where i.contact_id = c.contact_id)`.as('identities'),
    ])
    .where('m.chat_id', '=', chatId)
    .where('m.status', '=', 'sending')
    .orderBy('m.seq')
    .limit(1)
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      chatId: row.chat_id,
      channelId: row.channel_id,
      text: row.text,
      attempts: row.attempts,
      identities: row.identities,
    }
  )
}

/** Closes an empty lane; false when a message came in meanwhile. */
export async function closeLane(work: ParleyWork, chatId: string, token: string): Promise<boolean> {
  const lane = await work.trx
    .selectFrom('delivery_lanes')
    .select('lease_token')
    .where('chat_id', '=', chatId)
    .forUpdate()
    .executeTakeFirst()
  if (!lane || lane.lease_token !== token) return true
  const waiting = await work.trx
    .selectFrom('messages')
    .select('id')
    .where('chat_id', '=', chatId)
    .where('status', '=', 'sending')
    .limit(1)
    .executeTakeFirst()
  if (waiting) return false
  await work.trx.deleteFrom('delivery_lanes').where('chat_id', '=', chatId).execute()
  return true
}

/** Gives the lane back until `at`. */
export async function postponeLane(work: ParleyWork, chatId: string, token: string, at: Date): Promise<void> {
  await work.trx
    .updateTable('delivery_lanes')
    .set({ next_attempt_at: at, lease_until: null, lease_token: null })
    .where('chat_id', '=', chatId)
    .where('lease_token', '=', token)
    .execute()
}

/** Keeps the lane while a message takes long. */
export async function extendLane(work: ParleyWork, chatId: string, token: string, leaseMs: number): Promise<boolean> {
  const result = await work.trx
    .updateTable('delivery_lanes')
    .set({ lease_until: new Date(work.now.getTime() + leaseMs) })
    .where('chat_id', '=', chatId)
    .where('lease_token', '=', token)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Writes down that an attempt begins, before anything leaves; answers its id. Older open attempts were cut off by a crash. */
export async function startAttempt(work: ParleyWork, messageId: string, part: number): Promise<{ id: string; interrupted: boolean }> {
  const cut = await work.trx
    .updateTable('delivery_attempts')
    .set({ finished_at: work.now, outcome: 'interrupted', reason: 'Parley was stopped while the provider was being called' })
    .where('message_id', '=', messageId)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  const { attempts } = await work.trx
    .updateTable('messages')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('id', '=', messageId)
    .returning('attempts')
    .executeTakeFirstOrThrow()
  const row = await work.trx
    .insertInto('delivery_attempts')
    .values({
      message_id: messageId,
      attempt: attempts,
      part,
      started_at: work.now,
      finished_at: null,
      outcome: null,
      code: null,
      reason: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id: row.id, interrupted: cut.numUpdatedRows > 0n }
}

export async function finishAttempt(
  work: ParleyWork,
  id: string,
  result: { outcome: 'sent' | 'retry' | 'failed' | 'uncertain'; code: string | null; reason: string | null },
): Promise<void> {
  await work.trx
    .updateTable('delivery_attempts')
    .set({ ...result, finished_at: work.now })
    .where('id', '=', id)
    .execute()
}

/** Parts of the message the provider has already taken. */
export async function sentParts(db: Kysely<Schema>, messageId: string): Promise<Set<number>> {
  const rows = await db.selectFrom('provider_messages').select('part').where('message_id', '=', messageId).execute()
  return new Set(rows.map((row) => row.part))
}
