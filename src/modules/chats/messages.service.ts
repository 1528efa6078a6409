import { sql } from 'kysely'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { ChatRow, RaiseEvent } from '../workflow/index.ts'
import type { PublishChange } from './chat-changes.ts'
import * as repo from './chats.repo.ts'
import { type MessageRow, toMessage } from './chats.view.ts'

export type Author = { kind: 'agent'; id: string } | { kind: 'process'; name: string } | { kind: 'system' }

/** A message's content; it has a text or a file. */
export interface MessageContent {
  text: string | null
  /** Uploads that belong to no message yet, in order. */
  fileIds?: readonly string[]
  /** The languages to translate it between before it goes out. */
  translate?: { from: string; to: string } | null
}

/** Makes uploads part of a message, in the given order. @throws AppError 409 FILE_IN_USE */
export type AttachFiles = (work: ParleyWork, messageId: string, fileIds: readonly string[]) => Promise<void>

export interface MessageOutlets {
  publish: PublishChange
  /** A message waits to be delivered. */
  deliverSoon(chatId: string): void
  /** The chat has something due at this time. */
  wakeAt(chatId: string, at: Date): void
}

/** The forward order of delivery; `failed` stands apart and is left only by an explicit retry or a proof of delivery. */
const rank = { sending: 0, sent: 1, delivered: 2, read: 3 } as const

export type DeliveryStatus = 'sent' | 'delivered' | 'read' | 'failed'

/** Writes messages and moves their delivery status; always under the chat's lock. */
export class MessageService {
  readonly #database: ParleyDatabase
  readonly #raise: RaiseEvent
  readonly #outlets: MessageOutlets
  readonly #attachFiles: AttachFiles

  constructor(options: { database: ParleyDatabase; raise: RaiseEvent; outlets: MessageOutlets; attachFiles: AttachFiles }) {
    this.#database = options.database
    this.#raise = options.raise
    this.#outlets = options.outlets
    this.#attachFiles = options.attachFiles
  }

  /** A message to the customer: the row is the outbox entry, delivery follows the commit. An agent's message is a reply, a process's is not. */
  async send(
    work: ParleyWork,
    chat: Pick<ChatRow, 'id' | 'channel_id' | 'identity_id'>,
    author: Author,
    content: MessageContent,
    clientId: string | null,
  ): Promise<MessageRow> {
    const message = await this.#insert(work, chat.id, 'outgoing', author, content, {
      status: 'sending',
      clientId,
      channelId: chat.channel_id,
      identityId: chat.identity_id,
    })
    await this.#noteLast(work, message)
    if (author.kind === 'agent') await this.#noteReply(work, chat.id)
    await work.trx
      .insertInto('delivery_lanes')
      .values({ chat_id: chat.id, next_attempt_at: work.now, lease_until: null, lease_token: null })
      // A lane that waits goes on waiting; touching its row keeps it from being closed meanwhile.
      .onConflict((conflict) => conflict.column('chat_id').doUpdateSet({ next_attempt_at: sql`delivery_lanes.next_attempt_at` }))
      .execute()
    work.afterCommit(() => this.#outlets.deliverSoon(chat.id))
    return message
  }

  /** A line of Parley itself in the conversation; it never leaves Parley. */
  async addSystemMessage(work: ParleyWork, chatId: string, text: string): Promise<MessageRow> {
    return this.#insert(work, chatId, 'system', { kind: 'system' }, { text }, null)
  }

  /** A private note: agents see it, the customer never does. */
  async addNote(work: ParleyWork, chatId: string, author: Author, content: MessageContent, clientId: string | null): Promise<MessageRow> {
    return this.#insert(work, chatId, 'note', author, content, { status: null, clientId, channelId: null, identityId: null })
  }

  /**
   * Moves a message's status forward; a late or repeated receipt changes nothing. `failed` is final unless the
   * provider proves delivery or the agent retries; with `corrects`, the failure has turned out to be none. Answers
   * whether it moved.
   */
  async moveStatus(
    work: ParleyWork,
    messageId: string,
    to: DeliveryStatus,
    failure: { code: string; reason: string } | null,
    options: { corrects?: boolean } = {},
  ): Promise<boolean> {
    const found = await work.trx.selectFrom('messages').select('chat_id').where('id', '=', messageId).executeTakeFirst()
    if (!found) return false
    const chat = await this.#lock(work, found.chat_id)
    const message = await work.trx
      .selectFrom('messages')
      .select(['status', 'direction', 'author_kind', 'author_id', 'text', 'seq'])
      .where('id', '=', messageId)
      .executeTakeFirstOrThrow()
    if (message.direction !== 'outgoing' || message.status === null) return false
    if (!movesForward(message.status, to) && !(options.corrects && message.status === 'failed' && to === 'sent')) return false
    const seq = await repo.nextSeq(work, chat.id)
    await work.trx
      .updateTable('messages')
      .set({ status: to, changed_seq: seq, failure_code: failure?.code ?? null, failure_reason: failure?.reason ?? null })
      .where('id', '=', messageId)
      .execute()
    await work.trx
      .updateTable('chats')
      .set({ last_message_status: to })
      .where('id', '=', chat.id)
      .where('last_message_id', '=', messageId)
      .execute()
    if (to === 'failed') {
      await work.trx
        .updateTable('chats')
        .set((eb) => ({ delivery_failures: eb('delivery_failures', '+', 1) }))
        .where('id', '=', chat.id)
        .execute()
    }
    this.#publishStatus(work, { chatId: chat.id, seq, messageId, status: to, failureReason: failure?.reason ?? null })
    await this.#raise(work, {
      chatId: chat.id,
      name: `message.${to}`,
      payload: {
        chatId: chat.id,
        messageId,
        text: message.text,
        agentId: message.author_kind === 'agent' ? message.author_id : null,
        failureCode: failure?.code ?? null,
        failureReason: failure?.reason ?? null,
      },
      agentId: null,
    })
    return true
  }

  /**
   * Does `change`, which answers whether something of the message other than its status changed (a file arrived); then
   * the message is shown again under a new number.
   */
  async change(work: ParleyWork, messageId: string, change: () => Promise<boolean>): Promise<void> {
    const { chat_id: chatId } = await work.trx
      .selectFrom('messages')
      .select('chat_id')
      .where('id', '=', messageId)
      .executeTakeFirstOrThrow()
    await this.#lock(work, chatId)
    if (!(await change())) return
    const seq = await repo.nextSeq(work, chatId)
    await work.trx.updateTable('messages').set({ changed_seq: seq }).where('id', '=', messageId).execute()
    const message = await repo.findMessage(work.trx, messageId)
    if (!message) throw new Error(`Message ${messageId} vanished in its own transaction`)
    work.afterCommit(() => this.#outlets.publish({ kind: 'message', chatId, seq, message: toMessage(message) }))
  }

  /** Puts a failed message back into the outbox at its agent's wish. @throws AppError 409 NOT_FAILED */
  async retry(messageId: string, check: (chat: ChatRow) => void): Promise<MessageRow> {
    return this.#database.transaction(async (work) => {
      const found = await work.trx.selectFrom('messages').select('chat_id').where('id', '=', messageId).executeTakeFirst()
      if (!found) throw notFound(`Message ${messageId}`)
      const chat = await this.#lock(work, found.chat_id)
      check(chat)
      const message = await repo.findMessage(work.trx, messageId)
      if (message?.status !== 'failed')
        throw new AppError('NOT_FAILED', 409, `Only a failed message can be sent again; this one is ${message?.status ?? 'not outgoing'}.`)
      const seq = await repo.nextSeq(work, chat.id)
      await work.trx
        .updateTable('messages')
        .set({ status: 'sending', changed_seq: seq, failure_code: null, failure_reason: null })
        .where('id', '=', messageId)
        .execute()
      await work.trx
        .updateTable('chats')
        .set({ last_message_status: 'sending' })
        .where('id', '=', chat.id)
        .where('last_message_id', '=', messageId)
        .execute()
      await work.trx
        .insertInto('delivery_lanes')
        .values({ chat_id: chat.id, next_attempt_at: work.now, lease_until: null, lease_token: null })
        .onConflict((conflict) => conflict.column('chat_id').doUpdateSet({ next_attempt_at: work.now }))
        .execute()
      this.#publishStatus(work, { chatId: chat.id, seq, messageId, status: 'sending', failureReason: null })
      work.afterCommit(() => this.#outlets.deliverSoon(chat.id))
      return (await repo.findMessage(work.trx, messageId)) ?? message
    })
  }

  async #lock(work: ParleyWork, chatId: string): Promise<ChatRow> {
    return work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirstOrThrow()
  }

  async #insert(
    work: ParleyWork,
    chatId: string,
    direction: 'outgoing' | 'system' | 'note',
    author: Author,
    content: MessageContent,
    delivery: { status: 'sending' | null; clientId: string | null; channelId: string | null; identityId: string | null } | null,
  ): Promise<MessageRow> {
    const id = await repo.insertMessage(work, {
      chatId,
      direction,
      authorKind: author.kind,
      authorId: author.kind === 'agent' ? author.id : null,
      authorName: author.kind === 'process' ? author.name : author.kind === 'system' ? 'Parley' : null,
      text: content.text,
      status: delivery?.status ?? null,
      clientId: delivery?.clientId ?? null,
      channelId: delivery?.channelId ?? null,
      identityId: delivery?.identityId ?? null,
      details: content.translate ? { translate: content.translate } : null,
    })
    if (content.fileIds && content.fileIds.length > 0) await this.#attachFiles(work, id, content.fileIds)
    const message = await repo.findMessage(work.trx, id)
    if (!message) throw new Error(`Message ${id} vanished in its own transaction`)
    work.afterCommit(() => this.#outlets.publish({ kind: 'message', chatId, seq: message.seq, message: toMessage(message) }))
    return message
  }

  /** The tile's excerpt. System lines and notes are no conversation. */
  async #noteLast(work: ParleyWork, message: MessageRow): Promise<void> {
    await work.trx
      .updateTable('chats')
      .set({
        last_message_id: message.id,
        last_message_text: message.text === null ? null : [...message.text].slice(0, 200).join(''),
        last_message_direction: message.direction,
        last_message_at: message.at,
        last_message_status: message.status,
      })
      .where('id', '=', message.chat_id)
      .execute()
  }

  /** An answer that was given outside Parley and stored already: it counts as a reply like any other. */
  async noteOutsideReply(work: ParleyWork, message: MessageRow): Promise<void> {
    await this.#noteLast(work, message)
    await this.#noteReply(work, message.chat_id)
  }

  /** A reply ends the wait of the customer, marks the chat read, and starts the chat timeout of a chat in progress. */
  async #noteReply(work: ParleyWork, chatId: string): Promise<void> {
    const ongoing = sql<boolean>`(c.first_agent_message_at is not null and c.last_customer_message_at > c.last_agent_message_at)`
    const row = await work.trx
      .updateTable('chats as c')
      .from('queues as q')
      .set((eb) => ({
        last_agent_message_at: work.now,
        responses: sql<number>`c.responses + ${ongoing}::int`,
        response_seconds: sql<number>`c.response_seconds + case when ${ongoing} then extract(epoch from ${work.now}::timestamptz - c.last_customer_message_at) else 0 end`,
        first_agent_message_at: eb.fn.coalesce('c.first_agent_message_at', sql<Date>`${work.now}::timestamptz`),
        response_due_at: null,
        overdue_since: null,
        unread: 0,
        read_seq: eb.ref('c.seq'),
        timeout_at: sql<Date | null>`case when c.status = 'in_progress' then ${work.now}::timestamptz + minutes(q.chat_timeout_minutes) end`,
        wake_at: sql<Date | null>`least(c.wake_at, case when c.status = 'in_progress' then ${work.now}::timestamptz + minutes(q.chat_timeout_minutes) end)`,
      }))
      .whereRef('q.id', '=', 'c.queue_id')
      .where('c.id', '=', chatId)
      .returning('c.wake_at')
      .executeTakeFirstOrThrow()
    const { wake_at: wakeAt } = row
    if (wakeAt) work.afterCommit(() => this.#outlets.wakeAt(chatId, wakeAt))
  }

  #publishStatus(
    work: ParleyWork,
    change: { chatId: string; seq: number; messageId: string; status: NonNullable<MessageRow['status']>; failureReason: string | null },
  ): void {
    work.afterCommit(() => this.#outlets.publish({ kind: 'message_status', ...change }))
  }
}

function movesForward(from: NonNullable<MessageRow['status']>, to: DeliveryStatus): boolean {
  if (from === 'failed') return to === 'delivered' || to === 'read'
  if (to === 'failed') return from === 'sending' || from === 'sent'
  return rank[to] > rank[from]
}
