import type { Kysely } from 'kysely'
import type { Chat } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

type ProfileField = Chat['contactProfile'][number]

/** What a profile shows of a contact and its chat. */
interface ProfileRow {
  channel: string
  mobile_phone: string | null
  email: string | null
  account: string | null
  language: string | null
  notes: string | null
  custom: Record<string, unknown>
}

const fields: Record<string, { label: string; value(row: ProfileRow): string | null }> = {
  channel: { label: 'Channel', value: (row) => row.channel },
  mobilePhone: { label: 'Mobile phone', value: (row) => row.mobile_phone },
  email: { label: 'Email', value: (row) => row.email },
  account: { label: 'Account', value: (row) => row.account },
  language: { label: 'Language', value: (row) => row.language },
  notes: { label: 'Notes', value: (row) => row.notes },
}

/**
 * The contact profile of a chat: these fields in this order, empty ones with null. `custom.<name>` shows an own field of
 * the contact under its name; a field nobody knows is left out.
 */
export async function readContactProfile(db: Kysely<Schema>, chatId: string, wanted: readonly string[]): Promise<ProfileField[]> {
  const row = await db
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .innerJoin('channels as n', 'n.id', 'c.channel_id')
    .leftJoin('accounts as a', 'a.id', 'p.account_id')
    .select(['n.name as channel', 'p.mobile_phone', 'p.email', 'a.name as account', 'p.language', 'p.notes', 'p.custom'])
    .where('c.id', '=', chatId)
    .executeTakeFirstOrThrow()
  return wanted.flatMap((field) => {
    const known = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (known) return [{ field, label: known.label, value: known.value(row) }]
    const name = /^custom\.(.+)$/.exec(field)?.[1]
    return name === undefined ? [] : [{ field, label: name, value: toText(Object.hasOwn(row.custom, name) ? row.custom[name] : null) }]
  })
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
