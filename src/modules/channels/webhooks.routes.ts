import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Counter } from 'prom-client'
import { sqlState } from '../../platform/db/database.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import { rawBody } from '../../platform/http/raw-body.ts'
import { type InboundEvent, MalformedPayload, type WebhookRequest } from './adapters/adapter.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import type { InboundDispatcher } from './inbound-dispatcher.ts'
import { storable } from './storable.ts'

export interface WebhookRouteDeps {
  directory: ChannelDirectory
  inbound: InboundDispatcher
  counters: { refused: Counter<'kind'>; events: Counter<'kind' | 'event'> }
  /** A verified webhook of the channel came in. */
  heard(channelId: string): void
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
  ({ directory, inbound, counters, heard }: WebhookRouteDeps): FastifyPluginAsync =>
  async (app) => {
    await app.register(rawBody)

    const channelOf = async (request: FastifyRequest): Promise<KnownChannel> => {
      const { kind, channelId } = request.params as { kind: string; channelId: string }
      const channel = await directory.find(channelId)
      if (!channel?.enabled || channel.account.kind !== kind) throw notFound(`Channel ${channelId}`)
      return channel
    }

    const take = async (channel: KnownChannel, received: WebhookRequest): Promise<void> => {
      let failure: unknown
      for (const event of storable(parse(channel, received))) {
        counters.events.inc({ kind: channel.account.kind, event: event.kind })
        try {
          await inbound.handle(channel, event, received)
        } catch (error) {
          // The rest of a batch does not wait for one event; the provider brings the batch again, and finds the rest done.
          if (isPoison(error)) app.log.error({ err: error, channelId: channel.account.id, event: event.kind }, 'An event cannot be stored')
          else failure ??= error
        }
      }
      if (failure !== undefined) throw failure
    }

    const receive = async (request: FastifyRequest, reply: FastifyReply) => {
      const channel = await channelOf(request)
      const { adapter, account } = channel
      const received = webhookRequest(request)
      const verification = adapter.verify(received, account)
      if (!verification.ok) {
        counters.refused.inc({ kind: account.kind })
        throw new AppError('WEBHOOK_REFUSED', verification.status, verification.reason)
      }
      await take(channel, received)
      heard(account.id)
      const answer = adapter.respond()
      return reply.code(answer.status).type(answer.contentType).send(answer.body)
    }

    const config = { public: true }
    const schema = { hide: true }
    app.get('/webhooks/:kind/:channelId', { config, schema }, async (request, reply) => {
      const channel = await channelOf(request)
      // Twilio may be told to send its webhooks by GET.
      if (!channel.adapter.handshake) return receive(request, reply)
      const answer = channel.adapter.handshake(request.query as Record<string, string>, channel.account)
      return reply.code(answer.status).type(answer.contentType).send(answer.body)
    })
    app.post('/webhooks/:kind/:channelId', { config, schema }, receive)
    app.get('/webhooks/:kind/:channelId/status', { config, schema }, receive)
    app.post('/webhooks/:kind/:channelId/status', { config, schema }, receive)
  }

function parse({ adapter, account }: KnownChannel, received: WebhookRequest): InboundEvent[] {
  try {
    return adapter.parse(received, account)
  } catch (error) {
    if (error instanceof MalformedPayload) throw new AppError('MALFORMED_PAYLOAD', 400, error.message)
    throw error
  }
}

/** Whether the data itself is the trouble (SQLSTATE class 22), so that the provider would bring it again and again in vain. */
function isPoison(error: unknown): boolean {
  return sqlState(error)?.startsWith('22') === true
}
