import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ChatProcess as ChatProcessView } from '../../contracts/index.ts'
import {
  ChatAnswer,
  ChatEnvelope,
  ChatListQuery,
  ChatPatch,
  ChatProcess,
  ChatTile,
  Decline,
  DraftPut,
  Inbox,
  Message,
  MessageEnvelope,
  MessageListQuery,
  MessageSend,
  Page,
  ReadPut,
  Transfer,
  TransferResult,
  TransferTargets,
} from '../../contracts/index.ts'
import type { ChatService } from './chats.service.ts'
import type { ReplyService } from './replies.service.ts'

export interface ChatRouteDeps {
  chats: ChatService
  replies: ReplyService
  /** Instances, log and routing decisions of a chat. */
  explain(chatId: string): Promise<ChatProcessView>
  transferTargets(chatId: string, agentId: string): Promise<import('../../contracts/index.ts').TransferTargets>
  transferWarnings(target: { agentId: string | null; queueId: string | null }): Promise<string[]>
  typing(chatId: string, agent: { id: string; name: string }): void
}

const Id = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })
const tags = ['Chats']

/** The agent's inbox and what an agent does with a chat. */
export const chatRoutes =
  ({ chats, replies, explain, transferTargets, transferWarnings, typing }: ChatRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/api/inbox', { schema: { tags, response: { 200: Inbox } } }, async (request) => chats.inbox(request.agent))

    app.get('/api/chats', { schema: { tags, querystring: ChatListQuery, response: { 200: Page(ChatTile) } } }, async (request) => {
      const { cursor, limit = 50, ...filter } = request.query
      return chats.list(request.agent, { ...filter, limit, before: cursor })
    })

    app.get('/api/chats/:id', { schema: { tags, params: Id, response: { 200: ChatAnswer } } }, async (request) => {
      const chat = await chats.get(request.agent, request.params.id)
      return { ...chat, chat }
    })

    app.patch('/api/chats/:id', { schema: { tags, params: Id, body: ChatPatch, response: { 200: ChatEnvelope } } }, async (request) => ({
      chat: await chats.patch(request.agent, request.params.id, request.body),
    }))

    app.get(
      '/api/chats/:id/messages',
      { schema: { tags, params: Id, querystring: MessageListQuery, response: { 200: Page(Message) } } },
      async (request) => chats.messages(request.agent, request.params.id, request.query),
    )

    app.post('/api/chats/:id/accept', { schema: { tags, params: Id, response: { 200: ChatEnvelope } } }, async (request) => ({
      chat: await chats.accept(request.agent, request.params.id),
    }))

    app.post(
      '/api/chats/:id/decline',
      { schema: { tags, params: Id, body: Type.Optional(Decline), response: { 200: ChatEnvelope } } },
      async (request) => ({
        chat: await chats.decline(request.agent, request.params.id, request.body?.reason ?? null),
      }),
    )

    app.post('/api/chats/:id/complete', { schema: { tags, params: Id, response: { 200: ChatEnvelope } } }, async (request) => ({
      chat: await chats.complete(request.agent, request.params.id),
    }))

    app.get('/api/chats/:id/transfer-targets', { schema: { tags, params: Id, response: { 200: TransferTargets } } }, async (request) => {
      await chats.assertVisible(request.agent, request.params.id)
      return transferTargets(request.params.id, request.agent.id)
    })

    app.post(
      '/api/chats/:id/transfer',
      { schema: { tags, params: Id, body: Transfer, response: { 200: TransferResult } } },
      async (request) => {
        const target = { agentId: request.body.agentId ?? null, queueId: request.body.queueId ?? null }
        const warnings = await transferWarnings(target)
        const result = await chats.transfer(request.agent, request.params.id, { ...target, note: request.body.note ?? null })
        return { ...result, warnings }
      },
    )

    app.post('/api/chats/:id/read', { schema: { tags, params: Id, body: ReadPut, response: { 200: ChatEnvelope } } }, async (request) => ({
      chat: await chats.read(request.agent, request.params.id, request.body.seq),
    }))

    app.post(
      '/api/chats/:id/messages',
      { schema: { tags, params: Id, body: MessageSend, response: { 200: MessageEnvelope, 201: MessageEnvelope } } },
      async (request, reply) => {
        const { text, fileIds, templateId, clientId, note, translate } = request.body
        const { message, created } = await replies.send(request.agent, request.params.id, {
          text: text ?? null,
          fileIds: fileIds ?? [],
          templateId: templateId ?? null,
          clientId: clientId ?? null,
          note: note ?? false,
          translate: translate ?? true,
        })
        return reply.code(created ? 201 : 200).send({ message })
      },
    )

    app.post('/api/messages/:id/retry', { schema: { tags, params: Id, response: { 200: MessageEnvelope } } }, async (request) => ({
      message: await replies.retry(request.agent, request.params.id),
    }))

    app.put(
      '/api/chats/:id/draft',
      { schema: { tags, params: Id, body: DraftPut, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await replies.saveDraft(request.agent, request.params.id, { text: request.body.text, fileIds: request.body.fileIds ?? [] })
        return reply.code(204).send(null)
      },
    )

    app.post('/api/chats/:id/typing', { schema: { tags, params: Id, response: { 204: Type.Null() } } }, async (request, reply) => {
      await chats.assertVisible(request.agent, request.params.id)
      typing(request.params.id, request.agent)
      return reply.code(204).send(null)
    })

    app.get('/api/chats/:id/process', { schema: { tags, params: Id, response: { 200: ChatProcess } } }, async (request) => {
      await chats.assertVisible(request.agent, request.params.id)
      return explain(request.params.id)
    })
  }
