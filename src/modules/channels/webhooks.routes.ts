import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Counter } from 'prom-client'
import { AppError, notFound } from '../../platform/errors.ts'
import { rawBody } from '../../platform/http/raw-body.ts'
import { MalformedPayload, type WebhookRequest } from './adapters/adapter.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import type { InboundDispatcher } from './inbound-dispatcher.ts'

export interface WebhookRouteDeps {
  directory: ChannelDirectory
  inbound: InboundDispatcher
  counters: { refused: Counter<'kind'>; events: Counter<'kind' | 'event'> }
}

function webhookRequest(request: FastifyRequest): WebhookRequest {
  return {
    method: request.method,
    url: request.raw.url ?? request.url,
    headers: request.headers,
    rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    query: request.query as Record<string, string>,
  }
}

/** Where providers post: verify over the raw bytes, commit event by event, answer after the last commit. */
export const webhookRoutes =
  ({ directory, inbound, counters }: WebhookRouteDeps): FastifyPluginAsync =>
  async (app) => {
    await app.register(rawBody)

    const channelOf = async (request: FastifyRequest): Promise<KnownChannel> => {
      const { kind, channelId } = request.params as { kind: string; channelId: string }
      const channel = await directory.find(channelId)
      if (!channel?.enabled || channel.account.kind !== kind) throw notFound(`Channel ${channelId}`)
      return channel
    }

    const config = { public: true }
    app.get('/webhooks/:kind/:channelId', { config, schema: { hide: true } }, async (request, reply) => {
      const channel = await channelOf(request)
      if (!channel.adapter.handshake) throw notFound('This address')
      const answer = channel.adapter.handshake(request.query as Record<string, string>, channel.account)
      return reply.code(answer.status).type(answer.contentType).send(answer.body)
    })

    const receive = async (
      request: FastifyRequest,
      reply: { code(status: number): { type(contentType: string): { send(body: string): unknown } } },
    ) => {
      const channel = await channelOf(request)
      const { adapter, account } = channel
      const received = webhookRequest(request)
      const verification = adapter.verify(received, account)
      if (!verification.ok) {
        counters.refused.inc({ kind: account.kind })
        throw new AppError('WEBHOOK_REFUSED', verification.status, verification.reason)
      }
      try {
        for (const event of adapter.parse(received, account)) {
          counters.events.inc({ kind: account.kind, event: event.kind })
          await inbound.handle(channel, event)
        }
      } catch (error) {
        if (error instanceof MalformedPayload) throw new AppError('MALFORMED_PAYLOAD', 400, error.message)
        throw error
      }
      const answer = adapter.respond()
      return reply.code(answer.status).type(answer.contentType).send(answer.body)
    }
    app.post('/webhooks/:kind/:channelId', { config, schema: { hide: true } }, receive)
    app.post('/webhooks/:kind/:channelId/status', { config, schema: { hide: true } }, receive)
  }
