import { Type } from 'typebox'
import type { ServerFrame } from '../../contracts/index.ts'
import type { ParleyWork } from '../../schema.ts'
import { BpmnError, localTask, type Task } from '../workflow/index.ts'

export type NotificationFrame = Extract<ServerFrame, { type: 'notification' }>

/** Pushes a notification to connected agents after the commit. */
export type PushNotification = (agentIds: string[], frame: NotificationFrame) => void

async function recipients(work: ParleyWork, chatId: string, to: string): Promise<string[]> {
  const chat = await work.trx.selectFrom('chats').select(['agent_id', 'queue_id']).where('id', '=', chatId).executeTakeFirstOrThrow()
  if (to === 'owner') return chat.agent_id === null ? [] : [chat.agent_id]
  if (to === 'queue' || to === 'supervisors') {
    const rows = await work.trx
      .selectFrom('agents as a')
      .select('a.id')
      .where('a.disabled', '=', false)
      .where((eb) => (to === 'supervisors' ? eb('a.role', 'in', ['supervisor', 'admin']) : eb('a.status', '=', 'active')))
      .where((eb) =>
        eb.or([
          eb.exists(eb.selectFrom('queues as q').select('q.id').where('q.id', '=', chat.queue_id).where('q.all_agents', '=', true)),
          eb.exists(
            eb
              .selectFrom('queue_agents as m')
              .select('m.agent_id')
              .whereRef('m.agent_id', '=', 'a.id')
              .where('m.queue_id', '=', chat.queue_id),
          ),
          ...(to === 'supervisors' ? [eb('a.role', '=', 'admin')] : []),
        ]),
      )
      .execute()
    return rows.map((row) => row.id)
  }
  const agent = await work.trx.selectFrom('agents').select('id').where('id', '=', to).executeTakeFirst()
  if (!agent) throw new BpmnError('AGENT_NOT_FOUND', `Agent ${to} does not exist.`)
  return [agent.id]
}

/** `agent.notify`: stored for each recipient, and pushed to those who are connected. */
export function notificationTasks(push: PushNotification): Task[] {
  return [
    localTask({
      type: 'agent.notify',
      title: 'Notify agents',
      input: Type.Object({
        to: Type.String({
          pattern: '^(owner|queue|supervisors|[0-9]{1,18})$',
          description: 'owner, queue, supervisors or the id of an agent',
        }),
        title: Type.String({ minLength: 1, maxLength: 200 }),
        text: Type.Optional(Type.String({ maxLength: 2000 })),
        severity: Type.Optional(Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')])),
      }),
      output: Type.Object({ notified: Type.Array(Type.String()) }),
      errors: ['AGENT_NOT_FOUND'],
      async run({ work, chatId }, { to, title, text = '', severity = 'info' }) {
        const agentIds = await recipients(work, chatId, to)
        if (agentIds.length === 0) return { notified: [] }
        await work.trx
          .insertInto('notifications')
          .values(
            agentIds.map((agentId) => ({ agent_id: agentId, chat_id: chatId, title, text, severity, created_at: work.now, read_at: null })),
          )
          .execute()
        work.afterCommit(() => push(agentIds, { type: 'notification', title, text, severity, chatId }))
        return { notified: agentIds }
      },
    }),
  ]
}
