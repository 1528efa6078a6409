import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Account, AccountWrite, NameListQuery, Page } from '../../contracts/index.ts'
import type { AccountService } from './accounts.service.ts'

const tags = ['Accounts']
const params = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })

/** Accounts: every agent reads and keeps them. */
export const accountRoutes =
  (accounts: AccountService): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/accounts',
      { schema: { tags, summary: 'List accounts', querystring: NameListQuery, response: { 200: Page(Account) } } },
      async (request) => accounts.list(request.query),
    )

    app.get('/api/accounts/:id', { schema: { tags, summary: 'Get an account', params, response: { 200: Account } } }, async (request) =>
      accounts.get(request.params.id),
    )

    app.post(
      '/api/accounts',
      { schema: { tags, summary: 'Add an account', body: AccountWrite, response: { 201: Account } } },
      async (request, reply) => reply.code(201).send(await accounts.create(request.body.name)),
    )

    app.patch(
      '/api/accounts/:id',
      { schema: { tags, summary: 'Change an account', params, body: AccountWrite, response: { 200: Account } } },
      async (request) => accounts.rename(request.params.id, request.body.name),
    )
  }
