import { type Kysely, type Selectable, sql } from 'kysely'
import type { ContactIdentity } from '../../contracts/index.ts'
import { beginningWith, containing, type NamePlace } from '../../platform/db/keyset.ts'
import type { ChannelKind, Schema } from '../../schema.ts'
import { phoneDigits } from './phone.ts'

export type ContactRow = Selectable<Schema['contacts']> & {
  account_name: string | null
  merged_into_id: string | null
  merged_into_name: string | null
}

/** Base of every contact query. */
function contactQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('contacts as c')
    .leftJoin('accounts as a', 'a.id', 'c.account_id')
    .leftJoin('contact_tombstones as t', 't.contact_id', 'c.id')
    .leftJoin('contacts as m', 'm.id', 't.merged_into_id')
    .selectAll('c')
    .select(['a.name as account_name', 't.merged_into_id', 'm.name as merged_into_name'])
}

export function findContact(db: Kysely<Schema>, id: string): Promise<ContactRow | undefined> {
  return contactQuery(db).where('c.id', '=', id).executeTakeFirst()
}

export interface ContactSearch {
  q: string | null
  accountId: string | null
  after: NamePlace | null
  limit: number
}

/**
 * A page of contacts by name. The search is done before the order is made: otherwise a rare text would have the index of
 * names read from end to end. Texts too short for trigrams match the beginning of names only.
 */
export async function searchContacts(
  db: Kysely<Schema>,
  { q, accountId, after, limit }: ContactSearch,
): Promise<(ContactRow & { place: string })[]> {
  const account = accountId === null ? sql`true` : sql`c.account_id = ${accountId}`
  const next = after === null ? sql`true` : sql`(lower(c.name) collate "C", c.id) > (${after.name}, ${after.id}::bigint)`
  const page = sql`order by lower(c.name) collate "C", c.id limit ${limit}`
  const text = q?.trim() ?? ''
  const digits = phoneDigits(text)
  const isShort = [...text].length < 3
  const matching = isShort
    ? sql`lower(c.name) collate "C" like ${beginningWith(text)}`
    : sql`(lower(c.name) like ${containing(text)} or lower(c.email) like ${containing(text)} or c.mobile_phone like ${digits === null ? null : containing(digits)})`
  const source = isShort ? sql`contacts` : sql`(select * from contacts c where c.removed_at is null and ${matching} offset 0)`
  const hits = sql`select c.id from ${source} c where c.removed_at is null and ${isShort ? matching : sql`true`} and ${account} and ${next} ${page}`
  const result = await sql<ContactRow & { place: string }>`
    select c.*, a.name as account_name, null as merged_into_id, null as merged_into_name, lower(c.name) as place
    from (${hits}) h join contacts c on c.id = h.id left join accounts a on a.id = c.account_id
    order by lower(c.name) collate "C", c.id`.execute(db)
  return result.rows
}

export interface ContactFields {
  name: string
  photo_url: string | null
  mobile_phone: string | null
  email: string | null
  account_id: string | null
  language: string | null
  notes: string | null
}

export async function insertContact(
  db: Kysely<Schema>,
  fields: ContactFields,
  custom: Record<string, unknown>,
  now: Date,
): Promise<string> {
  const row = await db
    .insertInto('contacts')
    .values({ ...fields, custom: JSON.stringify(custom), created_at: now, removed_at: null })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Own fields are changed one by one; null takes one away. */
export async function updateContact(
  db: Kysely<Schema>,
  id: string,
  fields: Partial<ContactFields>,
  custom: Record<string, unknown>,
): Promise<void> {
  const own = Object.keys(custom).length === 0 ? {} : { custom: sql<string>`jsonb_strip_nulls(custom || ${JSON.stringify(custom)}::jsonb)` }
  if (Object.keys(fields).length + Object.keys(own).length === 0) return
  await db
    .updateTable('contacts')
    .set({ ...fields, ...own })
    .where('id', '=', id)
    .execute()
}

/**
 * Locks contacts in the order of their ids. Whoever links, joins, removes or restores contacts takes this lock after
 * those of the chats; the rows can still be referred to by new rows meanwhile.
 */
export async function lockContacts(db: Kysely<Schema>, ids: readonly string[]): Promise<Selectable<Schema['contacts']>[]> {
  return db
    .selectFrom('contacts')
    .selectAll()
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
}

/** Locks the open chats of contacts in the order of their ids; before any contact. */
export async function lockOpenChats(db: Kysely<Schema>, contactIds: readonly string[]) {
  return db
    .selectFrom('chats')
    .select(['id', 'number', 'contact_id', 'channel_id', 'identity_id'])
    .where('contact_id', 'in', [...contactIds])
    .where('status', '<>', 'completed')
    .orderBy('id')
    .forUpdate()
    .execute()
}

/** Gives chats to a contact, with everything the customer wrote in them. */
export async function moveChats(db: Kysely<Schema>, chatIds: readonly string[], to: string): Promise<void> {
  if (chatIds.length === 0) return
  await db
    .updateTable('chats')
    .set({ contact_id: to })
    .where('id', 'in', [...chatIds])
    .execute()
  await db
    .updateTable('messages')
    .set({ author_id: to })
    .where('chat_id', 'in', [...chatIds])
    .where('author_kind', '=', 'contact')
    .execute()
}

export interface Tombstone {
  contactId: string
  mergedInto: string | null
  identityIds: string[]
  chatIds: string[]
  caseIds: string[]
  chatId: string | null
  agentId: string | null
}

/** Removes a contact and keeps what it had. Tombstones that point to it point to its heir from now on. */
export async function bury(db: Kysely<Schema>, tombstone: Tombstone, now: Date): Promise<void> {
  const { contactId, mergedInto } = tombstone
  await db.updateTable('contacts').set({ removed_at: now }).where('id', '=', contactId).execute()
  await db.updateTable('contact_tombstones').set({ merged_into_id: mergedInto }).where('merged_into_id', '=', contactId).execute()
  await db
    .insertInto('contact_tombstones')
    .values({
      contact_id: contactId,
      merged_into_id: mergedInto,
      identity_ids: tombstone.identityIds,
      chat_ids: tombstone.chatIds,
      case_ids: tombstone.caseIds,
      chat_id: tombstone.chatId,
      removed_by: tombstone.agentId,
      removed_at: now,
    })
    .execute()
}

const kinds = new Set<string>(['telegram', 'whatsapp', 'messenger', 'sms', 'simulator'])

/** The identities of contacts, each with the kinds of channel it is known on; a phone number may be of two. */
export async function listIdentities(db: Kysely<Schema>, contactIds: readonly string[]): Promise<Map<string, ContactIdentity[]>> {
  const found = new Map<string, ContactIdentity[]>()
  if (contactIds.length === 0) return found
  const rows = await db
    .selectFrom('contact_identities as i')
    .select(['i.contact_id', 'i.namespace', 'i.external_id', 'i.name'])
    .select((eb) =>
      sql<string[]>`array(${eb
        .selectFrom('chats as h')
        .innerJoin('channels as n', 'n.id', 'h.channel_id')
        .select('n.kind')
        .distinct()
        .whereRef('h.contact_id', '=', 'i.contact_id')
        .whereRef('h.identity_id', '=', 'i.id')
        .orderBy('n.kind')})`.as('kinds'),
    )
    .where('i.contact_id', 'in', [...contactIds])
    .orderBy('i.id')
    .execute()
  for (const row of rows) {
    const prefix = row.namespace.split(':', 1)[0] ?? ''
    const known = kinds.has(prefix) ? [prefix] : row.kinds.length > 0 ? row.kinds : ['sms']
    const identities = known.map((kind) => ({ channelKind: kind as ChannelKind, externalId: row.external_id, name: row.name }))
    found.set(row.contact_id, [...(found.get(row.contact_id) ?? []), ...identities])
  }
  return found
}
