import type { Message } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { ChatRow } from '../workflow/index.ts'
import * as errors from './chats.errors.ts'
import * as repo from './chats.repo.ts'
import { type MessageRow, toMessage } from './chats.view.ts'
import type { MessageContent, MessageService } from './messages.service.ts'
import type { Viewer } from './viewer.ts'

/** A file an agent is about to send. */
export interface SendableFile {
  id: string
  name: string
  type: string
  /** Bytes. */
  size: number
}

/** What becomes a message is checked before anything is stored. */
export interface MessageGate {
  /** The agent's uploads in the given order. @throws AppError 422 FILE_NOT_FOUND, TOO_MANY_FILES; 409 FILE_IN_USE; 415; 413 */
  filesOf(work: ParleyWork, agentId: string, fileIds: readonly string[]): Promise<SendableFile[]>
  /** What the channel would refuse. @throws AppError 422 TEXT_TOO_LONG, TOO_MANY_FILES, REPLY_WINDOW_CLOSED; 413; 415 */
  check(
    channelId: string,
    message: { text: string | null; files: readonly SendableFile[] },
    at: { now: Date; lastCustomerMessageAt: Date | null },
  ): Promise<void>
}

/** Texts of templates; the templates module has them. */
export interface TemplateTexts {
  /** The text for the chat, null when its queue offers no such template; `agentId` null = the chat's owner writes. */
  textFor(db: ParleyDatabase['db'], templateId: string, chatId: string, agentId: string | null): Promise<string | null>
  /** Remembers that the agent used the template. */
  noteUse(work: ParleyWork, agentId: string, templateId: string): Promise<void>
}

export interface ReplyServiceOptions {
  database: ParleyDatabase
  messages: MessageService
  templates: TemplateTexts
  gate: MessageGate
  /** @throws AppError 404 when the agent may not see the chat */
  assertVisible(agent: Viewer, chatId: string): Promise<void>
}

export interface SendInput {
  /** Its text is sent when there is no other; the agent has used it either way. */
  templateId: string | null
  text: string | null
  fileIds: readonly string[]
  clientId: string | null
  note: boolean
  /** False = send as written although the chat is translated. */
  translate: boolean
}

/** What agents write into chats: replies, notes and drafts. */
export class ReplyService {
  readonly #options: ReplyServiceOptions

  constructor(options: ReplyServiceOptions) {
    this.#options = options
  }

  /** Sends a reply or adds a note. The same clientId again answers the same message, with `created` false. */
  async send(agent: Viewer, chatId: string, input: SendInput): Promise<{ message: Message; created: boolean }> {
    await this.#options.assertVisible(agent, chatId)
    const typed = input.text === null || input.text.trim() === '' ? null : input.text
    if (typed === null && input.templateId === null && input.fileIds.length === 0) throw errors.emptyMessage()
    return this.#options.database.transaction(async (work) => {
      const chat = await work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirstOrThrow()
      if (input.clientId !== null) {
        const same = await work.trx
          .selectFrom('messages')
          .select('id')
          .where('chat_id', '=', chatId)
          .where('client_id', '=', input.clientId)
          .executeTakeFirst()
        const message = same ? await repo.findMessage(work.trx, same.id) : undefined
        if (message) return { message: toMessage(message), created: false }
      }
      if (chat.status === 'completed') throw errors.chatCompleted(chat.number)
      const text = typed ?? (await this.#templateText(work, chatId, agent, input))
      const content = { text, fileIds: input.fileIds, translate: await this.#translateFor(work, chat, input) }
      const message = input.note
        ? await this.#note(work, chat, agent, content, input.clientId)
        : await this.#reply(work, chat, agent, content, input.clientId)
      await work.trx.deleteFrom('drafts').where('chat_id', '=', chatId).where('agent_id', '=', agent.id).execute()
      if (input.templateId !== null) await this.#options.templates.noteUse(work, agent.id, input.templateId)
      return { message: toMessage(message), created: true }
    })
  }

  /** Whoever sees the chat may leave a note for the others. */
  async #note(work: ParleyWork, chat: ChatRow, agent: Viewer, content: MessageContent, clientId: string | null): Promise<MessageRow> {
    await this.#options.gate.filesOf(work, agent.id, content.fileIds ?? [])
    return this.#options.messages.addNote(work, chat.id, { kind: 'agent', id: agent.id }, content, clientId)
  }

  async #reply(work: ParleyWork, chat: ChatRow, agent: Viewer, content: MessageContent, clientId: string | null): Promise<MessageRow> {
    const { gate, messages } = this.#options
    if (chat.agent_id !== agent.id) throw errors.notOwner(await repo.findOwner(work.trx, chat))
    const files = await gate.filesOf(work, agent.id, content.fileIds ?? [])
    await gate.check(
      chat.channel_id,
      { text: content.text, files },
      { now: work.now, lastCustomerMessageAt: chat.last_customer_message_at },
    )
    return messages.send(work, chat, { kind: 'agent', id: agent.id }, content, clientId)
  }

  /** The text of the message's template; what the agent made of it counts instead when there is a text. */
  async #templateText(work: ParleyWork, chatId: string, agent: Viewer, { templateId, fileIds }: SendInput): Promise<string | null> {
    if (templateId === null) return null
    const text = await this.#options.templates.textFor(work.trx, templateId, chatId, agent.id)
    if (text === null) throw notFound(`Template ${templateId}`)
    if (text.trim() === '' && fileIds.length === 0) throw errors.emptyMessage()
    return text.trim() === '' ? null : text
  }

  /** The languages a reply is translated between: none when the chat is not translated, or the agent does not want it for this one. */
  async #translateFor(work: ParleyWork, chat: ChatRow, input: SendInput): Promise<{ from: string; to: string } | null> {
    const { translation } = chat
    if (!translation?.enabled || !input.translate || input.note) return null
    const customer = translation.from ?? (await repo.lastCustomerLanguage(work.trx, chat.id))
    return customer === null || customer === translation.to ? null : { from: translation.to, to: customer }
  }

  /** Sends a failed message again, as a new attempt. @throws AppError 404, 403 NOT_OWNER, 409 CHAT_COMPLETED or NOT_FAILED */
  async retry(agent: Viewer, messageId: string): Promise<Message> {
    const found = await this.#options.database.db.selectFrom('messages').select('chat_id').where('id', '=', messageId).executeTakeFirst()
    if (!found) throw notFound(`Message ${messageId}`)
    await this.#options.assertVisible(agent, found.chat_id)
    const message = await this.#options.messages.retry(messageId, (chat) => {
      if (chat.status === 'completed') throw errors.chatCompleted(chat.number)
      if (chat.agent_id !== agent.id && agent.role === 'agent') throw errors.notOwner(null)
    })
    return toMessage(message)
  }

  /** Keeps what the agent has typed; empty text without files clears it. */
  async saveDraft(agent: Viewer, chatId: string, draft: { text: string; fileIds: string[] }): Promise<void> {
    await this.#options.assertVisible(agent, chatId)
    await this.#options.database.transaction(async (work) => {
      if (draft.text === '' && draft.fileIds.length === 0) {
        await work.trx.deleteFrom('drafts').where('chat_id', '=', chatId).where('agent_id', '=', agent.id).execute()
        return
      }
      const values = { text: draft.text, file_ids: draft.fileIds, updated_at: work.now }
      await work.trx
        .insertInto('drafts')
        .values({ chat_id: chatId, agent_id: agent.id, ...values })
        .onConflict((conflict) => conflict.columns(['chat_id', 'agent_id']).doUpdateSet(values))
        .execute()
    })
  }
}
