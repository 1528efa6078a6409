import { type Kysely, type Selectable, sql } from 'kysely'
import type { FilesTable, ParleyWork, Schema } from '../../schema.ts'

export type FileRow = Selectable<FilesTable>

export async function findFile(db: Kysely<Schema>, id: string): Promise<FileRow | undefined> {
  return db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The chat and message a file belongs to; undefined while it belongs to none. */
export async function findPlace(db: Kysely<Schema>, fileId: string): Promise<{ messageId: string; chatId: string } | undefined> {
  return db
    .selectFrom('message_files as x')
    .innerJoin('messages as m', 'm.id', 'x.message_id')
    .select(['m.id as messageId', 'm.chat_id as chatId'])
    .where('x.file_id', '=', fileId)
    .executeTakeFirst()
}

export interface NewUpload {
  name: string
  type: string
  uploadedBy: string | null
  channelId: string | null
}

/** Notes an upload before its bytes are stored, so that no bytes are without a row. */
export async function insertUpload(db: Kysely<Schema>, upload: NewUpload, now: Date): Promise<string> {
  const row = await db
    .insertInto('files')
    .values({
      name: upload.name,
      type: upload.type,
      size: null,
      sha256: null,
      state: 'pending',
      failure_code: null,
      failure_reason: null,
      uploaded_by: upload.uploadedBy,
      channel_id: upload.channelId,
      next_attempt_at: null,
      created_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export interface StoredContent {
  name: string
  type: string
  size: number
  sha256: string
}

/** Takes back an upload whose bytes could not be stored. */
export async function deleteUpload(db: Kysely<Schema>, id: string): Promise<void> {
  await db.deleteFrom('files').where('id', '=', id).where('state', '=', 'pending').execute()
}

/** The bytes are stored; false when the file is no longer waited for. */
export async function markReady(work: ParleyWork, id: string, content: StoredContent): Promise<boolean> {
  const result = await work.trx
    .updateTable('files')
    .set({ ...content, size: String(content.size), state: 'ready', failure_code: null, failure_reason: null, next_attempt_at: null })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

export interface UploadRow {
  id: string
  name: string
  type: string
  size: string | null
  attached: boolean
}

/** The agent's own finished uploads among these, locked against being removed; other ids are left out. */
export async function lockUploads(work: ParleyWork, agentId: string, ids: readonly string[]): Promise<UploadRow[]> {
  if (ids.length === 0) return []
  return work.trx
    .selectFrom('files as f')
    .select(['f.id', 'f.name', 'f.type', 'f.size'])
    .select((eb) => eb.exists(eb.selectFrom('message_files as x').select('x.file_id').whereRef('x.file_id', '=', 'f.id')).as('attached'))
    .where('f.id', 'in', ids)
    .where('f.uploaded_by', '=', agentId)
    .where('f.state', '=', 'ready')
    .forKeyShare()
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, attached: Boolean(row.attached) })))
}

export async function attach(work: ParleyWork, messageId: string, fileIds: readonly string[]): Promise<void> {
  await work.trx
    .insertInto('message_files')
    .values(fileIds.map((fileId, position) => ({ message_id: messageId, position, file_id: fileId })))
    .execute()
}

/** Files of messages, by message, in order. */
export async function listOfMessages(db: Kysely<Schema>, messageIds: readonly string[]): Promise<(FileRow & { message_id: string })[]> {
  if (messageIds.length === 0) return []
  return db
    .selectFrom('message_files as x')
    .innerJoin('files as f', 'f.id', 'x.file_id')
    .selectAll('f')
    .select('x.message_id')
    .where('x.message_id', 'in', messageIds)
    .orderBy('x.message_id')
    .orderBy('x.position')
    .execute()
}

/** The chat and the chats that go on from it: who sees one of them sees the files of the first. */
export async function listDescendants(db: Kysely<Schema>, chatId: string): Promise<string[]> {
  const result = await sql<{ id: string }>`
    with recursive line(id, depth) as (
      select ${chatId}::bigint, 0
      union all
      select c.id, depth + 1 from chats c join line on c.parent_chat_id = line.id where depth < 100)
    select id from line order by depth`.execute(db)
  return result.rows.map((row) => row.id)
}

/**
 * Marks uploads that belong to nothing and are older than `before` as discarded, and answers them and those an earlier
 * sweep did not finish. Discarded files can no longer be attached.
 */
export async function discardUploads(work: ParleyWork, before: Date, limit: number): Promise<string[]> {
  const result = await sql<{ id: string }>`
    update files set state = 'discarded' where id in (
      select f.id from files f
      where f.created_at < ${before}
        -- What a provider gave belongs to its message, or is the picture of a contact.
        and f.source is null
        and not exists (select from message_files x where x.file_id = f.id)
        and not exists (select from drafts d where f.id = any (d.file_ids))
      order by f.created_at limit ${limit} for update skip locked)
    returning id`.execute(work.trx)
  return result.rows.map((row) => row.id)
}

export async function removeDiscarded(work: ParleyWork, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await work.trx.deleteFrom('files').where('id', 'in', ids).where('state', '=', 'discarded').execute()
}
