import { parsePhoneNumberFromString } from 'libphonenumber-js'
import type { Message } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { sqlState } from '../../platform/db/database.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { PublishChange } from '../chats/index.ts'
import type { ChannelKind, InboundCustomer, InboundEvent } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'

type InboundMessage = Extract<InboundEvent, { kind: 'message' }>

interface Received {
  outcome: 'stored' | 'duplicate'
  chat_id: string
  message_id: string
  seq: number
  contact_id: string
  contact_name: string | null
  created_chat: boolean
  pending: boolean
  wake_at: Date | null
  arm: boolean
}

export interface InboundOutlets {
  publish: PublishChange
  advanceSoon(chatId: string): void
  wakeAt(chatId: string, at: Date): void
}

const receiveMessage =
  'select outcome, chat_id, message_id, seq, contact_id, contact_name, created_chat, pending, wake_at, arm from receive_message($1, $2, $3, $4, $5, $6, $7, $8, $9)'

const kindNames: Record<ChannelKind, string> = {
  telegram: 'Telegram',
  whatsapp: 'WhatsApp',
  messenger: 'Messenger',
  sms: 'SMS',
  simulator: 'Simulator',
}

/** The name of a customer the channel tells no name of: the formatted phone number, else the channel and its id. */
export function fallbackName(kind: ChannelKind, customer: InboundCustomer): string {
  if (customer.phone !== null) return parsePhoneNumberFromString(customer.phone)?.formatInternational() ?? customer.phone
  return `New contact (${kindNames[kind]} ${customer.identities[0]?.externalId ?? ''})`
}

/** Takes in what providers tell. Each event is one transaction; a repeated event finds what it did the first time. */
export class InboundService {
  readonly #database: ParleyDatabase
  readonly #clock: Clock
  readonly #outlets: InboundOutlets

  constructor(options: { database: ParleyDatabase; clock: Clock; outlets: InboundOutlets }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#outlets = options.outlets
  }

  /** One statement, one transaction: the hot path. */
  async receive(channel: KnownChannel, event: InboundMessage): Promise<{ chatId: string; messageId: string; duplicate: boolean }> {
    const { account } = channel
    const { customer } = event
    const now = this.#clock.now()
    const row = await this.#call([
      account.id,
      customer.identities.map((identity) => identity.namespace),
      customer.identities.map((identity) => identity.externalId),
      { name: customer.name ?? fallbackName(account.kind, customer), phone: customer.phone, language: customer.language },
      event.externalId,
      event.text,
      messageDetails(event),
      event.providerAt,
      now,
    ])
    const duplicate = row.outcome === 'duplicate'
    if (!duplicate) this.#follow(row, event, now)
    return { chatId: row.chat_id, messageId: row.message_id, duplicate }
  }

  async #call(values: unknown[]): Promise<Received> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [row] = await this.#database.query<Received>('receive_message', receiveMessage, values)
        if (!row) throw new Error('receive_message answered nothing')
        return row
      } catch (error) {
        // A twin that committed between our look and our insert: the second look finds it.
        if (attempt >= 5 || !['23505', '40001', '40P01'].includes(sqlState(error) ?? '')) throw error
      }
    }
  }

  #follow(row: Received, event: InboundMessage, now: Date): void {
    const message: Message = {
      id: row.message_id,
      chatId: row.chat_id,
      seq: row.seq,
      direction: 'incoming',
      author: { kind: 'contact', id: row.contact_id, name: row.contact_name ?? '' },
      text: event.text,
      files: [],
      at: now.toISOString(),
      providerAt: event.providerAt?.toISOString() ?? null,
      status: null,
      failureReason: null,
      attempts: 0,
      translation: null,
      clientId: null,
    }
    this.#outlets.publish({ kind: 'message', chatId: row.chat_id, seq: row.seq, message })
    if (row.pending) this.#outlets.advanceSoon(row.chat_id)
    if (row.arm && row.wake_at) this.#outlets.wakeAt(row.chat_id, row.wake_at)
  }
}

/** What is kept beside the text; null for a plain text, which most messages are. */
function messageDetails(event: InboundMessage): Record<string, unknown> | null {
  const details = {
    ...(event.type === 'text' ? {} : { type: event.type }),
    ...(event.files.length > 0 ? { files: event.files } : {}),
    ...(event.payload === null ? {} : { payload: event.payload }),
    ...(event.quoted === null ? {} : { quoted: event.quoted }),
    ...(event.forwarded ? { forwarded: true } : {}),
    ...(event.albumId === null ? {} : { albumId: event.albumId }),
  }
  return Object.keys(details).length === 0 ? null : details
}
