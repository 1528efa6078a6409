import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Page, Queue, QueueCreate, QueuePatch } from '../../contracts/index.ts'
import type { QueueService } from './queues.service.ts'

export interface QueueRouteDeps {
  queues: QueueService
  /** Resolves when waiting chats have been offered anew, so that the answer tells of a change that has taken hold. */
  settled(): Promise<void>
}

const tags = ['Queues']
const Id = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })
const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
})

/** Queues: everybody may read them, administrators change them. */
export const queueRoutes =
  ({ queues, settled }: QueueRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const admin = { config: { role: 'admin' as const } }

    app.get(
      '/api/queues',
      { schema: { tags, summary: 'List queues', querystring: ListQuery, response: { 200: Page(Queue) } } },
      async (request) => {
        const { limit = 200, cursor } = request.query
        return queues.list({ limit, after: cursor ?? null })
      },
    )

    app.get('/api/queues/:id', { schema: { tags, summary: 'Get a queue', params: Id, response: { 200: Queue } } }, async (request) =>
      queues.get(request.params.id),
    )

    app.post(
      '/api/queues',
      { ...admin, schema: { tags, summary: 'Add a queue', body: QueueCreate, response: { 201: Queue } } },
      async (request, reply) => reply.code(201).send(await queues.create(request.agent.id, request.body)),
    )

    app.patch(
      '/api/queues/:id',
      { ...admin, schema: { tags, summary: 'Change a queue', params: Id, body: QueuePatch, response: { 200: Queue } } },
      async (request) => {
        const queue = await queues.change(request.agent.id, request.params.id, request.body)
        await settled()
        return queue
      },
    )

    app.delete(
      '/api/queues/:id',
      { ...admin, schema: { tags, summary: 'Delete a queue', params: Id, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await queues.remove(request.agent.id, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
