import { sql } from 'kysely'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { DeliveryStatus, InboundEvent, StatusTarget } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import { hurryLane } from './delivery.repo.ts'
import { type DeliveryLedger, noteProviderTime } from './delivery-ledger.ts'
import * as inbound from './inbound.repo.ts'

type Receipt = Extract<InboundEvent, { kind: 'status' }>
type Echo = Extract<InboundEvent, { kind: 'echo' }>
type ByMessage = Extract<StatusTarget, { by: 'message' }>
type ByWatermark = Extract<StatusTarget, { by: 'watermark' }>

export interface ReceiptOptions {
  database: ParleyDatabase
  ledger: DeliveryLedger
  /** Has the chat's outbox looked at soon. */
  deliverSoon(chatId: string): void
}

/** Applies what providers report about messages that were sent; forward only, whatever the order it comes in. */
export class ReceiptService {
  readonly #options: ReceiptOptions

  constructor(options: ReceiptOptions) {
    this.#options = options
  }

  async apply(channel: KnownChannel, receipt: Receipt): Promise<void> {
    const { target, status } = receipt
    if (status === 'sending') return
    if (target.by === 'watermark') return this.#applyWatermark(channel.account.id, target)
    await this.#options.database.transaction((work) => this.#applyToMessage(work, channel.account.id, target, status, receipt))
  }

  /** The provider repeats what we sent: its id and time become known, and the message is proven to be taken. */
  async echo(channel: KnownChannel, event: Echo): Promise<void> {
    const channelId = channel.account.id
    const { ledger, database } = this.#options
    await database.transaction(async (work) => {
      await ledger.lockExternal(work, channelId, event.externalId)
      const messageId = await this.#findOrLink(work, channelId, event.externalId, event.correlationId)
      if (messageId === null) return
      const [identity] = await inbound.findIdentities(work, [event.customer])
      if (identity) await ledger.lockThread(work, channelId, identity.contact_id)
      await work.trx
        .updateTable('provider_messages')
        .set({ provider_at: event.providerAt })
        .where('channel_id', '=', channelId)
        .where('external_id', '=', event.externalId)
        .execute()
      await noteProviderTime(work, messageId, event.providerAt)
      await ledger.note(work, channelId, event.externalId, 'sent', null)
      await ledger.settle(work, messageId)
      if (!identity) return
      for (const id of await ledger.noteWatermarks(work, channelId, identity.contact_id)) await ledger.settle(work, id)
    })
  }

  async #applyToMessage(
    work: ParleyWork,
    channelId: string,
    target: ByMessage,
    status: Exclude<DeliveryStatus, 'sending'>,
    receipt: Receipt,
  ): Promise<void> {
    const { ledger } = this.#options
    await ledger.lockExternal(work, channelId, target.externalId)
    const messageId = await this.#findOrLink(work, channelId, target.externalId, target.correlationId)
    const failure = receipt.failure && { code: receipt.failure.code, reason: receipt.failure.reason }
    if (messageId === null) {
      await work.trx
        .insertInto('pending_receipts')
        .values({
          channel_id: channelId,
          external_id: target.externalId,
          status,
          at: receipt.at,
          failure_code: failure?.code ?? null,
          failure_reason: failure?.reason ?? null,
          received_at: work.now,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      return
    }
    if (await ledger.note(work, channelId, target.externalId, status, failure)) await ledger.settle(work, messageId)
  }

  /** Our message behind a provider id, by the id or by the mark we sent along; null when neither is known. */
  async #findOrLink(work: ParleyWork, channelId: string, externalId: string, correlationId: string | null): Promise<string | null> {
    const known = await work.trx
      .selectFrom('provider_messages')
      .select('message_id')
      .where('channel_id', '=', channelId)
      .where('external_id', '=', externalId)
      .executeTakeFirst()
    if (known) return known.message_id
    const [messageId, part] = /^\d{1,18}\.\d{1,3}$/.test(correlationId ?? '') ? (correlationId ?? '').split('.') : []
    if (messageId === undefined) return null
    const attempt = await work.trx
      .selectFrom('delivery_attempts as d')
      .innerJoin('messages as m', 'm.id', 'd.message_id')
      .select(['d.started_at', 'm.chat_id'])
      .where('d.message_id', '=', messageId)
      .where('d.part', '=', Number(part))
      .where('m.channel_id', '=', channelId)
      .orderBy('d.id', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!attempt) return null
    const { ledger, deliverSoon } = this.#options
    const takenAt = attempt.started_at
    await ledger.link(work, { channelId, externalId, messageId, part: Number(part), status: 'sent', takenAt, providerAt: null })
    await ledger.settle(work, messageId)
    // A worker that waits for this proof need not wait any longer.
    if (await hurryLane(work, attempt.chat_id)) work.afterCommit(() => deliverSoon(attempt.chat_id))
    return messageId
  }

  async #applyWatermark(channelId: string, { customer, upTo, inclusive }: ByWatermark): Promise<void> {
    const { ledger, database } = this.#options
    await database.transaction(async (work) => {
      const [identity] = await inbound.findIdentities(work, [customer])
      if (!identity) return
      await ledger.lockThread(work, channelId, identity.contact_id)
      const [delivered, read] = inclusive ? [null, upTo] : [upTo, null]
      await sql`
        insert into thread_watermarks as t (channel_id, namespace, external_id, delivered_before, read_up_to)
        values (${channelId}, ${customer.namespace}, ${customer.externalId}, ${delivered}, ${read})
        on conflict (channel_id, namespace, external_id) do update set
          delivered_before = greatest(t.delivered_before, excluded.delivered_before),
          read_up_to = greatest(t.read_up_to, excluded.read_up_to)`.execute(work.trx)
      for (const id of await ledger.noteWatermarks(work, channelId, identity.contact_id)) await ledger.settle(work, id)
    })
  }
}
