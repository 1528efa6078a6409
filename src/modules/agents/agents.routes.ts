import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Agent as AgentType } from '../../contracts/agents.ts'
import {
  Agent,
  AgentAnswer,
  AgentCreate,
  AgentEnvelope,
  AgentName,
  AgentPatch,
  ApiToken,
  ApiTokenCreate,
  ApiTokenCreated,
  Login,
  SessionPatch,
  StatusChange,
} from '../../contracts/agents.ts'
import { IdParams, Page, PageQuery } from '../../contracts/common.ts'
import type { AgentService } from './agents.service.ts'
import { clearSessionCookie, hasRole, sessionTokenOf, setSessionCookie } from './authenticate.ts'

export interface AgentRoutesOptions {
  agents: AgentService
  publicUrl: string
}

const NoContent = Type.Null({ description: 'Done' })

/** Routes of the session, of agents and of API tokens. */
export function agentRoutes(options: AgentRoutesOptions): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(sessionRoutes(options))
    await app.register(accountRoutes(options))
    await app.register(tokenRoutes(options))
  }
}

function sessionRoutes({ agents, publicUrl }: AgentRoutesOptions): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['Session']

    app.post(
      '/api/session',
      { config: { public: true }, schema: { tags, summary: 'Log in', body: Login, response: { 200: AgentEnvelope } } },
      async (request, reply) => {
        const { agent, token } = await agents.logIn(request.body, { address: request.ip, token: sessionTokenOf(request) })
        setSessionCookie(reply, token, publicUrl)
        return { agent }
      },
    )

    app.get('/api/session', { schema: { tags, summary: 'Who is logged in', response: { 200: AgentEnvelope } } }, async (request) => ({
      agent: await agents.getAgent(request.agent.id),
    }))

    app.delete(
      '/api/session',
      { schema: { tags, summary: 'Log out', description: 'The agent becomes inactive.', response: { 204: NoContent } } },
      async (request, reply) => {
        await agents.logOut(request.agent)
        clearSessionCookie(reply, publicUrl)
        return reply.code(204).send(null)
      },
    )

    app.patch(
      '/api/session',
      { schema: { tags, summary: 'Change own settings', body: SessionPatch, response: { 200: AgentEnvelope } } },
      async (request) => ({ agent: await agents.changeOwnSettings(request.agent, request.body) }),
    )

    app.put(
      '/api/session/status',
      { schema: { tags, summary: 'Become active or inactive', body: StatusChange, response: { 200: AgentEnvelope } } },
      async (request) => ({ agent: await agents.changeOwnStatus(request.agent, request.body.status) }),
    )
  }
}

function accountRoutes({ agents }: AgentRoutesOptions): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['Agents']

    app.get(
      '/api/agents',
      {
        schema: {
          tags,
          summary: 'List agents',
          description: 'Agents without a further role get names and status only.',
          querystring: PageQuery,
          response: { 200: Type.Union([Page(Agent), Page(AgentName)]) },
        },
      },
      async (request) => {
        const page = await agents.listAgents(request.query)
        if (hasRole(request.agent, 'supervisor')) return page
        return { items: page.items.map(({ id, name, status }) => ({ id, name, status })), nextCursor: page.nextCursor }
      },
    )

    app.post(
      '/api/agents',
      { config: { role: 'admin' }, schema: { tags, summary: 'Add an agent', body: AgentCreate, response: { 201: AgentAnswer } } },
      async (request, reply) => reply.code(201).send(answer(await agents.createAgent(request.agent, request.body))),
    )

    app.get(
      '/api/agents/:id',
      { config: { role: 'supervisor' }, schema: { tags, summary: 'Get an agent', params: IdParams, response: { 200: AgentAnswer } } },
      async (request) => answer(await agents.getAgent(request.params.id)),
    )

    app.patch(
      '/api/agents/:id',
      {
        config: { role: 'admin' },
        schema: { tags, summary: 'Change an agent', params: IdParams, body: AgentPatch, response: { 200: AgentAnswer } },
      },
      async (request) => answer(await agents.changeAgent(request.agent, request.params.id, request.body)),
    )

    app.delete(
      '/api/agents/:id',
      { config: { role: 'admin' }, schema: { tags, summary: 'Delete an agent', params: IdParams, response: { 204: NoContent } } },
      async (request, reply) => {
        await agents.deleteAgent(request.agent, request.params.id)
        return reply.code(204).send(null)
      },
    )

    app.put(
      '/api/agents/:id/status',
      {
        config: { role: 'supervisor' },
        schema: {
          tags,
          summary: 'Make an agent active or inactive',
          params: IdParams,
          body: StatusChange,
          response: { 200: AgentEnvelope },
        },
      },
      async (request) => ({ agent: await agents.setStatusOf(request.agent, request.params.id, request.body.status) }),
    )
  }
}

function tokenRoutes({ agents }: AgentRoutesOptions): FastifyPluginAsyncTypebox {
  return async (app) => {
    const tags = ['API tokens']

    app.get(
      '/api/tokens',
      { schema: { tags, summary: 'List own API tokens', querystring: PageQuery, response: { 200: Page(ApiToken) } } },
      async (request) => agents.listTokens(request.agent, request.query),
    )

    app.post(
      '/api/tokens',
      {
        config: { secretAnswer: true },
        schema: { tags, summary: 'Make an API token', body: ApiTokenCreate, response: { 201: ApiTokenCreated } },
      },
      async (request, reply) => reply.code(201).send(await agents.createToken(request.agent, request.body.name)),
    )

    app.delete(
      '/api/tokens/:id',
      { schema: { tags, summary: 'Delete an own API token', params: IdParams, response: { 204: NoContent } } },
      async (request, reply) => {
        await agents.deleteToken(request.agent, request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}

const answer = (agent: AgentType) => ({ ...agent, agent })
