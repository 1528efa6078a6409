import { type Kysely, sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { InboundFile } from '../channels/index.ts'
import type { FileRow } from './files.repo.ts'

/**
 * Takes a file that is due to be fetched, for as long as `until`; undefined when it is not waited for or somebody else
 * fetches it.
 */
export async function claimFile(work: ParleyWork, id: string, until: Date): Promise<FileRow | undefined> {
  return work.trx
    .updateTable('files')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), next_attempt_at: until }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', work.now)
    .returningAll()
    .executeTakeFirst()
}

/** A picture of a contact, to be fetched: a file without a message. */
export async function addPicture(work: ParleyWork, channelId: string, picture: InboundFile, name: string): Promise<string> {
  const row = await work.trx
    .insertInto('files')
    .values({
      name,
      type: picture.type ?? 'image/jpeg',
      size: picture.size === null ? null : String(picture.size),
      sha256: null,
      state: 'pending',
      failure_code: null,
      failure_reason: null,
      uploaded_by: null,
      channel_id: channelId,
      source: JSON.stringify(picture),
      next_attempt_at: work.now,
      created_at: work.now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Lets the next try begin at `at`. */
export async function postponeFile(work: ParleyWork, id: string, at: Date): Promise<void> {
  await work.trx.updateTable('files').set({ next_attempt_at: at }).where('id', '=', id).where('state', '=', 'pending').execute()
}

/** Gives the file up; false when it is no longer waited for. */
export async function markFailed(work: ParleyWork, id: string, failure: { code: string; reason: string }): Promise<boolean> {
  const result = await work.trx
    .updateTable('files')
    .set({ state: 'failed', failure_code: failure.code, failure_reason: failure.reason, next_attempt_at: null })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Lets a failed file be fetched again from the start; false when it is not failed. */
export async function reviveFile(work: ParleyWork, id: string): Promise<boolean> {
  const result = await work.trx
    .updateTable('files')
    .set({ state: 'pending', failure_code: null, failure_reason: null, attempts: 0, next_attempt_at: work.now })
    .where('id', '=', id)
    .where('state', '=', 'failed')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Files whose fetching is due since before `before`, the longest waiting first. */
export async function listDueFiles(db: Kysely<Schema>, before: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('files')
    .select('id')
    .where('state', '=', 'pending')
    .where('next_attempt_at', 'is not', null)
    .where('next_attempt_at', '<=', before)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Of files of Simulator uploads: those that belong to the channel, with the message each is part of. */
export async function listChannelUploads(
  db: Kysely<Schema>,
  channelId: string,
  ids: readonly string[],
): Promise<(Pick<FileRow, 'id' | 'name' | 'type' | 'size'> & { external_id: string | null })[]> {
  return db
    .selectFrom('files as f')
    .leftJoin('message_files as x', 'x.file_id', 'f.id')
    .leftJoin('messages as m', 'm.id', 'x.message_id')
    .select(['f.id', 'f.name', 'f.type', 'f.size'])
    .select(sql<string | null>`coalesce(m.external_id, m.id::text)`.as('external_id'))
    .where('f.id', '=', sql<string>`any (${ids}::uuid[])`)
    .where('f.channel_id', '=', channelId)
    .where('f.source', 'is', null)
    .where('f.state', '=', 'ready')
    .execute()
}
