import { type Kysely, type Selectable, sql } from 'kysely'
import type { CaseListQuery } from '../../contracts/index.ts'
import { containing } from '../../platform/db/keyset.ts'
import type { Schema } from '../../schema.ts'

export type CaseRow = Selectable<Schema['cases']>

/** Cases newest first; the id is the keyset. A number finds the case of that number, any text the subjects that contain it. */
export function listCases(db: Kysely<Schema>, filter: CaseListQuery & { limit: number }): Promise<CaseRow[]> {
  const { status, contactId, accountId, assigneeId, chatId, q = '', cursor, limit } = filter
  const text = q.trim()
  const isNumber = /^[0-9]{1,9}$/.test(text)
  return db
    .selectFrom('cases')
    .selectAll()
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
    .$if(contactId !== undefined, (query) => query.where('contact_id', '=', contactId ?? ''))
    .$if(accountId !== undefined, (query) => query.where('account_id', '=', accountId ?? ''))
    .$if(assigneeId !== undefined, (query) => query.where('assignee_id', '=', assigneeId ?? ''))
    .$if(chatId !== undefined, (query) => query.where('chat_id', '=', chatId ?? ''))
    .$if(cursor !== undefined, (query) => query.where('id', '<', cursor ?? ''))
    .$if(text !== '', (query) =>
      query.where((eb) =>
        eb.or([eb(sql<string>`lower(subject)`, 'like', containing(text)), ...(isNumber ? [eb('number', '=', Number(text))] : [])]),
      ),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

export function findCase(db: Kysely<Schema>, id: string): Promise<CaseRow | undefined> {
  return db.selectFrom('cases').selectAll().where('id', '=', id).executeTakeFirst()
}

export interface CaseFields {
  subject: string
  description: string
  source: string
  status: string
  contact_id: string | null
  account_id: string | null
  assignee_id: string | null
}

/** Writes a new case; undefined when this origin has made a case of the chat before. */
export function insertCase(
  db: Kysely<Schema>,
  fields: CaseFields & { chat_id: string | null; origin: string | null },
  now: Date,
): Promise<CaseRow | undefined> {
  return db
    .insertInto('cases')
    .values({ ...fields, registered_at: now })
    .onConflict((conflict) => conflict.columns(['chat_id', 'origin']).where('origin', 'is not', null).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export function findCaseOf(db: Kysely<Schema>, chatId: string, origin: string): Promise<CaseRow> {
  return db.selectFrom('cases').selectAll().where('chat_id', '=', chatId).where('origin', '=', origin).executeTakeFirstOrThrow()
}

export function updateCase(db: Kysely<Schema>, id: string, fields: Partial<CaseFields>): Promise<CaseRow | undefined> {
  return db.updateTable('cases').set(fields).where('id', '=', id).returningAll().executeTakeFirst()
}

/** What a case refers to that is not there. A contact is held so that nobody removes it before the case is written. */
export async function findMissing(db: Kysely<Schema>, refs: Partial<CaseFields>): Promise<string | null> {
  const { contact_id: contactId, account_id: accountId, assignee_id: assigneeId } = refs
  if (contactId) {
    const contact = await db.selectFrom('contacts').select('removed_at').where('id', '=', contactId).forShare().executeTakeFirst()
    if (!contact || contact.removed_at !== null) return `contact ${contactId}`
  }
  if (accountId && !(await db.selectFrom('accounts').select('id').where('id', '=', accountId).executeTakeFirst()))
    return `account ${accountId}`
  if (assigneeId && !(await db.selectFrom('agents').select('id').where('id', '=', assigneeId).executeTakeFirst()))
    return `agent ${assigneeId}`
  return null
}
