import type { ParleyDatabase } from '../../schema.ts'
import type { MessageService } from '../chats/index.ts'
import type { InboundEvent } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'

type Receipt = Extract<InboundEvent, { kind: 'status' }>

/** Applies delivery receipts to messages; forward only, whatever the order they come in. */
export class ReceiptService {
  readonly #database: ParleyDatabase
  readonly #messages: MessageService

  constructor(database: ParleyDatabase, messages: MessageService) {
    this.#database = database
    this.#messages = messages
  }

  async apply(channel: KnownChannel, receipt: Receipt): Promise<void> {
    const { target, status } = receipt
    if (target.by !== 'message' || status === 'sending') return
    await this.#database.transaction(async (work) => {
      const row = await work.trx
        .selectFrom('provider_messages')
        .select('message_id')
        .where('channel_id', '=', channel.account.id)
        .where('external_id', '=', target.externalId)
        .executeTakeFirst()
      const messageId = row?.message_id ?? target.correlationId?.split('.')[0]
      if (messageId === undefined || !/^[0-9]{1,18}$/.test(messageId)) return
      await this.#messages.moveStatus(
        work,
        messageId,
        status,
        receipt.failure && { code: receipt.failure.code, reason: receipt.failure.reason },
      )
    })
  }
}
