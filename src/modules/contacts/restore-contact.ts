import { notFound } from '../../platform/errors.ts'
import type { ParleyWork } from '../../schema.ts'
import * as errors from './contacts.errors.ts'
import * as repo from './contacts.repo.ts'

/**
 * Brings a removed contact back and gives it again what it had, as far as that still belongs to the contact that took it
 * over: identities, chats with their messages, cases. Answers the chats that moved back and who had them.
 * @throws AppError 404 NOT_FOUND, 409 NOT_REMOVED
 */
export async function restoreContact(work: ParleyWork, contactId: string): Promise<{ chatIds: string[]; heirId: string | null }> {
  const { trx } = work
  const found = await repo.findContact(trx, contactId)
  if (!found) throw notFound(`Contact ${contactId}`)
  if (found.removed_at === null) throw errors.notRemoved(found.name)
  const heirId = found.merged_into_id
  const had = await trx.selectFrom('contact_tombstones').selectAll().where('contact_id', '=', contactId).executeTakeFirst()
  const chatIds = heirId === null || !had ? [] : await lockChats(work, had.chat_ids, heirId)
  const locked = await repo.lockContacts(trx, heirId === null ? [contactId] : [contactId, heirId])
  if (locked.find((contact) => contact.id === contactId)?.removed_at === null) throw errors.notRemoved(found.name)
  await trx.updateTable('contacts').set({ removed_at: null }).where('id', '=', contactId).execute()
  await trx.deleteFrom('contact_tombstones').where('contact_id', '=', contactId).execute()
  if (heirId === null || !had) return { chatIds: [], heirId: null }
  await repo.moveChats(trx, chatIds, contactId)
  for (const { table, ids } of [
    { table: 'contact_identities' as const, ids: had.identity_ids },
    { table: 'cases' as const, ids: had.case_ids },
  ]) {
    if (ids.length > 0)
      await trx.updateTable(table).set({ contact_id: contactId }).where('id', 'in', ids).where('contact_id', '=', heirId).execute()
  }
  return { chatIds, heirId }
}

/** Those of the chats that the heir still has, locked. */
async function lockChats(work: ParleyWork, ids: string[], heirId: string): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await work.trx
    .selectFrom('chats')
    .select('id')
    .where('id', 'in', ids)
    .where('contact_id', '=', heirId)
    .orderBy('id')
    .forUpdate()
    .execute()
  return rows.map((row) => row.id)
}
