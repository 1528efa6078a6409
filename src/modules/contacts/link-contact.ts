import type { ParleyWork } from '../../schema.ts'
import { BpmnError } from '../workflow/index.ts'

export interface LinkResult {
  previousContactId: string
  previousRemoved: boolean
}

/**
 * Gives the chat to another contact. The previous contact's identities in this chat's channel move along, so that the
 * customer's next message finds the right contact; the previous contact is removed when nothing else refers to it, and
 * leaves a tombstone it can be restored from.
 * @throws BpmnError CONTACT_NOT_FOUND, CONTACT_HAS_OPEN_CHAT (naming the other chat), CHAT_COMPLETED
 */
export async function linkContact(work: ParleyWork, chatId: string, contactId: string, agentId: string | null): Promise<LinkResult> {
  const chat = await work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).executeTakeFirstOrThrow()
  if (chat.status === 'completed') throw new BpmnError('CHAT_COMPLETED', `Chat ${chat.number} is completed.`)
  const previous = chat.contact_id
  if (previous === contactId) return { previousContactId: previous, previousRemoved: false }
  // Both rows in id order, so that two links at once cannot wait for each other.
  const locked = await work.trx
    .selectFrom('contacts')
    .selectAll()
    .where('id', 'in', [contactId, previous])
    .orderBy('id')
    .forUpdate()
    .execute()
  const target = locked.find((contact) => contact.id === contactId)
  if (!target || target.removed_at !== null) throw new BpmnError('CONTACT_NOT_FOUND', `Contact ${contactId} does not exist.`)
  const other = await work.trx
    .selectFrom('chats')
    .select('number')
    .where('contact_id', '=', contactId)
    .where('channel_id', '=', chat.channel_id)
    .where('status', '<>', 'completed')
    .executeTakeFirst()
  if (other) throw new BpmnError('CONTACT_HAS_OPEN_CHAT', `${target.name} already has the open chat ${other.number} on this channel.`)
  await work.trx.updateTable('chats').set({ contact_id: contactId }).where('id', '=', chatId).execute()
  await work.trx
    .updateTable('messages')
    .set({ author_id: contactId })
    .where('chat_id', '=', chatId)
    .where('author_kind', '=', 'contact')
    .execute()
  const moved = await moveIdentities(work, chat.channel_id, previous, contactId)
  const previousRemoved = await removeUnused(work, previous, { mergedInto: contactId, identityIds: moved, chatId, agentId })
  return { previousContactId: previous, previousRemoved }
}

/** Namespaces a channel of each kind writes identities in. */
async function moveIdentities(work: ParleyWork, channelId: string, from: string, to: string): Promise<string[]> {
  const used = work.trx
    .selectFrom('messages')
    .select('identity_id')
    .where('channel_id', '=', channelId)
    .where('identity_id', 'is not', null)
  const namespaces = work.trx
    .selectFrom('contact_identities')
    .select('namespace')
    .where('contact_id', '=', from)
    .where('id', 'in', used as never)
  const rows = await work.trx
    .updateTable('contact_identities')
    .set({ contact_id: to })
    .where('contact_id', '=', from)
    .where('namespace', 'in', namespaces)
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}

async function removeUnused(
  work: ParleyWork,
  contactId: string,
  cause: { mergedInto: string; identityIds: string[]; chatId: string; agentId: string | null },
): Promise<boolean> {
  const removed = await work.trx
    .updateTable('contacts as c')
    .set({ removed_at: work.now })
    .where('c.id', '=', contactId)
    .where('c.removed_at', 'is', null)
    .where('c.notes', 'is', null)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('chats as h').select('h.id').whereRef('h.contact_id', '=', 'c.id'))))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('cases as k').select('k.id').whereRef('k.contact_id', '=', 'c.id'))))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('contact_identities as i').select('i.id').whereRef('i.contact_id', '=', 'c.id'))))
    .executeTakeFirst()
  if (removed.numUpdatedRows === 0n) return false
  await work.trx
    .insertInto('contact_tombstones')
    .values({
      contact_id: contactId,
      merged_into_id: cause.mergedInto,
      identity_ids: cause.identityIds,
      chat_id: cause.chatId,
      removed_by: cause.agentId,
      removed_at: work.now,
    })
    .execute()
  return true
}
