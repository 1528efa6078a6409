import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Translation, TranslationPanel, TranslationPut } from '../../contracts/index.ts'
import type { Viewer } from '../chats/index.ts'
import type { TranslationService } from './translation.service.ts'

const Id = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })
const tags = ['Translation']

export interface TranslationRouteDeps {
  translation: TranslationService
  /** @throws AppError 404 when the agent may not see the chat */
  assertVisible(agent: Viewer, chatId: string): Promise<void>
  /** @throws AppError 404, 403 NOT_OWNER, 409 CHAT_COMPLETED: translating a chat changes what its customer reads */
  assertMayAct(agent: Viewer, chatId: string): Promise<void>
}

/** The translation panel of a chat. */
export const translationRoutes =
  ({ translation, assertVisible, assertMayAct }: TranslationRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/api/chats/:id/translation', { schema: { tags, params: Id, response: { 200: TranslationPanel } } }, async (request) => {
      await assertVisible(request.agent, request.params.id)
      return translation.panel(request.params.id, request.agent.language)
    })

    app.put(
      '/api/chats/:id/translation',
      { schema: { tags, params: Id, body: TranslationPut, response: { 200: Type.Object({ translation: Translation }) } } },
      async (request) => {
        await assertMayAct(request.agent, request.params.id)
        return { translation: await translation.set(request.params.id, request.agent.language, request.body) }
      },
    )
  }
