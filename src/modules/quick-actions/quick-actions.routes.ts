import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ActionList, ActionResult, ActionRun, TaskCompletion } from '../../contracts/index.ts'
import type { ActionRunService } from './action-runs.service.ts'

const id = Type.String({ pattern: '^[0-9]{1,18}$' })
const tags = ['Quick actions']

export interface QuickActionRouteDeps {
  runs: ActionRunService
  /** The actions of a chat the agent may see. */
  listForChat(agent: { id: string }, chatId: string): Promise<{ id: string; caption: string; icon: string | null }[]>
}

/** Quick actions of a chat. */
export const quickActionRoutes =
  (deps: QuickActionRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/chats/:id/actions',
      { schema: { tags, params: Type.Object({ id }), response: { 200: ActionList } } },
      async (request) => ({
        items: await deps.listForChat(request.agent, request.params.id),
      }),
    )

    app.post(
      '/api/chats/:id/actions/:actionId',
      { schema: { tags, params: Type.Object({ id, actionId: id }), body: Type.Optional(ActionRun), response: { 200: ActionResult } } },
      async (request) => deps.runs.run(request.agent, request.params.id, request.params.actionId, request.body?.inputs ?? {}),
    )

    app.post(
      '/api/tasks/:taskId/complete',
      {
        schema: {
          tags,
          params: Type.Object({ taskId: Type.String({ maxLength: 300 }) }),
          body: Type.Optional(TaskCompletion),
          response: { 200: ActionResult },
        },
      },
      async (request) => deps.runs.completeForm(request.agent, request.params.taskId, request.body?.variables ?? {}),
    )
  }
