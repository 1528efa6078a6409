import type { ActionResult, Chat, ChatLinkResult } from '../../contracts/index.ts'
import { AppError, conflict, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'

/** Whoever asks; the HTTP layer authenticated them. */
export interface Linker {
  id: string
  name: string
  role: 'agent' | 'supervisor' | 'admin'
  queueIds: readonly string[]
}

export interface LinkServiceDeps {
  database: ParleyDatabase
  /** Key of the process that links; the setting LinkContactProcess. */
  processKey(): Promise<string>
  /** @throws AppError 404, 403 or 409 when the agent may not act on the chat; the refusal of the process */
  runProcess(agent: Linker, chatId: string, key: string, inputs: Record<string, unknown>): Promise<ActionResult>
  readChat(agent: Linker, chatId: string): Promise<Chat>
}

/** Links a chat to another contact, the way administrators have drawn it. */
export class LinkService {
  readonly #deps: LinkServiceDeps

  constructor(deps: LinkServiceDeps) {
    this.#deps = deps
  }

  /**
   * @throws AppError 404 for an unknown or removed contact, 409 CONTACT_HAS_OPEN_CHAT with the other chat, and whatever
   * else the process refuses
   */
  async link(agent: Linker, chatId: string, contactId: string): Promise<ChatLinkResult> {
    const { database } = this.#deps
    await this.#deps.readChat(agent, chatId)
    const contact = await database.db.selectFrom('contacts').select('removed_at').where('id', '=', contactId).executeTakeFirst()
    if (!contact || contact.removed_at !== null) throw notFound(`Contact ${contactId}`)
    try {
      const process = await this.#deps.runProcess(agent, chatId, await this.#deps.processKey(), { contactId })
      return { chat: await this.#deps.readChat(agent, chatId), process }
    } catch (error) {
      if (error instanceof AppError && error.code === 'CONTACT_HAS_OPEN_CHAT') throw await this.#named(error, chatId, contactId)
      throw error
    }
  }

  /** A process refuses with a code and a text; the other chat is added so that a client can point to it. */
  async #named(error: AppError, chatId: string, contactId: string): Promise<AppError> {
    const other = await this.#deps.database.db
      .selectFrom('chats as o')
      .innerJoin('chats as c', 'c.channel_id', 'o.channel_id')
      .select(['o.id', 'o.number'])
      .where('c.id', '=', chatId)
      .where('o.contact_id', '=', contactId)
      .where('o.status', '<>', 'completed')
      .executeTakeFirst()
    return other ? conflict(error.code, error.message, { chat: other }) : error
  }
}
