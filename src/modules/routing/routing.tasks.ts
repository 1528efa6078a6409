import { Type } from 'typebox'
import { RoutingRule } from '../../contracts/index.ts'
import { localTask, type Task } from '../workflow/index.ts'
import type { RoutingService } from './routing.service.ts'

const Id = Type.String({ pattern: '^[0-9]{1,18}$' })

/** Task types of routing (processes.md "Task types"). */
export function routingTasks(routing: RoutingService): Task[] {
  return [
    localTask({
      type: 'chat.route',
      title: 'Find agents',
      input: Type.Object({
        rule: Type.Optional(Type.Union(RoutingRule.anyOf, { description: "Instead of the queue's rule" })),
        queueId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', description: 'The chat goes to this queue first' })),
        agents: Type.Optional(Type.Array(Id, { maxItems: 1000, description: "Only these of the queue's agents" })),
      }),
      output: Type.Object({
        offeredTo: Type.Array(Type.String(), { description: 'Agents the chat is offered to; empty while nobody can take it' }),
        assignedTo: Type.Optional(Type.String({ description: 'The owner, when the chat is in progress already' })),
      }),
      errors: ['CHAT_COMPLETED', 'QUEUE_NOT_FOUND'],
      run: ({ work, chatId }, { rule, queueId, agents }) =>
        routing.route(work, chatId, { rule: rule ?? null, queueId: queueId ?? null, agentIds: agents ?? null }),
    }),
  ]
}
