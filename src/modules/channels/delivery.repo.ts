import { type Kysely, sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { IdentityRef } from './adapters/adapter.ts'

/** A name of the customer, and whether they want messages of the channel under it. */
export interface OutgoingIdentity extends IdentityRef {
  restriction: 'blocked' | 'opted_out' | null
}

export interface Outgoing {
  id: string
  chatId: string
  contactId: string
  channelId: string
  text: string | null
  failureReason: string | null
  /** The languages to translate the text between before it goes out. */
  translate: { from: string; to: string } | null
  /** The identity the customer last wrote from first. */
  identities: OutgoingIdentity[]
}

export type AttemptOutcome = NonNullable<Schema['delivery_attempts']['outcome']>

/** Takes the chat's lane for `leaseMs`. Not claimed: another worker has it, it is gone, or it is due later (`dueAt`). */
export async function claimLane(
  work: ParleyWork,
  chatId: string,
  token: string,
  leaseMs: number,
): Promise<{ claimed: true } | { claimed: false; dueAt: Date | null }> {
  const lane = await work.trx.selectFrom('delivery_lanes').selectAll().where('chat_id', '=', chatId).forUpdate().executeTakeFirst()
  if (!lane || (lane.lease_until !== null && lane.lease_until >= work.now)) return { claimed: false, dueAt: null }
  if (lane.next_attempt_at > work.now) return { claimed: false, dueAt: lane.next_attempt_at }
  await work.trx
    .updateTable('delivery_lanes')
    .set({ lease_until: new Date(work.now.getTime() + leaseMs), lease_token: token })
    .where('chat_id', '=', chatId)
    .execute()
  return { claimed: true }
}

/** The oldest message of the chat that waits to be sent. */
export async function nextOutgoing(db: Kysely<Schema>, chatId: string): Promise<Outgoing | undefined> {
  const row = await db
    .selectFrom('messages as m')
    .innerJoin('chats as c', 'c.id', 'm.chat_id')
    .select([
      'm.id',
      'm.chat_id',
      'c.contact_id',
      'c.channel_id',
      'm.text',
      'm.failure_reason',
      sql<{ from: string; to: string } | null>`m.details -> 'translate'`.as('translate'),
      sql<OutgoingIdentity[]>`(
        select coalesce(json_agg(json_build_object('namespace', i.namespace, 'externalId', i.external_id, 'restriction', r.state)
          order by i.id = coalesce(c.identity_id, m.identity_id) desc, i.id desc), '[]')
        from contact_identities i
        left join identity_restrictions r on r.identity_id = i.id and r.channel_id = c.channel_id
        where i.contact_id = c.contact_id)`.as('identities'),
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
      contactId: row.contact_id,
      channelId: row.channel_id,
      text: row.text,
      failureReason: row.failure_reason,
      translate: row.translate,
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

/** Gives the lane back until `at`; `slotAt` is the reserved moment of its next message. */
export async function postponeLane(work: ParleyWork, chatId: string, token: string, at: Date, slotAt: Date | null = null): Promise<void> {
  await work.trx
    .updateTable('delivery_lanes')
    .set({ next_attempt_at: at, lease_until: null, lease_token: null, slot_at: slotAt })
    .where('chat_id', '=', chatId)
    .where('lease_token', '=', token)
    .execute()
}

/** Keeps the lane for another call, and takes the moment reserved for it; undefined when the lane is lost. */
export async function extendLane(
  work: ParleyWork,
  chatId: string,
  token: string,
  leaseMs: number,
): Promise<{ slotAt: Date | null } | undefined> {
  const lane = await work.trx
    .selectFrom('delivery_lanes')
    .select('slot_at')
    .where('chat_id', '=', chatId)
    .where('lease_token', '=', token)
    .forUpdate()
    .executeTakeFirst()
  if (!lane) return undefined
  await work.trx
    .updateTable('delivery_lanes')
    .set({ lease_until: new Date(work.now.getTime() + leaseMs), slot_at: null })
    .where('chat_id', '=', chatId)
    .execute()
  return { slotAt: lane.slot_at }
}

/** Lets the chat's lane run at once, unless a worker has it. */
export async function hurryLane(work: ParleyWork, chatId: string): Promise<boolean> {
  const result = await work.trx
    .updateTable('delivery_lanes')
    .set({ next_attempt_at: work.now })
    .where('chat_id', '=', chatId)
    .where('lease_token', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Lets every lane of the channel run at once; answers the chats. */
export async function hurryChannel(work: ParleyWork, channelId: string): Promise<string[]> {
  const rows = await work.trx
    .updateTable('delivery_lanes as l')
    .from('chats as c')
    .set({ next_attempt_at: work.now, slot_at: null })
    .whereRef('c.id', '=', 'l.chat_id')
    .where('c.channel_id', '=', channelId)
    .where('l.lease_token', 'is', null)
    .returning('l.chat_id')
    .execute()
  return rows.map((row) => row.chat_id)
}

/** What stands between the channel and its provider right now. */
export async function channelState(
  work: ParleyWork,
  channelId: string,
): Promise<{ pausedUntil: Date | null; refusedReason: string | null }> {
  const row = await work.trx
    .selectFrom('channels')
    .select(['paused_until', 'health', 'health_reason'])
    .where('id', '=', channelId)
    .executeTakeFirstOrThrow()
  return {
    pausedUntil: row.paused_until !== null && row.paused_until > work.now ? row.paused_until : null,
    refusedReason: row.health === 'failing' ? (row.health_reason ?? 'The provider refuses the channel') : null,
  }
}

export interface PartHistory {
  /** Attempts that count against the limit since the message was last given up. */
  counted: number
  /** Since when the provider may have this part without our knowing; null when it cannot. */
  uncertainSince: Date | null
  lastOutcome: AttemptOutcome | null
}

/** What was tried of a part since the message was last given up. Attempts a crash cut off are marked so first. */
export async function partHistory(work: ParleyWork, messageId: string, part: number): Promise<PartHistory> {
  await work.trx
    .updateTable('delivery_attempts')
    .set({ finished_at: work.now, outcome: 'interrupted', reason: 'Parley was stopped while the provider was being called' })
    .where('message_id', '=', messageId)
    .where('finished_at', 'is', null)
    .execute()
  const rows = await work.trx
    .selectFrom('delivery_attempts')
    .select(['outcome', 'started_at', 'part'])
    .where('message_id', '=', messageId)
    .where((eb) => eb.or([eb('part', '=', part), eb('outcome', '=', 'failed')]))
    .orderBy('id', 'desc')
    .limit(100)
    .execute()
  const end = rows.findIndex((row) => row.outcome === 'failed')
  const recent = end === -1 ? rows : rows.slice(0, end)
  const open = recent.filter((row) => row.outcome === 'uncertain' || row.outcome === 'interrupted')
  return {
    counted: open.length + recent.filter((row) => row.outcome === 'retry').length,
    uncertainSince: open.at(-1)?.started_at ?? null,
    lastOutcome: recent[0]?.outcome ?? null,
  }
}

/** Writes down that an attempt begins, before anything leaves; answers its id. */
export async function startAttempt(work: ParleyWork, messageId: string, part: number, parts: number): Promise<string> {
  await work.trx
    .updateTable('provider_messages')
    .set({ status: 'replaced' })
    .where('message_id', '=', messageId)
    .where('part', '=', part)
    .where('status', '=', 'failed')
    .execute()
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
      parts,
      started_at: work.now,
      finished_at: null,
      outcome: null,
      code: null,
      reason: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function finishAttempt(
  work: ParleyWork,
  id: string,
  result: { outcome: AttemptOutcome; code: string | null; reason: string | null },
): Promise<void> {
  await work.trx
    .updateTable('delivery_attempts')
    .set({ ...result, finished_at: work.now })
    .where('id', '=', id)
    .execute()
}

/** Keeps that a message was given up without a call. */
export async function addRefusal(work: ParleyWork, messageId: string, failure: { code: string; reason: string }): Promise<void> {
  const { attempts } = await work.trx.selectFrom('messages').select('attempts').where('id', '=', messageId).executeTakeFirstOrThrow()
  await work.trx
    .insertInto('delivery_attempts')
    .values({ message_id: messageId, attempt: attempts, started_at: work.now, finished_at: work.now, outcome: 'failed', ...failure })
    .execute()
}

/** Parts of the message the provider has taken and not failed at. */
export async function sentParts(db: Kysely<Schema>, messageId: string): Promise<Set<number>> {
  const rows = await db
    .selectFrom('provider_messages')
    .select('part')
    .where('message_id', '=', messageId)
    .where('status', 'not in', ['failed', 'replaced'])
    .execute()
  return new Set(rows.map((row) => row.part))
}

/** Provider ids of what this customer got over the channel, the newest first: an equal text among them is an older message. */
export async function knownExternalIds(db: Kysely<Schema>, contactId: string, channelId: string): Promise<Set<string>> {
  const rows = await db
    .selectFrom('provider_messages as p')
    .innerJoin('messages as m', 'm.id', 'p.message_id')
    .innerJoin('chats as c', 'c.id', 'm.chat_id')
    .select('p.external_id')
    .where('c.contact_id', '=', contactId)
    .where('p.channel_id', '=', channelId)
    .orderBy('m.id', 'desc')
    .limit(500)
    .execute()
  return new Set(rows.map((row) => row.external_id))
}
