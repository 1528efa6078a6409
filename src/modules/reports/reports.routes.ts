import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AuditEntry, Page, PageQuery, ReportOverview, ReportQuery, SearchHit } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { badRequest } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { chatsAsCsv } from './chats-csv.ts'
import { type ReportFilter, readOverview } from './overview.ts'
import { searchMessages } from './search.ts'

const dayMs = 86_400_000
const defaultDays = 30
const maxDays = 366
const tags = ['Reports']

function readFilter(query: ReportQuery, now: Date): ReportFilter {
  const to = query.to === undefined ? now : new Date(query.to)
  const from = query.from === undefined ? new Date(to.getTime() - defaultDays * dayMs) : new Date(query.from)
  if (from >= to) throw badRequest('"from" must be before "to".')
  if (to.getTime() - from.getTime() > maxDays * dayMs) throw badRequest(`A report covers at most ${maxDays} days.`)
  return { now, from, to, queueId: query.queueId ?? null, agentId: query.agentId ?? null }
}

/** Reports, the search over messages, and the audit log. */
export const reportRoutes =
  ({ database, clock }: { database: ParleyDatabase; clock: Clock }): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = database
    const supervisor = { config: { role: 'supervisor' as const } }

    app.get(
      '/api/reports/overview',
      { ...supervisor, schema: { tags, querystring: ReportQuery, response: { 200: ReportOverview } } },
      async (request) => readOverview(db, readFilter(request.query, clock.now())),
    )

    app.get('/api/reports/chats.csv', { ...supervisor, schema: { tags, querystring: ReportQuery } }, async (request, reply) => {
      const lines = chatsAsCsv(db, readFilter(request.query, clock.now()))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="chats.csv"')
        .send(Readable.from(lines))
    })

    app.get(
      '/api/search',
      {
        schema: {
          tags,
          querystring: Type.Object({ q: Type.String({ minLength: 2, maxLength: 200 }), ...PageQuery.properties }),
          response: { 200: Page(SearchHit) },
        },
      },
      async (request) => {
        const { q, limit = 50, cursor } = request.query
        const { agent } = request
        const visibleTo = agent.role === 'agent' ? { agentId: agent.id, queueIds: agent.queueIds } : null
        const items = await searchMessages(db, { q, limit, before: cursor ?? null, visibleTo })
        return { items, nextCursor: items.length === limit ? (items.at(-1)?.messageId ?? null) : null }
      },
    )

    app.get(
      '/api/audit',
      {
        config: { role: 'admin' },
        schema: {
          tags,
          querystring: Type.Object({
            ...PageQuery.properties,
            action: Type.Optional(Type.String()),
            agentId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
          }),
          response: { 200: Page(AuditEntry) },
        },
      },
      async (request) => {
        const { limit = 50, cursor, action, agentId } = request.query
        let query = db
          .selectFrom('audit_log as l')
          .leftJoin('agents as a', 'a.id', 'l.agent_id')
          .select(['l.id', 'l.at', 'l.agent_id', 'a.name as agent_name', 'l.action', 'l.subject', 'l.details'])
        if (cursor !== undefined) query = query.where('l.id', '<', cursor)
        if (action !== undefined) query = query.where('l.action', '=', action)
        if (agentId !== undefined) query = query.where('l.agent_id', '=', agentId)
        const rows = await query.orderBy('l.id', 'desc').limit(limit).execute()
        const items = rows.map((row) => ({
          id: row.id,
          at: row.at.toISOString(),
          agent: row.agent_id === null ? null : { id: row.agent_id, name: row.agent_name ?? '' },
          action: row.action,
          subject: row.subject,
          details: row.details,
        }))
        return { items, nextCursor: items.length === limit ? (items.at(-1)?.id ?? null) : null }
      },
    )
  }
