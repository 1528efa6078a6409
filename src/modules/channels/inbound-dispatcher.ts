import type { InboundEvent } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import type { InboundService } from './inbound.service.ts'
import type { ReceiptService } from './receipts.service.ts'

/** Leads each kind of inbound event to what handles it. */
export class InboundDispatcher {
  readonly #inbound: InboundService
  readonly #receipts: ReceiptService

  constructor(inbound: InboundService, receipts: ReceiptService) {
    this.#inbound = inbound
    this.#receipts = receipts
  }

  async handle(channel: KnownChannel, event: InboundEvent): Promise<void> {
    switch (event.kind) {
      case 'message':
        await this.#inbound.receive(channel, event)
        return
      case 'status':
        await this.#receipts.apply(channel, event)
        return
      default:
        // Acknowledged and counted by the endpoint; nothing of the chat depends on it.
        return
    }
  }
}
