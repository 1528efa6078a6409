import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  Template,
  TemplateCreate,
  TemplateList,
  TemplateListQuery,
  TemplatePatch,
  TemplateRender,
  TemplateText,
} from '../../contracts/index.ts'
import type { TemplateService } from './templates.service.ts'

const tags = ['Templates']
const params = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })

/** Message templates: every agent uses them, administrators keep them. */
export const templateRoutes =
  (templates: TemplateService): FastifyPluginAsyncTypebox =>
  async (app) => {
    const admin = { config: { role: 'admin' as const } }

    app.get(
      '/api/templates',
      { schema: { tags, summary: 'Find templates', querystring: TemplateListQuery, response: { 200: TemplateList } } },
      async (request) => templates.list(request.agent, request.query),
    )

    app.post(
      '/api/templates',
      { ...admin, schema: { tags, summary: 'Add a template', body: TemplateCreate, response: { 201: Template } } },
      async (request, reply) => reply.code(201).send(await templates.create(request.agent.id, request.body)),
    )

    app.patch(
      '/api/templates/:id',
      { ...admin, schema: { tags, summary: 'Change a template', params, body: TemplatePatch, response: { 200: Template } } },
      async (request) => templates.change(request.agent.id, request.params.id, request.body),
    )

    app.delete(
      '/api/templates/:id',
      { ...admin, schema: { tags, summary: 'Delete a template', params, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await templates.remove(request.agent.id, request.params.id)
        return reply.code(204).send(null)
      },
    )

    app.post(
      '/api/templates/:id/render',
      {
        schema: {
          tags,
          summary: 'Select a template for a chat',
          description: 'Answers its text for the chat; the template is among the recently used of the agent from then on.',
          params,
          body: TemplateRender,
          response: { 200: TemplateText },
        },
      },
      async (request) => ({ text: await templates.render(request.agent, request.params.id, request.body.chatId) }),
    )
  }
