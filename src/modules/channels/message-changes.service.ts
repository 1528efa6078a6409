import type { Selectable } from 'kysely'
import type { MessagesTable, ParleyDatabase, ParleyWork } from '../../schema.ts'
import { findMessage, type MessageService, nextSeq, type PublishChange, toMessage } from '../chats/index.ts'
import type { InboundEvent } from './adapters/adapter.ts'
import { describeReaction } from './adapters/readable.ts'
import type { KnownChannel } from './channel-directory.ts'
import * as repo from './inbound.repo.ts'

type Of<K extends InboundEvent['kind']> = Extract<InboundEvent, { kind: K }>
type MessageRecord = Selectable<MessagesTable>

const deletedText = 'The customer deleted this message'
const excerptLength = 60

/** What customers do to messages that are there: edit, delete, react. */
export class MessageChangeService {
  readonly #database: ParleyDatabase
  readonly #messages: MessageService
  readonly #publish: PublishChange

  constructor(options: { database: ParleyDatabase; messages: MessageService; publish: PublishChange }) {
    this.#database = options.database
    this.#messages = options.messages
    this.#publish = options.publish
  }

  /** Shows the new text and keeps the earlier ones. False when the message is not here (yet). */
  async edit(channel: KnownChannel, event: Of<'edited'>): Promise<boolean> {
    return this.#database.transaction(async (work) => {
      const message = await this.#lock(work, channel.account.id, event.externalId)
      if (message?.direction !== 'incoming') return message !== undefined
      if (!(await repo.claimEvent(work, channel.account.id, event.eventKey)) || message.text === event.text) return true
      const details = message.details ?? {}
      const edits = Array.isArray(details.edits) ? details.edits : []
      const editedAt = (event.providerAt ?? work.now).toISOString()
      await this.#rewrite(work, message, event.text, { ...details, edits: [...edits, { text: message.text, editedAt }] })
      return true
    })
  }

  /** Replaces the text by a line that says so; what stood there is kept. */
  async remove(channel: KnownChannel, event: Of<'deleted'>): Promise<void> {
    await this.#database.transaction(async (work) => {
      const message = await this.#lock(work, channel.account.id, event.externalId)
      if (message?.direction !== 'incoming' || !(await repo.claimEvent(work, channel.account.id, event.eventKey))) return
      const deleted = { text: message.text, deletedAt: (event.providerAt ?? work.now).toISOString() }
      await this.#rewrite(work, message, deletedText, { ...message.details, deleted })
    })
  }

  /** A line in the customer's open chat, else in the chat of the message they reacted to. */
  async react(channel: KnownChannel, event: Of<'reaction'>): Promise<void> {
    const channelId = channel.account.id
    await this.#database.transaction(async (work) => {
      if (!(await repo.claimEvent(work, channelId, event.eventKey))) return
      const target = await findTarget(work, channelId, event.externalId)
      const [identity] = await repo.findIdentities(work, event.customer.identities)
      const chat = identity && (await repo.lockOpenChat(work, identity.contact_id, channelId))
      const chatId = chat?.id ?? target?.chat_id
      if (chatId === undefined) return
      const who = event.text === describeReaction(event.emoji) ? await nameOf(work, chatId) : null
      const line = [who, event.text].filter((part) => part !== null).join(': ')
      await this.#messages.addSystemMessage(work, chatId, target?.text ? `${line} to “${excerpt(target.text)}”` : line)
    })
  }

  async #rewrite(work: ParleyWork, message: MessageRecord, text: string | null, details: Record<string, unknown>): Promise<void> {
    const seq = await nextSeq(work, message.chat_id)
    await work.trx
      .updateTable('messages')
      .set({ text, details: JSON.stringify(details), changed_seq: seq })
      .where('id', '=', message.id)
      .execute()
    await work.trx
      .updateTable('chats')
      .set({ last_message_text: text === null ? null : [...text].slice(0, 200).join('') })
      .where('id', '=', message.chat_id)
      .where('last_message_id', '=', message.id)
      .execute()
    const row = await findMessage(work.trx, message.id)
    if (row) work.afterCommit(() => this.#publish({ kind: 'message', chatId: message.chat_id, seq, message: toMessage(row) }))
  }

  /** The message under its chat's lock, read after the lock was there. */
  async #lock(work: ParleyWork, channelId: string, externalId: string): Promise<MessageRecord | undefined> {
    const query = work.trx.selectFrom('messages').selectAll().where('channel_id', '=', channelId).where('external_id', '=', externalId)
    const found = await query.executeTakeFirst()
    if (!found) return undefined
    await work.trx.selectFrom('chats').select('id').where('id', '=', found.chat_id).forUpdate().executeTakeFirstOrThrow()
    return query.executeTakeFirst()
  }
}

/** The message a provider id stands for, whichever side wrote it. */
async function findTarget(
  work: ParleyWork,
  channelId: string,
  externalId: string,
): Promise<{ chat_id: string; text: string | null } | undefined> {
  const own = work.trx
    .selectFrom('messages')
    .select(['chat_id', 'text'])
    .where('channel_id', '=', channelId)
    .where('external_id', '=', externalId)
  const sent = work.trx
    .selectFrom('provider_messages as p')
    .innerJoin('messages as m', 'm.id', 'p.message_id')
    .select(['m.chat_id', 'm.text'])
    .where('p.channel_id', '=', channelId)
    .where('p.external_id', '=', externalId)
  return (await own.executeTakeFirst()) ?? (await sent.executeTakeFirst())
}

async function nameOf(work: ParleyWork, chatId: string): Promise<string> {
  const row = await work.trx
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .select('p.name')
    .where('c.id', '=', chatId)
    .executeTakeFirstOrThrow()
  return row.name
}

function excerpt(text: string): string {
  const letters = [...text.replace(/\s+/g, ' ')]
  return letters.length <= excerptLength ? letters.join('') : `${letters.slice(0, excerptLength - 1).join('')}…`
}
