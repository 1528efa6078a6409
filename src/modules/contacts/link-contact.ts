import { type Kysely, sql } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import { BpmnError } from '../workflow/index.ts'
import * as repo from './contacts.repo.ts'

export interface LinkResult {
  previousContactId: string
  previousRemoved: boolean
  /** Every chat that belongs to the new contact now: this one, its parents, and open chats of the same customer elsewhere. */
  movedChatIds: string[]
  /** Those of them that are open. */
  openChatIds: string[]
}

interface LinkedChat {
  id: string
  channel_id: string
  contact_id: string
}

/**
 * Gives the chat to another contact, with its parents (one conversation) and all their messages. The identities that the
 * previous contact has on this channel move along, so that the customer's next message finds the right contact; one that
 * wrote only in other chats of the previous contact stays, because that is somebody else. The previous contact is removed
 * when nothing else refers to it, and leaves a tombstone it can be restored from.
 *
 * Locks in the order chats, contacts, identities, as everything that moves contacts does. An inbound message that knows
 * no open chat yet locks the contact before the chat; where the two meet PostgreSQL ends one, and it is tried again.
 * @throws BpmnError CONTACT_NOT_FOUND, CONTACT_HAS_OPEN_CHAT (naming the other chat), CHAT_COMPLETED
 */
export async function linkContact(work: ParleyWork, chatId: string, contactId: string, agentId: string | null): Promise<LinkResult> {
  const { trx } = work
  const chat = await trx.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirstOrThrow()
  if (chat.status === 'completed') throw new BpmnError('CHAT_COMPLETED', `Chat ${chat.number} is completed.`)
  const from = chat.contact_id
  if (from === contactId) return { previousContactId: from, previousRemoved: false, movedChatIds: [], openChatIds: [] }
  const lineage = await listLineage(trx, chatId, from)
  // The same customer may have an open chat elsewhere, say on another bot: who writes there is the new contact too.
  const companions = await lockOthers(trx, chat, await listMoving(trx, chat, lineage))
  const target = (await repo.lockContacts(trx, [contactId, from])).find((contact) => contact.id === contactId)
  if (!target || target.removed_at !== null) throw new BpmnError('CONTACT_NOT_FOUND', `Contact ${contactId} does not exist.`)
  const identityIds = await listMoving(trx, chat, lineage)
  await refuseOpenChats(trx, target, [chat, ...companions])
  const moved = [...lineage]
  for (const companion of companions) moved.push(...(await listLineage(trx, companion.id, from)))
  await repo.moveChats(trx, moved, contactId)
  await moveIdentities(trx, identityIds, contactId)
  const previousRemoved = await isUnused(trx, from)
  if (previousRemoved) {
    const left = { contactId: from, mergedInto: contactId, identityIds, chatIds: moved, caseIds: [], chatId, agentId }
    await repo.bury(trx, left, work.now)
  }
  return { previousContactId: from, previousRemoved, movedChatIds: moved, openChatIds: [chatId, ...companions.map((other) => other.id)] }
}

/** The chat and its parents as far as they belong to the contact, the chat first. */
async function listLineage(db: Kysely<Schema>, chatId: string, contactId: string): Promise<string[]> {
  const result = await sql<{ id: string }>`
    with recursive line(id, parent, depth) as (
      select id, parent_chat_id, 0 from chats where id = ${chatId}
      union all
      select c.id, c.parent_chat_id, depth + 1 from chats c join line on c.id = line.parent
      where depth < 100 and c.contact_id = ${contactId})
    select id from line order by depth`.execute(db)
  return result.rows.map((row) => row.id)
}

/** The contact's other open chats with one of these identities, locked. */
async function lockOthers(db: Kysely<Schema>, chat: LinkedChat, identityIds: readonly string[]): Promise<LinkedChat[]> {
  if (identityIds.length === 0) return []
  return db
    .selectFrom('chats')
    .select(['id', 'channel_id', 'contact_id'])
    .where('contact_id', '=', chat.contact_id)
    .where('id', '<>', chat.id)
    .where('status', '<>', 'completed')
    .where('identity_id', 'in', [...identityIds])
    .orderBy('id')
    .forUpdate()
    .execute()
}

/** The previous contact's identities on the chat's channel, but for those that wrote only in chats that stay. */
async function listMoving(db: Kysely<Schema>, chat: LinkedChat, lineage: readonly string[]): Promise<string[]> {
  const result = await sql<{ id: string }>`
    with here as (
      select identity_id as id from messages where chat_id = any (${sql.val(lineage)}::bigint[]) and identity_id is not null
      union select identity_id from chats where id = any (${sql.val(lineage)}::bigint[]) and identity_id is not null),
    elsewhere as (
      select m.identity_id as id from chats c join messages m on m.chat_id = c.id
      where c.contact_id = ${chat.contact_id} and c.id <> all (${sql.val(lineage)}::bigint[]) and m.identity_id is not null),
    namespaces as (
      select i.namespace from contact_identities i join here on here.id = i.id
      -- On WhatsApp a customer goes by the phone number and by a user id.
      union select unnest(array['phone', 'whatsapp']) from channels n where n.id = ${chat.channel_id} and n.kind = 'whatsapp')
    select i.id from contact_identities i
    where i.contact_id = ${chat.contact_id} and i.namespace in (select namespace from namespaces)
      and (i.id in (select id from here) or i.id not in (select id from elsewhere))
    order by i.id`.execute(db)
  return result.rows.map((row) => row.id)
}

async function refuseOpenChats(db: Kysely<Schema>, target: { id: string; name: string }, chats: readonly LinkedChat[]): Promise<void> {
  const other = await db
    .selectFrom('chats')
    .select('number')
    .where('contact_id', '=', target.id)
    .where(
      'channel_id',
      'in',
      chats.map((chat) => chat.channel_id),
    )
    .where('status', '<>', 'completed')
    .orderBy('id')
    .executeTakeFirst()
  if (other) throw new BpmnError('CONTACT_HAS_OPEN_CHAT', `${target.name} already has the open chat ${other.number} on this channel.`)
}

async function moveIdentities(db: Kysely<Schema>, identityIds: readonly string[], to: string): Promise<void> {
  if (identityIds.length === 0) return
  await db
    .updateTable('contact_identities')
    .set({ contact_id: to })
    .where('id', 'in', [...identityIds])
    .execute()
}

/** Whether nothing refers to the contact any more: no chat, case, note or identity. */
async function isUnused(db: Kysely<Schema>, contactId: string): Promise<boolean> {
  const row = await db
    .selectFrom('contacts as c')
    .select('c.id')
    .where('c.id', '=', contactId)
    .where('c.removed_at', 'is', null)
    .where('c.notes', 'is', null)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('chats as h').select('h.id').whereRef('h.contact_id', '=', 'c.id'))))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('cases as k').select('k.id').whereRef('k.contact_id', '=', 'c.id'))))
    .where((eb) => eb.not(eb.exists(eb.selectFrom('contact_identities as i').select('i.id').whereRef('i.contact_id', '=', 'c.id'))))
    .executeTakeFirst()
  return row !== undefined
}
