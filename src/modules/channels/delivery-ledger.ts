import { sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { MessageService } from '../chats/index.ts'
import type { DeliveryStatus } from './adapters/adapter.ts'

type PartStatus = Schema['provider_messages']['status']

export interface Failure {
  code: string
  reason: string
}

/** One provider message that stands for a part of ours. */
export interface ProviderMessage {
  channelId: string
  externalId: string
  messageId: string
  part: number
  status: Exclude<DeliveryStatus, 'failed'>
  /** When the call that sent it began. */
  takenAt: Date
  providerAt: Date | null
}

const rank: Record<Exclude<PartStatus, 'failed' | 'replaced'>, number> = { sending: 0, sent: 1, delivered: 2, read: 3 }
const rungs = ['sent', 'delivered', 'read'] as const

/**
 * What became of each provider message, and of our messages by them: a message stands as its worst part does, and
 * moves forward only. Locks are taken in this order: provider message, thread, chat.
 */
export class DeliveryLedger {
  readonly #messages: MessageService

  constructor(messages: MessageService) {
    this.#messages = messages
  }

  /** Lets one receipt or answer of a provider message be handled at a time, even before there is a row for it. */
  async lockExternal(work: ParleyWork, channelId: string, externalId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${channelId} ${externalId}`}, 1))`.execute(work.trx)
  }

  /** Lets one watermark or answer of a customer's thread be handled at a time. */
  async lockThread(work: ParleyWork, channelId: string, contactId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${channelId} ${contactId}`}, 2))`.execute(work.trx)
  }

  /** Ties a provider message to ours, with the receipts that came before; false when it was tied already. */
  async link(work: ParleyWork, sent: ProviderMessage): Promise<boolean> {
    const result = await work.trx
      .insertInto('provider_messages')
      .values({
        channel_id: sent.channelId,
        external_id: sent.externalId,
        message_id: sent.messageId,
        part: sent.part,
        status: sent.status,
        taken_at: sent.takenAt,
        provider_at: sent.providerAt,
        failure_code: null,
        failure_reason: null,
      })
      .onConflict((conflict) => conflict.columns(['channel_id', 'external_id']).doNothing())
      .executeTakeFirst()
    if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) {
      await this.note(work, sent.channelId, sent.externalId, sent.status, null)
      return false
    }
    await noteProviderTime(work, sent.messageId, sent.providerAt)
    const early = await work.trx
      .deleteFrom('pending_receipts')
      .where('channel_id', '=', sent.channelId)
      .where('external_id', '=', sent.externalId)
      .returningAll()
      .execute()
    // The failure first: a proof of delivery among the rest overrides it.
    for (const receipt of early.sort((a, b) => Number(b.status === 'failed') - Number(a.status === 'failed'))) {
      const failure = receipt.status === 'failed' ? { code: receipt.failure_code ?? '', reason: receipt.failure_reason ?? '' } : null
      await this.note(work, sent.channelId, sent.externalId, receipt.status, failure)
    }
    return true
  }

  /** Moves one provider message forward; answers our message's id when it moved. */
  async note(
    work: ParleyWork,
    channelId: string,
    externalId: string,
    status: DeliveryStatus,
    failure: Failure | null,
  ): Promise<string | null> {
    const row = await work.trx
      .selectFrom('provider_messages')
      .select(['message_id', 'status'])
      .where('channel_id', '=', channelId)
      .where('external_id', '=', externalId)
      .forUpdate()
      .executeTakeFirst()
    if (!row || !partMoves(row.status, status)) return null
    await work.trx
      .updateTable('provider_messages')
      .set({ status, failure_code: failure?.code ?? null, failure_reason: failure?.reason ?? null })
      .where('channel_id', '=', channelId)
      .where('external_id', '=', externalId)
      .execute()
    return row.message_id
  }

  /** Applies what the customer's app has reported by time to provider messages of the chat that are not as far yet. */
  async noteWatermarks(work: ParleyWork, channelId: string, contactId: string): Promise<string[]> {
    const moved = await sql<{ message_id: string }>`
      update provider_messages p
      set status = case when coalesce(p.provider_at, p.taken_at) <= t.read_up_to then 'read' else 'delivered' end
      from messages m, chats c, contact_identities i, thread_watermarks t
      where p.channel_id = ${channelId} and p.message_id = m.id and c.id = m.chat_id
        and c.contact_id = ${contactId} and c.channel_id = ${channelId} and i.contact_id = c.contact_id
        and t.channel_id = p.channel_id and t.namespace = i.namespace and t.external_id = i.external_id
        and (
          (p.status in ('sending', 'sent', 'delivered') and coalesce(p.provider_at, p.taken_at) <= t.read_up_to)
          or (p.status in ('sending', 'sent') and coalesce(p.provider_at, p.taken_at) < t.delivered_before))
      returning p.message_id`.execute(work.trx)
    return [...new Set(moved.rows.map((row) => row.message_id))].sort((a, b) => Number(a) - Number(b))
  }

  /** Brings our message to where its parts are. Raises one fact for each step on the way, in order. */
  async settle(work: ParleyWork, messageId: string): Promise<void> {
    const rows = await work.trx
      .selectFrom('provider_messages')
      .select(['part', 'status', 'failure_code', 'failure_reason'])
      .where('message_id', '=', messageId)
      .where('status', '<>', 'replaced')
      .execute()
    const failed = rows.find((row) => row.status === 'failed')
    if (failed) {
      const failure = { code: failed.failure_code ?? 'unknown', reason: failed.failure_reason ?? 'The provider gave no reason' }
      await this.#messages.moveStatus(work, messageId, 'failed', failure)
      return
    }
    if (new Set(rows.map((row) => row.part)).size < (await countParts(work, messageId))) return
    const lowest = Math.min(...rows.map((row) => rank[row.status as keyof typeof rank]))
    for (const [index, rung] of rungs.entries()) {
      if (index + 1 <= lowest) await this.#messages.moveStatus(work, messageId, rung, null, { corrects: true })
    }
  }
}

/** Keeps the provider's own time of a message, once. */
export async function noteProviderTime(work: ParleyWork, messageId: string, at: Date | null): Promise<void> {
  if (at === null) return
  await work.trx.updateTable('messages').set({ provider_at: at }).where('id', '=', messageId).where('provider_at', 'is', null).execute()
}

async function countParts(work: ParleyWork, messageId: string): Promise<number> {
  const row = await work.trx
    .selectFrom('delivery_attempts')
    .select('parts')
    .where('message_id', '=', messageId)
    .where('outcome', 'is distinct from', 'failed')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.parts ?? 1
}

/** Forward only; a failure is overridden by a proof of delivery alone. */
function partMoves(from: PartStatus, to: DeliveryStatus): boolean {
  if (from === 'failed' || from === 'replaced') return to === 'delivered' || to === 'read'
  if (to === 'failed') return from === 'sending' || from === 'sent'
  return rank[to] > rank[from]
}
