import { type Kysely, type Selectable, sql } from 'kysely'
import type { Schema } from '../../schema.ts'

type ActionRow = Selectable<Schema['quick_actions']>

/** The actions that a chat of the queue offers: enabled ones with an active process, in their order. */
export function listOffered(db: Kysely<Schema>, queueId: string) {
  return db
    .selectFrom('quick_actions as a')
    .innerJoin('process_definitions as d', 'd.key', 'a.process_key')
    .select(['a.id', 'a.caption', 'a.icon', 'a.process_key', 'd.active_version'])
    .where('a.enabled', '=', true)
    .where('d.active_version', 'is not', null)
    .where((eb) => eb.or([eb('a.queue_ids', '=', sql<string[]>`'{}'`), eb(sql`${queueId}::bigint`, '=', sql`any (a.queue_ids)`)]))
    .orderBy('a.position')
    .orderBy('a.id')
    .execute()
}

/** Every action, in their order. */
export function listActions(db: Kysely<Schema>): Promise<ActionRow[]> {
  return db.selectFrom('quick_actions').selectAll().orderBy('position').orderBy('id').execute()
}

export function findAction(db: Kysely<Schema>, id: string): Promise<ActionRow | undefined> {
  return db.selectFrom('quick_actions').selectAll().where('id', '=', id).executeTakeFirst()
}

export interface ActionFields {
  caption?: string | undefined
  icon?: string | null | undefined
  processKey?: string | undefined
  queueIds?: string[] | undefined
  order?: number | undefined
  enabled?: boolean | undefined
}

const columnsOf = ({ caption, icon, processKey, queueIds, order, enabled }: ActionFields) => ({
  ...(caption === undefined ? {} : { caption }),
  ...(icon === undefined ? {} : { icon }),
  ...(processKey === undefined ? {} : { process_key: processKey }),
  ...(queueIds === undefined ? {} : { queue_ids: queueIds }),
  ...(order === undefined ? {} : { position: order }),
  ...(enabled === undefined ? {} : { enabled }),
})

export function insertAction(db: Kysely<Schema>, fields: ActionFields & { caption: string; processKey: string }): Promise<ActionRow> {
  return db
    .insertInto('quick_actions')
    .values({ ...columnsOf(fields), caption: fields.caption, process_key: fields.processKey, icon: fields.icon ?? null })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function updateAction(db: Kysely<Schema>, id: string, fields: ActionFields): Promise<ActionRow | undefined> {
  return db.updateTable('quick_actions').set(columnsOf(fields)).where('id', '=', id).returningAll().executeTakeFirst()
}

/** Answers whether it was there. */
export async function deleteAction(db: Kysely<Schema>, id: string): Promise<boolean> {
  return (await db.deleteFrom('quick_actions').where('id', '=', id).executeTakeFirst()).numDeletedRows > 0n
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

/** The active version's number, with what of it decides whether and how it can be started. */
export async function findActiveProcess(db: Kysely<Schema>, key: string) {
  return db
    .selectFrom('process_definitions as d')
    .leftJoin('process_versions as v', (join) => join.onRef('v.key', '=', 'd.key').onRef('v.version', '=', 'd.active_version'))
    .select(['d.key', 'd.name', 'd.active_version as version', sql<{ kind: string }[] | null>`v.compiled -> 'starts'`.as('starts')])
    .where('d.key', '=', key)
    .executeTakeFirst()
}

export async function readVersion(db: Kysely<Schema>, key: string, version: number) {
  return db
    .selectFrom('process_versions')
    .select(['compiled', 'forms'])
    .where('key', '=', key)
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
}
