import { Type } from 'typebox'
import type { ParleyWork } from '../../schema.ts'
import { BpmnError, localTask, type Task } from '../workflow/index.ts'
import type { ChatStates } from './chat-states.ts'
import type { MessageService } from './messages.service.ts'
import type { TemplateTexts } from './replies.service.ts'

const nothing = Type.Object({})
const id = (description: string) => Type.String({ pattern: '^[0-9]{1,18}$', description })

async function requireAgent(work: ParleyWork, agentId: string): Promise<void> {
  const agent = await work.trx.selectFrom('agents').select('disabled').where('id', '=', agentId).executeTakeFirst()
  if (!agent || agent.disabled) throw new BpmnError('AGENT_NOT_FOUND', `Agent ${agentId} does not exist or is disabled.`)
}

async function requireQueue(work: ParleyWork, queueId: string): Promise<void> {
  const queue = await work.trx.selectFrom('queues').select('id').where('id', '=', queueId).executeTakeFirst()
  if (!queue) throw new BpmnError('QUEUE_NOT_FOUND', `Queue ${queueId} does not exist.`)
}

/** Task types about the chat and its messages (processes.md "Task types"). */
export function chatTasks(states: ChatStates, messages: MessageService, templates: Pick<TemplateTexts, 'textFor'>): Task[] {
  return [
    localTask({
      type: 'chat.assign',
      title: 'Make an agent the owner',
      input: Type.Object({ agentId: id('The new owner') }),
      output: nothing,
      errors: ['AGENT_NOT_FOUND', 'CHAT_COMPLETED'],
      async run({ work, chatId }, { agentId }) {
        await requireAgent(work, agentId)
        const chat = await work.trx.selectFrom('chats').select(['status', 'number']).where('id', '=', chatId).executeTakeFirstOrThrow()
        if (chat.status === 'completed') throw new BpmnError('CHAT_COMPLETED', `Chat ${chat.number} is completed.`)
        await states.assign(work, chatId, agentId)
        return {}
      },
    }),
    localTask({
      type: 'chat.complete',
      title: 'Complete chat',
      input: Type.Object({
        reason: Type.Union([Type.Literal('agent'), Type.Literal('timeout'), Type.Literal('transfer'), Type.Literal('process')]),
        systemMessage: Type.Optional(Type.String({ description: 'Line in the conversation that confirms the completion' })),
      }),
      output: nothing,
      errors: [],
      async run({ work, chatId, agentId }, { reason, systemMessage }) {
        await states.complete(work, chatId, reason, systemMessage ?? null, agentId)
        return {}
      },
    }),
    localTask({
      type: 'chat.transfer',
      title: 'Transfer chat',
      input: Type.Object({
        agentId: Type.Optional(id('The agent who goes on')),
        queueId: Type.Optional(id('The queue that goes on, when no agent is given')),
        note: Type.Optional(Type.String({ maxLength: 10_000, description: 'Private note for the next agent' })),
      }),
      output: Type.Object({ childChatId: Type.String() }),
      errors: ['TARGET_MISSING', 'AGENT_NOT_FOUND', 'QUEUE_NOT_FOUND'],
      async run({ work, chatId, agentId: byAgentId }, { agentId, queueId, note }) {
        if (agentId === undefined && queueId === undefined)
          throw new BpmnError('TARGET_MISSING', 'Transfer chat needs an agent or a queue.')
        if (agentId !== undefined) await requireAgent(work, agentId)
        if (queueId !== undefined) await requireQueue(work, queueId)
        return {
          childChatId: await states.transfer(
            work,
            chatId,
            { agentId: agentId ?? null, queueId: queueId ?? null, note: note ?? null },
            byAgentId,
          ),
        }
      },
    }),
    localTask({
      type: 'chat.set',
      title: 'Set tags, priority or language',
      input: Type.Object({
        tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50 })),
        priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
        language: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
      }),
      output: nothing,
      errors: [],
      async run({ work, chatId }, { tags, priority, language }) {
        if (tags === undefined && priority === undefined && language === undefined) return {}
        await work.trx
          .updateTable('chats')
          .set({
            ...(tags ? { tags: [...new Set(tags)] } : {}),
            ...(priority === undefined ? {} : { priority }),
            ...(language ? { language } : {}),
          })
          .where('id', '=', chatId)
          .execute()
        await states.changed(work, chatId)
        return {}
      },
    }),
    localTask({
      type: 'chat.note',
      title: 'Add a private note',
      input: Type.Object({ text: Type.String({ minLength: 1, maxLength: 20_000 }) }),
      output: nothing,
      errors: [],
      async run({ work, chatId, processName }, { text }) {
        await messages.addNote(work, chatId, { kind: 'process', name: processName }, { text }, null)
        return {}
      },
    }),
    localTask({
      type: 'message.system',
      title: 'Add a system message',
      input: Type.Object({ text: Type.String({ minLength: 1, maxLength: 20_000 }) }),
      output: Type.Object({ messageId: Type.String() }),
      errors: [],
      async run({ work, chatId }, { text }) {
        return { messageId: (await messages.addSystemMessage(work, chatId, text)).id }
      },
    }),
    localTask({
      type: 'message.send',
      title: 'Send a message to the customer',
      input: Type.Object({
        text: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
        templateId: Type.Optional(id('The template to send, when no text is given')),
      }),
      output: Type.Object({ messageId: Type.String() }),
      errors: ['CHAT_COMPLETED', 'TEMPLATE_NOT_FOUND', 'TEXT_MISSING'],
      async run({ work, chatId, processName }, { text: given, templateId }) {
        const chat = await work.trx
          .selectFrom('chats')
          .select(['id', 'channel_id', 'identity_id', 'status', 'number'])
          .where('id', '=', chatId)
          .executeTakeFirstOrThrow()
        if (chat.status === 'completed') throw new BpmnError('CHAT_COMPLETED', `Chat ${chat.number} is completed.`)
        const text = given ?? (templateId === undefined ? '' : await templates.textFor(work.trx, templateId, chatId, null))
        if (text === null) throw new BpmnError('TEMPLATE_NOT_FOUND', `The queue of the chat offers no template ${templateId}.`)
        if (text.trim() === '') throw new BpmnError('TEXT_MISSING', 'Send a message needs a text or a template.')
        return { messageId: (await messages.send(work, chat, { kind: 'process', name: processName }, { text }, null)).id }
      },
    }),
  ]
}
