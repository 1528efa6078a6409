import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Channel, ChannelCreate, ChannelHealthReport, ChannelPatch, DeliveryAttempt, Page } from '../../contracts/index.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { chatOfMessage, listAttempts } from './attempts.ts'
import type { ChannelService } from './channels.service.ts'

const Id = Type.Object({ id: Type.String({ format: 'uuid' }) })
const MessageId = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })
const tags = ['Channels']

export interface ChannelRouteDeps {
  channels: ChannelService
  database: ParleyDatabase
  /** @throws AppError 404 when the chat is none of this agent's business */
  assertVisible(agent: FastifyRequest['agent'], chatId: string): Promise<void>
}

/** Administration of channels, and what became of messages on their way. */
export const channelRoutes =
  ({ channels, database, assertVisible }: ChannelRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const config = { role: 'admin' as const }
    app.get('/api/channels', { config, schema: { tags, response: { 200: Page(Channel) } } }, async () => ({
      items: await channels.list(),
      nextCursor: null,
    }))
    app.post('/api/channels', { config, schema: { tags, body: ChannelCreate, response: { 201: Channel } } }, async (request, reply) =>
      reply.code(201).send(await channels.create(request.body, request.agent.id)),
    )
    app.get('/api/channels/:id', { config, schema: { tags, params: Id, response: { 200: Channel } } }, async (request) =>
      channels.get(request.params.id),
    )
    app.patch(
      '/api/channels/:id',
      { config, schema: { tags, params: Id, body: ChannelPatch, response: { 200: Channel } } },
      async (request) => channels.patch(request.params.id, request.body, request.agent.id),
    )
    app.delete('/api/channels/:id', { config, schema: { tags, params: Id, response: { 204: Type.Null() } } }, async (request, reply) => {
      await channels.remove(request.params.id, request.agent.id)
      return reply.code(204).send(null)
    })
    app.get('/api/channels/:id/health', { config, schema: { tags, params: Id, response: { 200: ChannelHealthReport } } }, async (request) =>
      channels.health(request.params.id),
    )
    app.post('/api/channels/:id/test', { config, schema: { tags, params: Id, response: { 200: ChannelHealthReport } } }, async (request) =>
      channels.health(request.params.id),
    )
    app.get(
      '/api/messages/:id/attempts',
      { schema: { tags: ['Chats'], params: MessageId, response: { 200: Page(DeliveryAttempt) } } },
      async (request) => {
        await assertVisible(request.agent, await chatOfMessage(database.db, request.params.id))
        return { items: await listAttempts(database.db, request.params.id), nextCursor: null }
      },
    )
  }
