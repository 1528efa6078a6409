import { assertNever } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { InboundEvent, WebhookRequest } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import { isGeneratedName } from './contact-names.ts'
import type { CustomerService } from './customers.service.ts'
import { findIdentities } from './inbound.repo.ts'
import type { InboundService, Reception } from './inbound.service.ts'
import type { MessageChangeService } from './message-changes.service.ts'
import type { OutsideMessageService } from './outside-messages.service.ts'
import type { ProfileTarget } from './profile.service.ts'
import type { ReceiptService } from './receipts.service.ts'

type Of<K extends InboundEvent['kind']> = Extract<InboundEvent, { kind: K }>

export interface InboundDispatcherOptions {
  database: ParleyDatabase
  directory: ChannelDirectory
  http: HttpPort
  log: Logger
  messages: InboundService
  outside: OutsideMessageService
  changes: MessageChangeService
  customers: CustomerService
  receipts: ReceiptService
  /** Has name and picture of a new contact fetched. */
  fetchProfile(target: ProfileTarget): void
}

/** Longest raw webhook kept for a look at it, in characters. */
const keptBodyLength = 64_000

/** Leads each kind of inbound event to what handles it. Every event is a transaction of its own. */
export class InboundDispatcher {
  readonly #options: InboundDispatcherOptions

  constructor(options: InboundDispatcherOptions) {
    this.#options = options
  }

  /** Handles one event of a verified request. Throws for reasons that may pass: the provider comes again. */
  async handle(channel: KnownChannel, event: InboundEvent, request: WebhookRequest): Promise<void> {
    const { customers, changes, receipts, outside } = this.#options
    switch (event.kind) {
      case 'message':
        return this.#receive(channel, event)
      case 'status':
        return receipts.apply(channel, event)
      case 'echo':
        return receipts.echo(channel, event)
      case 'outgoing':
        if (!(await outside.store(channel, event)))
          await this.#keep(channel, 'Written by the business to a customer without a chat', request)
        return
      case 'edited':
        // An edit that is faster than its message brings the message, which is a duplicate when it comes.
        if (!(await changes.edit(channel, event))) await this.#receive(channel, { ...event, kind: 'message', acknowledge: null })
        return
      case 'deleted':
        return changes.remove(channel, event)
      case 'reaction':
        return changes.react(channel, event)
      case 'profile':
        return this.#learn(channel, event)
      case 'identity_changed':
        return customers.changeIdentity(channel, event)
      case 'blocked':
      case 'unblocked':
      case 'opted_out':
      case 'opted_in':
        return customers.setReachability(channel, event)
      case 'other_account':
        return this.#handOver(channel, event, request)
      case 'ignored':
        return this.#keep(channel, event.reason, request)
      default:
        assertNever(event)
    }
  }

  async #receive(channel: KnownChannel, event: Of<'message'>): Promise<void> {
    const { messages, http, log } = this.#options
    const reception = await messages.receive(channel, event)
    const { adapter, account } = channel
    if (event.acknowledge !== null && adapter.acknowledge) {
      adapter
        .acknowledge(event.acknowledge, account, http)
        // The customer's button turns a little longer; what they pressed is stored.
        .catch((error: unknown) => log.info({ err: error, channelId: account.id }, 'A message could not be acknowledged'))
    }
    if (reception.duplicate) return
    if (reception.createdContact) this.#fetchProfile(channel, event, reception)
    else await this.#complete(channel, event, reception)
  }

  /** A known contact may tell more of itself than before: its name, or the number of its own card. */
  async #complete(_channel: KnownChannel, { customer }: Of<'message'>, reception: Reception): Promise<void> {
    const name = customer.name !== null && isGeneratedName(reception.contactName, customer.identities) ? customer.name : null
    const phone = customer.identities.some((identity) => identity.namespace === 'phone') ? null : customer.phone
    if (name !== null || phone !== null) await this.#options.customers.learn(reception.contactId, { name, phone })
  }

  #fetchProfile(channel: KnownChannel, { customer }: Of<'message'>, reception: Reception): void {
    const [identity] = customer.identities
    if (!identity || !channel.adapter.profile) return
    const { identityId, contactId } = reception
    this.#options.fetchProfile({ channelId: channel.account.id, contactId, identityId })
  }

  async #learn(_channel: KnownChannel, { customer }: Of<'profile'>): Promise<void> {
    const { database, customers } = this.#options
    const [identity] = await database.transaction((work) => findIdentities(work, customer.identities))
    if (identity) await customers.learn(identity.contact_id, { name: customer.name, language: customer.language, phone: customer.phone })
  }

  /** One app serves several pages or numbers at one address; the other channel must trust the same secret. */
  async #handOver(channel: KnownChannel, { accountKey, event }: Of<'other_account'>, request: WebhookRequest): Promise<void> {
    const other = await this.#options.directory.findByAccount(channel.account.kind, accountKey)
    if (!other?.adapter.verify(request, other.account).ok) {
      await this.#keep(channel, `For the account ${accountKey}, which is no channel here`, request)
      return
    }
    await this.handle(other, event, request)
  }

  async #keep(channel: KnownChannel, reason: string, request: WebhookRequest): Promise<void> {
    await this.#options.database.transaction((work) =>
      work.trx
        .insertInto('unhandled_webhooks')
        .values({
          channel_id: channel.account.id,
          reason,
          body: request.rawBody.toString('utf8').replaceAll('\0', '').slice(0, keptBodyLength),
          received_at: work.now,
        })
        .execute(),
    )
  }
}
