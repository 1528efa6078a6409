import type { DueHandler, RaiseEvent } from '../workflow/index.ts'
import type { ChatStates } from './chat-states.ts'

/** When a response is due and nobody answered: the chat is overdue from the time it was due, and its processes hear of it. */
export function overdueHandler(states: ChatStates, raise: RaiseEvent): DueHandler {
  return async (work, chat) => {
    if (chat.status === 'completed' || chat.overdue_since !== null || chat.response_due_at === null || chat.response_due_at > work.now)
      return
    await work.trx
      .updateTable('chats')
      .set((eb) => ({ overdue_since: chat.response_due_at, overdue_count: eb('overdue_count', '+', 1) }))
      .where('id', '=', chat.id)
      .execute()
    await states.changed(work, chat.id)
    await raise(work, {
      chatId: chat.id,
      name: 'chat.overdue',
      payload: { chatId: chat.id, agentId: chat.agent_id, dueAt: chat.response_due_at.toISOString() },
      agentId: null,
    })
  }
}
