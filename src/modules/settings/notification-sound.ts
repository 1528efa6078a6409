import { fileTypeFromBuffer } from 'file-type'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { audit } from './audit.ts'

/** Long enough for any notification, short enough to be loaded by every page. */
export const maxSoundBytes = 512 * 1024

/** Keeps the sound of new messages. @throws AppError 415 SOUND_TYPE when the bytes are no audio a browser plays */
export async function saveNotificationSound(
  database: ParleyDatabase,
  bytes: Buffer,
  agentId: string,
): Promise<{ type: string; size: number }> {
  const sniffed = await fileTypeFromBuffer(bytes)
  const type = sniffed?.mime
  if (!type?.startsWith('audio/')) throw new AppError('SOUND_TYPE', 415, 'The file is no sound. Upload MP3, OGG, WAV, M4A or FLAC.')
  await database.transaction(async (work) => {
    const values = { type, bytes, uploaded_at: work.now }
    await work.trx
      .insertInto('notification_sound')
      .values(values)
      .onConflict((conflict) => conflict.column('singleton').doUpdateSet(values))
      .execute()
    await audit(work, agentId, 'setting.changed', 'setting:NotificationSound', { uploaded: type, size: bytes.length })
  })
  return { type, size: bytes.length }
}

/** The uploaded sound. @throws AppError 404 when none was uploaded */
export async function readNotificationSound(database: ParleyDatabase): Promise<{ type: string; bytes: Buffer }> {
  const row = await database.db.selectFrom('notification_sound').select(['type', 'bytes']).executeTakeFirst()
  if (!row) throw notFound('An uploaded notification sound')
  return row
}
