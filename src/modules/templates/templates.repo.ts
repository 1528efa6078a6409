import { type Kysely, type Selectable, sql } from 'kysely'
import { containing, type NamePlace } from '../../platform/db/keyset.ts'
import type { Schema } from '../../schema.ts'
import type { TemplateValues } from './render-template.ts'

export type TemplateRow = Selectable<Schema['templates']>

export interface TemplateFilter {
  q: string
  language: string | null
  /** Only templates for one of these queues, or for all; null = every template. */
  queueIds: readonly string[] | null
}

const place = sql<string>`lower(t.name) collate "C"`

function filtered(db: Kysely<Schema>, { q, language, queueIds }: TemplateFilter) {
  const text = q.trim()
  return db
    .selectFrom('templates as t')
    .selectAll('t')
    .$if(text !== '', (query) =>
      query.where((eb) =>
        eb.or([eb(sql<string>`lower(t.name)`, 'like', containing(text)), eb(sql<string>`lower(t.body)`, 'like', containing(text))]),
      ),
    )
    .$if(language !== null, (query) => query.where((eb) => eb.or([eb('t.language', 'is', null), eb('t.language', '=', language)])))
    .$if(queueIds !== null, (query) =>
      query.where(sql<boolean>`(t.queue_ids = '{}' or t.queue_ids && ${sql.val(queueIds ?? [])}::bigint[])`),
    )
}

/** A page of templates by name. */
export function listTemplates(db: Kysely<Schema>, filter: TemplateFilter, page: { after: NamePlace | null; limit: number }) {
  const { after, limit } = page
  return filtered(db, filter)
    .select(place.as('place'))
    .$if(after !== null, (query) => query.where(sql<boolean>`(${place}, t.id) > (${after?.name}, ${after?.id}::bigint)`))
    .orderBy(place)
    .orderBy('t.id')
    .limit(limit)
    .execute()
}

/** Of these templates, what the agent used last, newest first. */
export function listRecentlyUsed(db: Kysely<Schema>, filter: TemplateFilter, agentId: string, limit: number): Promise<TemplateRow[]> {
  return filtered(db, filter)
    .innerJoin('template_uses as u', 'u.template_id', 't.id')
    .where('u.agent_id', '=', agentId)
    .orderBy('u.used_at', 'desc')
    .orderBy('t.id')
    .limit(limit)
    .execute()
}

export function findTemplate(db: Kysely<Schema>, id: string): Promise<TemplateRow | undefined> {
  return db.selectFrom('templates').selectAll().where('id', '=', id).executeTakeFirst()
}

export interface TemplateFields {
  name?: string
  body?: string
  language?: string | null
  queue_ids?: string[]
}

export function insertTemplate(
  db: Kysely<Schema>,
  fields: TemplateFields & { name: string; body: string },
  now: Date,
): Promise<TemplateRow> {
  return db
    .insertInto('templates')
    .values({ language: null, ...fields, created_at: now, updated_at: now })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function updateTemplate(db: Kysely<Schema>, id: string, fields: TemplateFields, now: Date): Promise<TemplateRow | undefined> {
  return db
    .updateTable('templates')
    .set({ ...fields, updated_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

/** Answers whether it was there. */
export async function deleteTemplate(db: Kysely<Schema>, id: string): Promise<boolean> {
  return (await db.deleteFrom('templates').where('id', '=', id).executeTakeFirst()).numDeletedRows > 0n
}

/** Remembers that the agent used the template just now; nothing when it was deleted meanwhile. */
export async function noteUse(db: Kysely<Schema>, agentId: string, templateId: string, now: Date): Promise<void> {
  await db
    .insertInto('template_uses')
    .columns(['agent_id', 'template_id', 'used_at'])
    .expression((eb) =>
      eb
        .selectFrom('templates')
        .select([sql<string>`${agentId}::bigint`.as('agent_id'), 'id', sql<Date>`${now}::timestamptz`.as('used_at')])
        .where('id', '=', templateId),
    )
    .onConflict((conflict) => conflict.columns(['agent_id', 'template_id']).doUpdateSet({ used_at: now }))
    .execute()
}

/** Those of the ids that no queue has. */
export async function findUnknownQueues(db: Kysely<Schema>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('queues')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  const known = new Set(rows.map((row) => row.id))
  return ids.filter((id) => !known.has(id))
}

/** What templates show of a chat; `agentId` is who writes, null = the chat's owner. */
export async function readValues(
  db: Kysely<Schema>,
  chatId: string,
  agentId: string | null,
): Promise<{ values: TemplateValues; queueId: string } | undefined> {
  const row = await db
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .innerJoin('channels as n', 'n.id', 'c.channel_id')
    .innerJoin('queues as q', 'q.id', 'c.queue_id')
    .leftJoin('accounts as o', 'o.id', 'p.account_id')
    .leftJoin('agents as a', (join) => join.on((eb) => eb('a.id', '=', agentId === null ? eb.ref('c.agent_id') : eb.val(agentId))))
    .select([
      'p.name',
      'p.mobile_phone',
      'p.email',
      'o.name as account',
      'a.name as agent',
      'c.number',
      'c.queue_id',
      'n.name as channel',
      'q.name as queue',
    ])
    .where('c.id', '=', chatId)
    .executeTakeFirst()
  if (!row) return undefined
  const values = {
    'contact.name': row.name,
    'contact.mobilePhone': row.mobile_phone,
    'contact.email': row.email,
    'contact.account': row.account,
    'agent.name': row.agent,
    'chat.number': String(row.number),
    'channel.name': row.channel,
    'queue.name': row.queue,
  }
  return { values, queueId: row.queue_id }
}
