import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { findMessage, insertMessage, type MessageService, type PublishChange, toMessage } from '../chats/index.ts'
import type { InboundEvent } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import { findIdentities } from './inbound.repo.ts'
import { messageDetails } from './inbound.service.ts'

type Outgoing = Extract<InboundEvent, { kind: 'outgoing' }>

/** Who wrote what was not written in Parley. */
const outsideAuthor = 'Page inbox'

/** What people of the business write to customers past Parley, in the provider's own inbox. */
export class OutsideMessageService {
  readonly #database: ParleyDatabase
  readonly #messages: MessageService
  readonly #publish: PublishChange

  constructor(options: { database: ParleyDatabase; messages: MessageService; publish: PublishChange }) {
    this.#database = options.database
    this.#messages = options.messages
    this.#publish = options.publish
  }

  /**
   * Stores the message in the customer's open chat, where it counts as a reply, else in their last one, where it is
   * history. False when the customer has never had a chat here: then there is nothing it could belong to.
   */
  async store(channel: KnownChannel, event: Outgoing): Promise<boolean> {
    const channelId = channel.account.id
    return this.#database.transaction(async (work) => {
      const [identity] = await findIdentities(work, event.customer.identities)
      const chat = identity && (await lockLastChat(work, identity.contact_id, channelId))
      if (!identity || !chat) return false
      if (await isKnown(work, channelId, event.externalId)) return true
      const id = await insertMessage(work, {
        chatId: chat.id,
        direction: 'outgoing',
        authorKind: 'agent',
        authorId: null,
        authorName: outsideAuthor,
        text: event.text,
        status: 'sent',
        clientId: null,
        channelId,
        identityId: identity.id,
        externalId: event.externalId,
        providerAt: event.providerAt,
        details: messageDetails(event),
      })
      await work.trx
        .insertInto('provider_messages')
        .values({
          channel_id: channelId,
          external_id: event.externalId,
          message_id: id,
          part: 0,
          status: 'sent',
          taken_at: work.now,
          provider_at: event.providerAt,
          failure_code: null,
          failure_reason: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      const message = await findMessage(work.trx, id)
      if (!message) throw new Error(`Message ${id} vanished in its own transaction`)
      if (chat.status !== 'completed') await this.#messages.noteOutsideReply(work, message)
      work.afterCommit(() => this.#publish({ kind: 'message', chatId: chat.id, seq: message.seq, message: toMessage(message) }))
      return true
    })
  }
}

/** The open chat, else the newest one, locked: two copies of an event come one after the other. */
async function lockLastChat(work: ParleyWork, contactId: string, channelId: string): Promise<{ id: string; status: string } | undefined> {
  return work.trx
    .selectFrom('chats')
    .select(['id', 'status'])
    .where('contact_id', '=', contactId)
    .where('channel_id', '=', channelId)
    .orderBy((eb) => eb('status', '=', 'completed'))
    .orderBy('id', 'desc')
    .limit(1)
    .forUpdate()
    .executeTakeFirst()
}

/** Whether the provider id stands for a message already: ours, or one stored before. */
async function isKnown(work: ParleyWork, channelId: string, externalId: string): Promise<boolean> {
  const stored = await work.trx
    .selectFrom('messages')
    .select('id')
    .where('channel_id', '=', channelId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
  if (stored) return true
  const sent = await work.trx
    .selectFrom('provider_messages')
    .select('message_id')
    .where('channel_id', '=', channelId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
  return sent !== undefined
}
