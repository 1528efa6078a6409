import { sql } from 'kysely'
import type { ParleyWork } from '../../schema.ts'
import type { ChatRow, RaiseEvent } from '../workflow/index.ts'
import type { PublishChange } from './chat-changes.ts'
import * as repo from './chats.repo.ts'
import type { MessageService } from './messages.service.ts'

export type CompletionReason = NonNullable<ChatRow['completion_reason']>

export interface TransferTarget {
  agentId: string | null
  queueId: string | null
  note: string | null
}

/** The three things that change what a chat is: it gets an owner, it ends, it goes on elsewhere. Only processes call these. */
export class ChatStates {
  readonly #raise: RaiseEvent
  readonly #messages: MessageService
  readonly #publish: PublishChange

  constructor(options: { raise: RaiseEvent; messages: MessageService; publish: PublishChange }) {
    this.#raise = options.raise
    this.#messages = options.messages
    this.#publish = options.publish
  }

  /** Makes the agent the owner; the chat is in progress from now on. The chat timeout runs unless the customer waits. */
  async assign(work: ParleyWork, chatId: string, agentId: string): Promise<void> {
    await work.trx
      .updateTable('chats as c')
      .from('queues as q')
      .set((eb) => ({
        status: 'in_progress',
        agent_id: agentId,
        accepted_at: eb.fn.coalesce('c.accepted_at', sql<Date>`${work.now}::timestamptz`),
        timeout_at: sql<Date | null>`case when c.last_customer_message_at is null or c.last_agent_message_at >= c.last_customer_message_at
          then ${work.now}::timestamptz + minutes(q.chat_timeout_minutes) end`,
      }))
      .whereRef('q.id', '=', 'c.queue_id')
      .where('c.id', '=', chatId)
      .execute()
    await this.changed(work, chatId)
    await this.#raise(work, { chatId, name: 'chat.assigned', payload: { chatId, agentId }, agentId })
  }

  /** Completes the chat; it is read-only from now on. Completing a completed chat changes nothing. */
  async complete(
    work: ParleyWork,
    chatId: string,
    reason: CompletionReason,
    systemMessage: string | null,
    agentId: string | null,
  ): Promise<void> {
    const updated = await work.trx
      .updateTable('chats')
      .set({
        status: 'completed',
        completed_at: work.now,
        completion_reason: reason,
        timeout_at: null,
        response_due_at: null,
        overdue_since: null,
      })
      .where('id', '=', chatId)
      .where('status', '<>', 'completed')
      .returning(['agent_id', 'queue_id'])
      .executeTakeFirst()
    if (!updated) return
    if (systemMessage !== null) await this.#messages.addSystemMessage(work, chatId, systemMessage)
    await this.changed(work, chatId)
    await this.#raise(work, {
      chatId,
      name: 'chat.completed',
      payload: { chatId, reason, agentId: updated.agent_id, queueId: updated.queue_id },
      agentId,
    })
  }

  /**
   * Completes the chat and goes on in a child chat, in the same transaction. A customer who waits for an answer keeps
   * the time at which it is due. Answers the child's id.
   */
  async transfer(work: ParleyWork, chatId: string, target: TransferTarget, byAgentId: string | null): Promise<string> {
    const parent = await work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).executeTakeFirstOrThrow()
    const unanswered =
      parent.last_customer_message_at !== null &&
      (parent.last_agent_message_at === null || parent.last_agent_message_at < parent.last_customer_message_at)
    const to = await this.#describeTarget(work, target)
    await this.complete(work, chatId, 'transfer', `Transferred to ${to}.`, byAgentId)
    const child = await work.trx
      .insertInto('chats')
      .values({
        contact_id: parent.contact_id,
        channel_id: parent.channel_id,
        queue_id: target.queueId ?? parent.queue_id,
        agent_id: null,
        parent_chat_id: parent.id,
        previous_chat_id: parent.id,
        identity_id: parent.identity_id,
        unread: unanswered ? parent.unread : 0,
        first_message: parent.first_message,
        last_message_id: parent.last_message_id,
        last_message_text: parent.last_message_text,
        last_message_direction: parent.last_message_direction,
        last_message_at: parent.last_message_at,
        last_message_status: parent.last_message_status,
        last_customer_message_at: parent.last_customer_message_at,
        last_agent_message_at: parent.last_agent_message_at,
        response_due_at: unanswered ? parent.response_due_at : null,
        overdue_since: unanswered ? parent.overdue_since : null,
        language: parent.language,
        tags: parent.tags,
        priority: parent.priority,
        created_at: work.now,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    if (target.note !== null) {
      await this.#messages.addNote(
        work,
        child.id,
        byAgentId === null ? { kind: 'system' } : { kind: 'agent', id: byAgentId },
        { text: target.note },
        null,
      )
    }
    await this.#raise(work, {
      chatId,
      name: 'chat.transferred',
      payload: { chatId, childChatId: child.id, agentId: target.agentId, queueId: target.queueId },
      agentId: byAgentId,
    })
    await this.#raise(work, {
      chatId: child.id,
      name: 'chat.created',
      payload: { chatId: child.id, messageId: null, agentId: target.agentId, parentChatId: chatId },
      agentId: byAgentId,
    })
    return child.id
  }

  /** Announces that something about the chat besides its messages changed. */
  async changed(work: ParleyWork, chatId: string): Promise<void> {
    const seq = await repo.nextSeq(work, chatId)
    work.afterCommit(() => this.#publish({ kind: 'updated', chatId, seq }))
  }

  async #describeTarget(work: ParleyWork, target: TransferTarget): Promise<string> {
    if (target.agentId !== null) {
      const agent = await work.trx.selectFrom('agents').select('name').where('id', '=', target.agentId).executeTakeFirstOrThrow()
      return agent.name
    }
    const queue = await work.trx.selectFrom('queues').select('name').where('id', '=', target.queueId).executeTakeFirstOrThrow()
    return `the queue ${queue.name}`
  }
}
