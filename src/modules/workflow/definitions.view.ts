import type { Kysely } from 'kysely'
import type { Process, ProcessDetail, ProcessVersion } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'
import { listDefinitions, listVersions } from './definitions.repo.ts'

type DefinitionRow = Awaited<ReturnType<typeof listDefinitions>>[number]

const summary = (row: DefinitionRow): Process => ({
  key: row.key,
  name: row.name,
  activeVersion: row.active_version,
  latestVersion: row.latest_version ?? 0,
  shipped: row.shipped,
  runningInstances: Number(row.running_instances ?? 0),
  openIncidents: Number(row.open_incidents ?? 0),
})

/** All processes with their counts. */
export async function listProcesses(db: Kysely<Schema>): Promise<Process[]> {
  return (await listDefinitions(db)).map(summary)
}

/** One process with its versions, newest first; undefined when there is none. */
export async function describeProcess(db: Kysely<Schema>, key: string): Promise<ProcessDetail | undefined> {
  const [row] = await listDefinitions(db, key)
  if (!row) return undefined
  const versions = (await listVersions(db, key)).map((version): ProcessVersion => {
    const state = version.version === row.active_version ? 'active' : version.activated_at === null ? 'draft' : 'superseded'
    return {
      key,
      version: version.version,
      name: version.name,
      state,
      checksum: version.checksum,
      comment: version.comment,
      author: version.author_id === null ? null : { id: version.author_id, name: version.author_name ?? '' },
      createdAt: version.created_at.toISOString(),
      problems: version.problems as ProcessVersion['problems'],
    }
  })
  return { ...summary(row), versions }
}
