import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sql } from 'kysely'
import { Type } from 'typebox'
import { MessageFile, Nullable } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { ChannelDirectory } from './channel-directory.ts'

const SimulatedMessage = Type.Object({
  id: Type.String(),
  direction: Type.Union([Type.Literal('incoming'), Type.Literal('outgoing')]),
  text: Nullable(Type.String()),
  at: Type.String(),
  status: Nullable(Type.String()),
  files: Type.Array(MessageFile),
})

export interface SimulatorDeps {
  database: ParleyDatabase
  directory: ChannelDirectory
  /** Whether an agent is typing in the customer's chat right now. */
  isTyping(chatId: string): boolean
  /** Files of messages by message, with addresses the customer may open. */
  filesOf(messageIds: readonly string[]): Promise<Map<string, MessageFile[]>>
}

/** The customer's side of Simulator channels: open to anybody, which the administrator is told. */
export const simulatorRoutes =
  ({ database, directory, isTyping, filesOf }: SimulatorDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const config = { public: true }

    app.get(
      '/webhooks/simulator',
      {
        config,
        schema: {
          hide: true,
          response: { 200: Type.Object({ channels: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })) }) },
        },
      },
      async () => ({
        channels: await database.db
          .selectFrom('channels')
          .select(['id', 'name'])
          .where('kind', '=', 'simulator')
          .where('enabled', '=', true)
          .orderBy('created_at')
          .execute(),
      }),
    )

    app.get(
      '/webhooks/simulator/:channelId/messages',
      {
        config,
        schema: {
          hide: true,
          params: Type.Object({ channelId: Type.String() }),
          querystring: Type.Object({ from: Type.String({ minLength: 1, maxLength: 200 }) }),
          response: { 200: Type.Object({ items: Type.Array(SimulatedMessage), typing: Type.Boolean() }) },
        },
      },
      async (request) => {
        const channel = await directory.find(request.params.channelId)
        if (channel?.account.kind !== 'simulator' || !channel.enabled) throw notFound(`Simulator channel ${request.params.channelId}`)
        const rows = await database.db
          .selectFrom('contact_identities as i')
          .innerJoin('chats as c', (join) => join.onRef('c.contact_id', '=', 'i.contact_id').on('c.channel_id', '=', channel.account.id))
          .innerJoin('messages as m', 'm.chat_id', 'c.id')
          // The customer reads what was delivered: the translation of a reply.
          .leftJoin('message_translations as tr', 'tr.message_id', 'm.id')
          .select([
            'm.id',
            'm.chat_id',
            'm.direction',
            sql<string | null>`coalesce(case when m.direction = 'outgoing' then tr.text end, m.text)`.as('text'),
            'm.at',
            'm.status',
          ])
          .where('i.namespace', '=', `simulator:${channel.account.id}`)
          .where('i.external_id', '=', request.query.from)
          .where('m.direction', 'in', ['incoming', 'outgoing'])
          // What is still on its way, or was refused, has not reached the customer.
          .where((eb) => eb.or([eb('m.status', 'is', null), eb('m.status', 'not in', ['sending', 'failed'])]))
          .orderBy('m.id', 'desc')
          .limit(200)
          .execute()
        const files = await filesOf(rows.map((row) => row.id))
        const items = rows.reverse().map((row) => ({
          id: row.id,
          direction: row.direction as 'incoming' | 'outgoing',
          text: row.text,
          at: row.at.toISOString(),
          status: row.status,
          files: files.get(row.id) ?? [],
        }))
        const last = rows.at(-1)
        return { items, typing: last !== undefined && isTyping(last.chat_id) }
      },
    )
  }
