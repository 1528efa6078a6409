import type { Chat, ChatPatch, ChatTile, Inbox, Message, MessageListQuery } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { ChatRow, ProcessHost } from '../workflow/index.ts'
import type { PublishChange } from './chat-changes.ts'
import { type ChatDetails, describeChat } from './chat-details.ts'
import * as errors from './chats.errors.ts'
import * as repo from './chats.repo.ts'
import { inInboxOf, type TileRow, toMessage, toTile } from './chats.view.ts'
import type { Viewer } from './viewer.ts'

/** What routing decides about an acceptance or decline. */
export interface OfferGate {
  /** @throws AppError 403 or 409 when this agent may not take the chat */
  checkAcceptance(work: ParleyWork, chat: ChatRow, agent: Viewer): Promise<void>
  decline(work: ParleyWork, chatId: string, agentId: string, reason: string | null): Promise<void>
}

export interface ChatServiceOptions {
  database: ParleyDatabase
  host: ProcessHost
  offers: OfferGate
  details: ChatDetails
  publish: PublishChange
}

const sees = (agent: Viewer, row: Pick<TileRow, 'agent_id' | 'queue_id' | 'offered_to'>): boolean =>
  agent.role !== 'agent' || row.agent_id === agent.id || agent.queueIds.includes(row.queue_id) || row.offered_to.includes(agent.id)

/** What agents do with chats. What becomes of a request is decided by the chat's processes. */
export class ChatService {
  readonly #options: ChatServiceOptions

  constructor(options: ChatServiceOptions) {
    this.#options = options
  }

  /** New items oldest first; chats in progress, overdue ones first, then by the latest message. */
  async inbox(agent: Viewer): Promise<Inbox> {
    const rows = await repo.listInbox(this.#options.database.db, agent.id)
    const tiles = rows.map((row) => toTile(row, agent.id))
    return {
      newItems: tiles.filter((tile) => tile.status === 'waiting').sort((a, b) => a.createdAt.localeCompare(b.createdAt)),
      inProgress: tiles.filter((tile) => tile.status === 'in_progress').sort(byUrgency),
    }
  }

  async list(agent: Viewer, filter: Omit<repo.ChatFilter, 'visibleTo'>): Promise<{ items: ChatTile[]; nextCursor: string | null }> {
    const visibleTo = agent.role === 'agent' ? { agentId: agent.id, queueIds: [...agent.queueIds] } : null
    const rows = await repo.listChats(this.#options.database.db, { ...filter, visibleTo })
    return { items: rows.map((row) => toTile(row, agent.id)), nextCursor: rows.length === filter.limit ? (rows.at(-1)?.id ?? null) : null }
  }

  /** @throws AppError 404 when the chat does not exist or is none of this agent's business */
  async get(agent: Viewer, chatId: string): Promise<Chat> {
    const row = await this.#visible(agent, chatId)
    return describeChat(this.#options.database.db, this.#options.details, row, agent.id)
  }

  async messages(agent: Viewer, chatId: string, query: MessageListQuery): Promise<{ items: Message[]; nextCursor: string | null }> {
    await this.#visible(agent, chatId)
    const { db } = this.#options.database
    const limit = query.limit ?? 50
    const page = { before: query.before ?? null, after: query.after ?? null }
    if (!query.lineage) return { items: (await repo.listMessages(db, chatId, { ...page, limit })).map(toMessage), nextCursor: null }
    const items: Message[] = []
    for (const id of await repo.listLineage(db, chatId)) {
      // Sequence numbers are per chat: the page bounds hold for the chat itself, its parents come whole.
      const rows = await repo.listMessages(
        db,
        id,
        id === chatId ? { ...page, limit } : { before: null, after: null, limit: limit - items.length },
      )
      items.unshift(...rows.map(toMessage))
      if (items.length >= limit) break
    }
    return { items, nextCursor: null }
  }

  async accept(agent: Viewer, chatId: string): Promise<Chat> {
    await this.#visible(agent, chatId)
    await this.#options.host.request(
      { chatId, name: 'agent.accepted', payload: { chatId, agentId: agent.id }, agentId: agent.id },
      async (work, chat) => {
        await this.#refuseUnlessWaiting(work, chat)
        await this.#options.offers.checkAcceptance(work, chat, agent)
      },
    )
    return this.get(agent, chatId)
  }

  async decline(agent: Viewer, chatId: string, reason: string | null): Promise<Chat> {
    const { host, database, offers } = this.#options
    await this.#visible(agent, chatId)
    await database.transaction(async (work) => {
      const chat = await work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirstOrThrow()
      await this.#refuseUnlessWaiting(work, chat)
      await offers.decline(work, chatId, agent.id, reason)
      await host.raise(work, { chatId, name: 'agent.declined', payload: { chatId, agentId: agent.id, reason }, agentId: agent.id })
    })
    await host.advance(chatId)
    return this.get(agent, chatId)
  }

  async complete(agent: Viewer, chatId: string): Promise<Chat> {
    await this.#visible(agent, chatId)
    await this.#options.host.request(
      { chatId, name: 'agent.completed', payload: { chatId, agentId: agent.id }, agentId: agent.id },
      (work, chat) => this.#refuseUnlessOwn(work, chat, agent),
    )
    return this.get(agent, chatId)
  }

  /** Asks the lifecycle to pass the chat on. @throws AppError 422 when the target is not exactly one of agent and queue */
  async transfer(
    agent: Viewer,
    chatId: string,
    target: { agentId: string | null; queueId: string | null; note: string | null },
  ): Promise<{ chat: Chat; childChat: Chat }> {
    await this.#visible(agent, chatId)
    await this.#options.host.request(
      { chatId, name: 'agent.transferred', payload: { chatId, ...target }, agentId: agent.id },
      (work, chat) => this.#refuseUnlessOwn(work, chat, agent),
    )
    const child = await this.#options.database.db
      .selectFrom('chats')
      .select('id')
      .where('parent_chat_id', '=', chatId)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow()
    const row = await repo.findTile(this.#options.database.db, child.id)
    if (!row) throw notFound(`Chat ${child.id}`)
    return {
      chat: await this.get(agent, chatId),
      childChat: await describeChat(this.#options.database.db, this.#options.details, row, agent.id),
    }
  }

  /** Passes a chat whose owner left back to its queue, by the lifecycle like any transfer. @throws AppError 409 when it no longer is in progress */
  async requeue(chatId: string, queueId: string): Promise<void> {
    const payload = { chatId, agentId: null, queueId, note: null }
    await this.#options.host.request({ chatId, name: 'agent.transferred', payload, agentId: null }, async (_work, chat) => {
      if (chat.status !== 'in_progress') throw errors.chatCompleted(chat.number)
    })
  }

  /** Sets tags and priority, of a completed chat too: they are about the chat, not part of it. */
  async patch(agent: Viewer, chatId: string, patch: ChatPatch): Promise<Chat> {
    await this.#visible(agent, chatId)
    await this.#options.database.transaction(async (work) => {
      await work.trx
        .updateTable('chats')
        .set({
          ...(patch.tags ? { tags: [...new Set(patch.tags)] } : {}),
          ...(patch.priority === undefined ? {} : { priority: patch.priority }),
        })
        .where('id', '=', chatId)
        .execute()
      const seq = await repo.nextSeq(work, chatId)
      work.afterCommit(() => this.#options.publish({ kind: 'updated', chatId, seq }))
    })
    return this.get(agent, chatId)
  }

  /** Marks messages up to `seq` as read by the agent side. */
  async read(agent: Viewer, chatId: string, seq: number): Promise<Chat> {
    await this.#visible(agent, chatId)
    await this.#options.database.transaction(async (work) => {
      const chat = await work.trx
        .selectFrom('chats')
        .select(['seq', 'read_seq', 'unread'])
        .where('id', '=', chatId)
        .forUpdate()
        .executeTakeFirstOrThrow()
      const readSeq = Math.min(seq, chat.seq)
      if (readSeq <= chat.read_seq) return
      const unread = await work.trx
        .selectFrom('messages')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('chat_id', '=', chatId)
        .where('direction', '=', 'incoming')
        .where('seq', '>', readSeq)
        .executeTakeFirstOrThrow()
      await work.trx
        .updateTable('chats')
        .set({ read_seq: readSeq, unread: Number(unread.count) })
        .where('id', '=', chatId)
        .execute()
      if (Number(unread.count) === chat.unread) return
      const next = await repo.nextSeq(work, chatId)
      work.afterCommit(() => this.#options.publish({ kind: 'updated', chatId, seq: next }))
    })
    return this.get(agent, chatId)
  }

  /** Whether the chat is this agent's business now. */
  async maySee(agent: Viewer, chatId: string): Promise<boolean> {
    const row = await repo.findTile(this.#options.database.db, chatId)
    return row !== undefined && sees(agent, row)
  }

  /** @throws AppError 404 */
  async assertVisible(agent: Viewer, chatId: string): Promise<void> {
    await this.#visible(agent, chatId)
  }

  /** Whether the agent may run actions on the chat now. @throws AppError 404, 403 NOT_OWNER, 409 CHAT_COMPLETED */
  async assertMayAct(agent: Viewer, chatId: string): Promise<void> {
    const row = await this.#visible(agent, chatId)
    if (row.status === 'completed') throw errors.chatCompleted(row.number)
    if (agent.role === 'agent' && row.agent_id !== agent.id)
      throw errors.notOwner(row.agent_name === null ? null : { name: row.agent_name })
  }

  async #visible(agent: Viewer, chatId: string): Promise<TileRow> {
    const row = await repo.findTile(this.#options.database.db, chatId)
    if (!row || !sees(agent, row)) throw notFound(`Chat ${chatId}`)
    return row
  }

  async #refuseUnlessWaiting(work: ParleyWork, chat: ChatRow): Promise<void> {
    if (chat.status === 'completed') throw errors.chatCompleted(chat.number)
    const owner = await repo.findOwner(work.trx, chat)
    if (owner) throw errors.alreadyAccepted(owner)
  }

  /** The owner may; a supervisor may; in a waiting chat, whoever it is offered to may. */
  async #refuseUnlessOwn(work: ParleyWork, chat: ChatRow, agent: Viewer): Promise<void> {
    if (chat.status === 'completed') throw errors.chatCompleted(chat.number)
    if (agent.role !== 'agent' || chat.agent_id === agent.id) return
    if (chat.status === 'waiting') {
      const row = await repo.findTile(work.trx, chat.id)
      if (row && inInboxOf(row, agent.id)) return
    }
    throw errors.notOwner(await repo.findOwner(work.trx, chat))
  }
}

function byUrgency(a: ChatTile, b: ChatTile): number {
  if ((a.overdueSince === null) !== (b.overdueSince === null)) return a.overdueSince === null ? 1 : -1
  return (b.lastMessage?.at ?? b.createdAt).localeCompare(a.lastMessage?.at ?? a.createdAt)
}
