import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Channel, ChannelCreate, ChannelPatch, Page } from '../../contracts/index.ts'
import type { ChannelService } from './channels.service.ts'

const Id = Type.Object({ id: Type.String({ format: 'uuid' }) })
const tags = ['Channels']

/** Administration of channels. */
export const channelRoutes =
  ({ channels }: { channels: ChannelService }): FastifyPluginAsyncTypebox =>
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
  }
