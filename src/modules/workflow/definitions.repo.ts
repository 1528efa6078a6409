import { type Kysely, sql } from 'kysely'
import type { CompiledDefinition, Problem } from '../../engine/index.ts'
import type { Schema } from '../../schema.ts'

export interface NewVersion {
  key: string
  name: string
  xml: string
  forms: Record<string, unknown>
  scenarios: unknown[]
  scenariosShipped: boolean
  checksum: string
  compiled: CompiledDefinition
  problems: Problem[]
  authorId: string | null
  comment: string | null
  now: Date
}

/** Makes the definition row when it is new and locks it, so that version numbers have no gaps and no twins. */
export async function lockDefinition(db: Kysely<Schema>, key: string, name: string, shipped: boolean, now: Date) {
  await db
    .insertInto('process_definitions')
    .values({ key, name, shipped, created_at: now, active_version: null })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  return db.selectFrom('process_definitions').selectAll().where('key', '=', key).forUpdate().executeTakeFirstOrThrow()
}

export async function insertVersion(db: Kysely<Schema>, version: NewVersion): Promise<number> {
  const row = await db
    .insertInto('process_versions')
    .values((eb) => ({
      key: version.key,
      version: eb
        .selectFrom('process_versions as v')
        .select((v) => sql<number>`${v.fn.coalesce(v.fn.max('v.version'), sql.lit(0))} + 1`.as('next'))
        .where('v.key', '=', version.key),
      name: version.name,
      xml: version.xml,
      forms: JSON.stringify(version.forms),
      scenarios: JSON.stringify(version.scenarios),
      scenarios_shipped: version.scenariosShipped,
      checksum: version.checksum,
      compiled: JSON.stringify(version.compiled),
      problems: JSON.stringify(version.problems),
      author_id: version.authorId,
      comment: version.comment,
      activated_at: null,
      created_at: version.now,
    }))
    .returning('version')
    .executeTakeFirstOrThrow()
  return row.version
}

export function findVersion(db: Kysely<Schema>, key: string, version: number) {
  return db.selectFrom('process_versions').selectAll().where('key', '=', key).where('version', '=', version).executeTakeFirst()
}

/** Moves the active pointer and the event subscriptions that go with it. `version` null deactivates. */
export async function setActive(
  db: Kysely<Schema>,
  key: string,
  version: number | null,
  compiled: CompiledDefinition | null,
  now: Date,
): Promise<void> {
  await db.deleteFrom('process_starts').where('key', '=', key).execute()
  const starts = (compiled?.starts ?? []).flatMap((start) =>
    start.kind === 'message' && start.eventName ? [{ key, element_id: start.elementId, event_name: start.eventName }] : [],
  )
  if (starts.length > 0) await db.insertInto('process_starts').values(starts).execute()
  await db
    .updateTable('process_definitions')
    .set({ active_version: version, ...(compiled ? { name: compiled.name } : {}) })
    .where('key', '=', key)
    .execute()
  if (version !== null) {
    await db.updateTable('process_versions').set({ activated_at: now }).where('key', '=', key).where('version', '=', version).execute()
  }
}

/** All definitions with their counts, one statement. */
export function listDefinitions(db: Kysely<Schema>, key?: string) {
  return db
    .selectFrom('process_definitions as d')
    .select((eb) => [
      'd.key',
      'd.name',
      'd.active_version',
      'd.shipped',
      eb
        .selectFrom('process_versions as v')
        .select((v) => v.fn.max('v.version').as('m'))
        .whereRef('v.key', '=', 'd.key')
        .as('latest_version'),
      eb
        .selectFrom('process_instances as i')
        .select((i) => i.fn.countAll<string>().as('c'))
        .whereRef('i.key', '=', 'd.key')
        .where('i.state', 'in', ['running', 'incident'])
        .as('running_instances'),
      eb
        .selectFrom('process_incidents as n')
        .innerJoin('process_instances as i', 'i.id', 'n.instance_id')
        .select((n) => n.fn.countAll<string>().as('c'))
        .whereRef('i.key', '=', 'd.key')
        .where('n.resolved_at', 'is', null)
        .as('open_incidents'),
    ])
    .$if(key !== undefined, (query) => query.where('d.key', '=', key ?? ''))
    .orderBy('d.key')
    .execute()
}

export function listVersions(db: Kysely<Schema>, key: string) {
  return db
    .selectFrom('process_versions as v')
    .leftJoin('agents as a', 'a.id', 'v.author_id')
    .select([
      'v.key',
      'v.version',
      'v.name',
      'v.checksum',
      'v.comment',
      'v.created_at',
      'v.activated_at',
      'v.problems',
      'v.author_id',
      'a.name as author_name',
    ])
    .where('v.key', '=', key)
    .orderBy('v.version', 'desc')
    .execute()
}
