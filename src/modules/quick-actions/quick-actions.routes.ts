import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Chat } from '../../contracts/index.ts'
import {
  ActionList,
  ActionResult,
  ActionRun,
  QuickAction,
  QuickActionCreate,
  QuickActionList,
  QuickActionPatch,
  TaskCompletion,
  WaitingTaskList,
} from '../../contracts/index.ts'
import type { Viewer } from '../chats/index.ts'
import type { ActionRunService } from './action-runs.service.ts'
import type { QuickActionService } from './quick-actions.service.ts'

const id = Type.String({ pattern: '^[0-9]{1,18}$' })
const tags = ['Quick actions']

export interface QuickActionRouteDeps {
  actions: QuickActionService
  runs: ActionRunService
  /** The actions of a chat the agent may see. */
  listForChat(agent: Viewer, chatId: string): Promise<Chat['actions']>
}

/** Quick actions of a chat, the forms they show, and the list that administrators keep. */
export const quickActionRoutes =
  (deps: QuickActionRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { runs } = deps

    app.get(
      '/api/chats/:id/actions',
      { schema: { tags, summary: 'List the actions of a chat', params: Type.Object({ id }), response: { 200: ActionList } } },
      async (request) => ({ items: await deps.listForChat(request.agent, request.params.id) }),
    )

    app.post(
      '/api/chats/:id/actions/:actionId',
      {
        schema: {
          tags,
          summary: 'Run an action',
          params: Type.Object({ id, actionId: id }),
          body: Type.Optional(ActionRun),
          response: { 200: ActionResult },
        },
      },
      async (request) => runs.run(request.agent, request.params.id, request.params.actionId, request.body?.inputs ?? {}),
    )

    app.get(
      '/api/chats/:id/tasks',
      { schema: { tags, summary: 'List the forms that wait', params: Type.Object({ id }), response: { 200: WaitingTaskList } } },
      async (request) => ({ items: await runs.listTasks(request.agent, request.params.id) }),
    )

    app.post(
      '/api/tasks/:taskId/complete',
      {
        schema: {
          tags,
          summary: 'Submit a form',
          params: Type.Object({ taskId: Type.String({ maxLength: 300 }) }),
          body: Type.Optional(TaskCompletion),
          response: { 200: ActionResult },
        },
      },
      async (request) => runs.completeForm(request.agent, request.params.taskId, request.body?.variables ?? {}),
    )

    await app.register(administrationRoutes(deps))
  }

const administrationRoutes =
  ({ actions }: QuickActionRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const admin = { config: { role: 'admin' as const } }
    const params = Type.Object({ id })

    app.get(
      '/api/quick-actions',
      { ...admin, schema: { tags, summary: 'List the chat actions', response: { 200: QuickActionList } } },
      async () => ({ items: await actions.list() }),
    )

    app.post(
      '/api/quick-actions',
      { ...admin, schema: { tags, summary: 'Add a chat action', body: QuickActionCreate, response: { 201: QuickAction } } },
      async (request, reply) => reply.code(201).send(await actions.create(request.agent.id, request.body)),
    )

    app.patch(
      '/api/quick-actions/:id',
      { ...admin, schema: { tags, summary: 'Change a chat action', params, body: QuickActionPatch, response: { 200: QuickAction } } },
      async (request) => actions.change(request.agent.id, request.params.id, request.body),
    )

    app.delete(
      '/api/quick-actions/:id',
      { ...admin, schema: { tags, summary: 'Delete a chat action', params, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await actions.remove(request.agent.id, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
