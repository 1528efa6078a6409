import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Case, CaseCreate, CaseListQuery, CasePatch, Page } from '../../contracts/index.ts'
import type { CaseService } from './cases.service.ts'

const tags = ['Cases']
const params = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })

/** Cases: every agent reads and keeps them. */
export const caseRoutes =
  (cases: CaseService): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/cases',
      { schema: { tags, summary: 'List cases', querystring: CaseListQuery, response: { 200: Page(Case) } } },
      async (request) => cases.list(request.query),
    )

    app.get('/api/cases/:id', { schema: { tags, summary: 'Get a case', params, response: { 200: Case } } }, async (request) =>
      cases.get(request.params.id),
    )

    app.post('/api/cases', { schema: { tags, summary: 'Add a case', body: CaseCreate, response: { 201: Case } } }, async (request, reply) =>
      reply.code(201).send(await cases.create(request.agent, request.body)),
    )

    app.patch(
      '/api/cases/:id',
      { schema: { tags, summary: 'Change a case', params, body: CasePatch, response: { 200: Case } } },
      async (request) => cases.change(request.agent, request.params.id, request.body),
    )
  }
