import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  ChatLink,
  ChatLinkResult,
  type ChatTile,
  ChatTile as ChatTileSchema,
  Contact,
  ContactCreate,
  ContactListQuery,
  ContactMerge,
  ContactMergeResult,
  ContactPatch,
  Page,
} from '../../contracts/index.ts'
import { accountRoutes } from './accounts.routes.ts'
import type { AccountService } from './accounts.service.ts'
import type { ContactService } from './contacts.service.ts'
import type { Linker, LinkService } from './link.service.ts'

const tags = ['Contacts']
const Id = Type.String({ pattern: '^[0-9]{1,18}$' })
const params = Type.Object({ id: Id })
const ChatsQuery = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })), cursor: Type.Optional(Id) })

export interface ContactRouteDeps {
  contacts: ContactService
  accounts: AccountService
  links: LinkService
  /** The contact's chats on all channels that the agent may see, newest first. */
  listChats(
    agent: Linker,
    contactId: string,
    page: { limit: number; before: string | undefined },
  ): Promise<{ items: ChatTile[]; nextCursor: string | null }>
}

/** Contacts: every agent reads and keeps them; supervisors join them, administrators bring removed ones back. */
export const contactRoutes =
  (deps: ContactRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { contacts } = deps

    app.get(
      '/api/contacts',
      {
        schema: {
          tags,
          summary: 'List or search contacts',
          description: 'By name. Up to two letters match the beginning of names, more of them any part of name, phone and email.',
          querystring: ContactListQuery,
          response: { 200: Page(Contact) },
        },
      },
      async (request) => contacts.list(request.query),
    )

    app.get('/api/contacts/:id', { schema: { tags, summary: 'Get a contact', params, response: { 200: Contact } } }, async (request) =>
      contacts.get(request.params.id),
    )

    app.post(
      '/api/contacts',
      { schema: { tags, summary: 'Add a contact', body: ContactCreate, response: { 201: Contact } } },
      async (request, reply) => reply.code(201).send(await contacts.create(request.agent.id, request.body)),
    )

    app.patch(
      '/api/contacts/:id',
      { schema: { tags, summary: 'Change a contact', params, body: ContactPatch, response: { 200: Contact } } },
      async (request) => contacts.change(request.agent.id, request.params.id, request.body),
    )

    app.get(
      '/api/contacts/:id/chats',
      {
        schema: { tags, summary: 'List the chats of a contact', params, querystring: ChatsQuery, response: { 200: Page(ChatTileSchema) } },
      },
      async (request) => {
        await contacts.get(request.params.id)
        const { limit = 50, cursor } = request.query
        return deps.listChats(request.agent, request.params.id, { limit, before: cursor })
      },
    )

    await app.register(moveRoutes(deps))
    await app.register(accountRoutes(deps.accounts))
  }

/** What gives chats to another contact. */
const moveRoutes =
  ({ contacts, links }: ContactRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api/contacts/:id/merge',
      {
        config: { role: 'supervisor' },
        schema: { tags, summary: 'Join a contact with another', params, body: ContactMerge, response: { 200: ContactMergeResult } },
      },
      async (request) => {
        const { intoContactId, dryRun = false } = request.body
        return contacts.merge(request.agent.id, request.params.id, intoContactId, dryRun)
      },
    )

    app.post(
      '/api/contacts/:id/restore',
      { config: { role: 'admin' }, schema: { tags, summary: 'Bring a removed contact back', params, response: { 200: Contact } } },
      async (request) => contacts.restore(request.agent.id, request.params.id),
    )

    app.post(
      '/api/chats/:id/link',
      {
        schema: {
          tags: ['Chats'],
          summary: 'Link a chat to another contact',
          description: 'Runs the process that the setting LinkContactProcess names.',
          params,
          body: ChatLink,
          response: { 200: ChatLinkResult },
        },
      },
      async (request) => links.link(request.agent, request.params.id, request.body.contactId),
    )
  }
