import type { Message, MessageFile } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { sqlState } from '../../platform/db/database.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { PublishChange } from '../chats/index.ts'
import type { InboundContent, InboundEvent, InboundFile } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import { fallbackName } from './contact-names.ts'

type InboundMessage = Extract<InboundEvent, { kind: 'message' }>

interface Received {
  outcome: 'stored' | 'duplicate'
  chat_id: string
  message_id: string
  seq: number
  contact_id: string
  contact_name: string | null
  identity_id: string
  created_contact: boolean
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

/** The files of a message on their way into the store. */
export interface PreparedFiles {
  /** For the message's details: the database makes rows of them in the message's transaction. */
  described: InboundFile[]
  /** As the message shows them now. */
  shown: MessageFile[]
  /** Has those fetched that are still at the provider; for after the commit. */
  fetch(): void
}

/** @throws AppError 4xx when a file that should be stored already is not there or not free */
export type PrepareFiles = (channelId: string, externalId: string, files: readonly InboundFile[]) => Promise<PreparedFiles>

/** What became of an inbound message. */
export interface Reception {
  chatId: string
  messageId: string
  contactId: string
  contactName: string
  identityId: string
  createdContact: boolean
  duplicate: boolean
}

const columns =
  'outcome, chat_id, message_id, seq, contact_id, contact_name, identity_id, created_contact, created_chat, pending, wake_at, arm'
const receiveMessage = `select ${columns} from receive_message($1, $2, $3, $4, $5, $6, $7, $8, $9)`
const receiveByNames = `select ${columns} from receive_message_by_names($1, $2, $3, $4, $5, $6, $7, $8, $9)`

/** Takes in what customers write. Each message is one transaction; a repeated one finds what it did the first time. */
export class InboundService {
  readonly #database: ParleyDatabase
  readonly #clock: Clock
  readonly #outlets: InboundOutlets
  readonly #prepareFiles: PrepareFiles | undefined

  /** Without `prepareFiles`, files are found by the sweeper only. */
  constructor(options: { database: ParleyDatabase; clock: Clock; outlets: InboundOutlets; prepareFiles?: PrepareFiles }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#outlets = options.outlets
    this.#prepareFiles = options.prepareFiles
  }

  /** One statement, one transaction: the hot path. */
  async receive(channel: KnownChannel, event: InboundMessage): Promise<Reception> {
    const { account } = channel
    const { customer } = event
    const now = this.#clock.now()
    const files = event.files.length === 0 ? undefined : await this.#prepareFiles?.(account.id, event.externalId, event.files)
    const row = await this.#call(customer.identities.length > 1, [
      account.id,
      customer.identities.map((identity) => identity.namespace),
      customer.identities.map((identity) => identity.externalId),
      { name: customer.name ?? fallbackName(account.kind, customer), phone: customer.phone, language: customer.language },
      event.externalId,
      event.text,
      messageDetails(files ? { ...event, files: files.described } : event),
      event.providerAt,
      now,
    ])
    const duplicate = row.outcome === 'duplicate'
    if (!duplicate) this.#follow(row, event, files, now)
    return {
      chatId: row.chat_id,
      messageId: row.message_id,
      contactId: row.contact_id,
      contactName: row.contact_name ?? '',
      identityId: row.identity_id,
      createdContact: row.created_contact,
      duplicate,
    }
  }

  async #call(byNames: boolean, values: unknown[]): Promise<Received> {
    const [name, text] = byNames ? ['receive_message_by_names', receiveByNames] : ['receive_message', receiveMessage]
    for (let attempt = 1; ; attempt++) {
      try {
        const [row] = await this.#database.query<Received & Record<string, unknown>>(name, text, values)
        if (!row) throw new Error(`${name} answered nothing`)
        return row
      } catch (error) {
        // A twin that committed between our look and our insert: the second look finds it.
        if (attempt >= 5 || !['23505', '40001', '40P01'].includes(sqlState(error) ?? '')) throw error
      }
    }
  }

  #follow(row: Received, event: InboundMessage, files: PreparedFiles | undefined, now: Date): void {
    const message: Message = {
      id: row.message_id,
      chatId: row.chat_id,
      seq: row.seq,
      direction: 'incoming',
      author: { kind: 'contact', id: row.contact_id, name: row.contact_name ?? '' },
      text: event.text,
      files: files?.shown ?? [],
      at: now.toISOString(),
      providerAt: event.providerAt?.toISOString() ?? null,
      status: null,
      failureReason: null,
      attempts: 0,
      translation: null,
      clientId: null,
    }
    this.#outlets.publish({ kind: 'message', chatId: row.chat_id, seq: row.seq, message })
    files?.fetch()
    if (row.pending) this.#outlets.advanceSoon(row.chat_id)
    if (row.arm && row.wake_at) this.#outlets.wakeAt(row.chat_id, row.wake_at)
  }
}

/** What is kept beside the text; null for a plain text, which most messages are. */
export function messageDetails(event: InboundContent): Record<string, unknown> | null {
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
