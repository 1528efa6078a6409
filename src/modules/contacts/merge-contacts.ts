import { type Kysely, type Selectable, sql } from 'kysely'
import type { ContactMergeResult } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyWork, Schema } from '../../schema.ts'
import * as errors from './contacts.errors.ts'
import * as repo from './contacts.repo.ts'

type Contact = Selectable<Schema['contacts']>

/** What joining `from` with `into` does, and what stands in its way. */
export interface MergePlan {
  moves: ContactMergeResult['moves']
  conflicts: ContactMergeResult['conflicts']
  identityIds: string[]
}

const fillable = {
  photo_url: 'photoUrl',
  mobile_phone: 'mobilePhone',
  email: 'email',
  account_id: 'accountId',
  language: 'language',
} as const
type FillableColumn = keyof typeof fillable

/** @throws AppError 404 when one of them does not exist, 409 CONTACT_REMOVED, 422 SAME_CONTACT */
export async function planMerge(db: Kysely<Schema>, fromId: string, intoId: string): Promise<MergePlan> {
  if (fromId === intoId) throw errors.mergeWithItself()
  const from = await live(db, fromId)
  const into = await live(db, intoId)
  const chats = await db.selectFrom('chats').select(['id', 'number', 'status']).where('contact_id', '=', fromId).orderBy('id').execute()
  const cases = await db.selectFrom('cases').select(['id', 'number', 'subject']).where('contact_id', '=', fromId).orderBy('id').execute()
  const ids = await db.selectFrom('contact_identities').select('id').where('contact_id', '=', fromId).orderBy('id').execute()
  const identities = (await repo.listIdentities(db, [fromId])).get(fromId) ?? []
  return {
    moves: { identities, chats, cases, fields: filled(from, into) },
    conflicts: await listConflicts(db, from, into),
    identityIds: ids.map((row) => row.id),
  }
}

/**
 * Joins `fromId` with `intoId`: chats, identities and cases move, empty fields are filled, `fromId` is removed and can be
 * restored. Answers what moved.
 * @throws AppError as planMerge, and 409 CONTACT_HAS_OPEN_CHAT when both have an open chat on one channel
 */
export async function mergeContacts(work: ParleyWork, fromId: string, intoId: string, agentId: string): Promise<MergePlan> {
  const { trx } = work
  await repo.lockOpenChats(trx, [fromId, intoId])
  await repo.lockContacts(trx, [fromId, intoId])
  const plan = await planMerge(trx, fromId, intoId)
  if (plan.conflicts.length > 0) throw errors.openChatsInTheWay(plan.conflicts)
  const chatIds = plan.moves.chats.map((chat) => chat.id)
  const caseIds = plan.moves.cases.map((one) => one.id)
  await repo.moveChats(trx, chatIds, intoId)
  await trx.updateTable('contact_identities').set({ contact_id: intoId }).where('contact_id', '=', fromId).execute()
  await trx.updateTable('cases').set({ contact_id: intoId }).where('contact_id', '=', fromId).execute()
  await fill(trx, await live(trx, fromId), await live(trx, intoId))
  const left = { contactId: fromId, mergedInto: intoId, identityIds: plan.identityIds, chatIds, caseIds, chatId: null, agentId }
  await repo.bury(trx, left, work.now)
  return plan
}

async function live(db: Kysely<Schema>, id: string): Promise<Contact> {
  const contact = await db.selectFrom('contacts').selectAll().where('id', '=', id).executeTakeFirst()
  if (!contact) throw notFound(`Contact ${id}`)
  if (contact.removed_at !== null) throw errors.contactRemoved(contact.name)
  return contact
}

async function listConflicts(db: Kysely<Schema>, from: Contact, into: Contact): Promise<ContactMergeResult['conflicts']> {
  const rows = await db
    .selectFrom('chats as a')
    .innerJoin('chats as b', 'b.channel_id', 'a.channel_id')
    .innerJoin('channels as n', 'n.id', 'a.channel_id')
    .select([
      'a.id as a_id',
      'a.number as a_number',
      'b.id as b_id',
      'b.number as b_number',
      'n.id as channel_id',
      'n.name as channel_name',
    ])
    .where('a.contact_id', '=', from.id)
    .where('b.contact_id', '=', into.id)
    .where('a.status', '<>', 'completed')
    .where('b.status', '<>', 'completed')
    .orderBy('a.id')
    .execute()
  return rows.map((row) => ({
    code: 'CONTACT_HAS_OPEN_CHAT' as const,
    message: `Both have an open chat on ${row.channel_name}: ${row.a_number} of ${from.name} and ${row.b_number} of ${into.name}. Complete one of them first.`,
    channel: { id: row.channel_id, name: row.channel_name },
    chats: [
      { id: row.a_id, number: row.a_number },
      { id: row.b_id, number: row.b_number },
    ],
  }))
}

/** What `into` lacks and `from` has, under the names of the API. */
function filled(from: Contact, into: Contact): Record<string, unknown> {
  const fields = (Object.keys(fillable) as FillableColumn[])
    .filter((column) => into[column] === null && from[column] !== null)
    .map((column) => [fillable[column], from[column]] as const)
  const custom = Object.entries(from.custom).filter(([name]) => !(name in into.custom))
  return {
    ...Object.fromEntries(fields),
    ...(from.notes === null ? {} : { notes: joinNotes(into.notes, from.notes) }),
    ...(custom.length === 0 ? {} : { custom: Object.fromEntries(custom) }),
  }
}

async function fill(db: Kysely<Schema>, from: Contact, into: Contact): Promise<void> {
  const columns = (Object.keys(fillable) as FillableColumn[]).filter((column) => into[column] === null && from[column] !== null)
  await db
    .updateTable('contacts')
    .set({
      ...Object.fromEntries(columns.map((column) => [column, from[column]])),
      notes: from.notes === null ? into.notes : joinNotes(into.notes, from.notes),
      custom: sql<string>`${JSON.stringify(from.custom)}::jsonb || custom`,
    })
    .where('id', '=', into.id)
    .execute()
}

const joinNotes = (into: string | null, from: string) => (into === null ? from : `${into}\n\n${from}`)
