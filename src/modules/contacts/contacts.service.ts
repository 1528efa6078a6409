import type { Contact, ContactCreate, ContactListQuery, ContactMergeResult, ContactPatch } from '../../contracts/index.ts'
import { fromCursor, toCursor } from '../../platform/db/keyset.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { RaiseEvent } from '../workflow/index.ts'
import * as errors from './contacts.errors.ts'
import * as repo from './contacts.repo.ts'
import { mergeContacts, planMerge } from './merge-contacts.ts'
import { toE164 } from './phone.ts'
import { restoreContact } from './restore-contact.ts'

export interface ContactServiceDeps {
  database: ParleyDatabase
  raise: RaiseEvent
  /** Announces that the chat changed; under its lock. */
  chatChanged(work: ParleyWork, chatId: string): Promise<void>
  audit(work: ParleyWork, agentId: string, action: string, subject: string, details?: Record<string, unknown>): Promise<void>
}

/** Contacts as agents look them up and keep them. */
export class ContactService {
  readonly #deps: ContactServiceDeps

  constructor(deps: ContactServiceDeps) {
    this.#deps = deps
  }

  /** A page by name. @throws AppError 400 for a cursor of another list */
  async list(query: ContactListQuery): Promise<{ items: Contact[]; nextCursor: string | null }> {
    const { db } = this.#deps.database
    const { q = null, accountId = null, limit = 50, cursor } = query
    const after = cursor === undefined ? null : fromCursor(cursor)
    const rows = await repo.searchContacts(db, { q, accountId, after, limit: limit + 1 })
    const page = rows.slice(0, limit)
    const identities = await repo.listIdentities(
      db,
      page.map((row) => row.id),
    )
    const last = page.at(-1)
    return {
      items: page.map((row) => toContact(row, identities.get(row.id) ?? [])),
      nextCursor: rows.length > limit && last ? toCursor({ name: last.place, id: last.id }) : null,
    }
  }

  /** A removed contact too: it says who took it over. @throws AppError 404 NOT_FOUND */
  async get(id: string): Promise<Contact> {
    return this.#read(this.#deps.database.db, id)
  }

  /** @throws AppError 422 INVALID_PHONE, ACCOUNT_NOT_FOUND */
  async create(agentId: string, fields: ContactCreate): Promise<Contact> {
    return this.#deps.database.transaction(async (work) => {
      const columns = await this.#columns(work, fields)
      const empty = { photo_url: null, mobile_phone: null, email: null, account_id: null, language: null, notes: null }
      const id = await repo.insertContact(
        work.trx,
        { ...empty, ...columns, name: fields.name.trim() },
        withoutNulls(fields.custom),
        work.now,
      )
      await this.#deps.audit(work, agentId, 'contact.created', `contact:${id}`)
      return this.#read(work.trx, id)
    })
  }

  /** Changes are told to whoever has an open chat of the contact before them. @throws AppError 404; 409 CONTACT_REMOVED; 422 as create() */
  async change(agentId: string, id: string, patch: ContactPatch): Promise<Contact> {
    return this.#deps.database.transaction(async (work) => {
      const chats = await repo.lockOpenChats(work.trx, [id])
      const [contact] = await repo.lockContacts(work.trx, [id])
      if (!contact) throw notFound(`Contact ${id}`)
      if (contact.removed_at !== null) throw errors.contactRemoved(contact.name)
      await repo.updateContact(work.trx, id, await this.#columns(work, patch), patch.custom ?? {})
      for (const chat of chats) await this.#deps.chatChanged(work, chat.id)
      await this.#deps.audit(work, agentId, 'contact.changed', `contact:${id}`, { fields: Object.keys(patch) })
      return this.#read(work.trx, id)
    })
  }

  /**
   * Joins a contact with another, or tells what that would do.
   * @throws AppError 404, 409 CONTACT_REMOVED or (not for a dry run) CONTACT_HAS_OPEN_CHAT, 422 SAME_CONTACT
   */
  async merge(agentId: string, fromId: string, intoId: string, dryRun: boolean): Promise<ContactMergeResult> {
    if (dryRun) {
      const { db } = this.#deps.database
      const { moves, conflicts } = await planMerge(db, fromId, intoId)
      return { dryRun, contact: await this.#read(db, intoId), moves, conflicts }
    }
    return this.#deps.database.transaction(async (work) => {
      const { moves, conflicts } = await mergeContacts(work, fromId, intoId, agentId)
      await this.#moved(
        work,
        moves.chats.map((chat) => chat.id),
        { contactId: intoId, previousContactId: fromId, agentId },
      )
      await this.#deps.audit(work, agentId, 'contact.merged', `contact:${fromId}`, { into: intoId })
      return { dryRun, contact: await this.#read(work.trx, intoId), moves, conflicts }
    })
  }

  /** Takes a removal back. @throws AppError 404 NOT_FOUND, 409 NOT_REMOVED */
  async restore(agentId: string, id: string): Promise<Contact> {
    return this.#deps.database.transaction(async (work) => {
      const { chatIds, heirId } = await restoreContact(work, id)
      if (heirId !== null) await this.#moved(work, chatIds, { contactId: id, previousContactId: heirId, agentId })
      await this.#deps.audit(work, agentId, 'contact.restored', `contact:${id}`, { from: heirId })
      return this.#read(work.trx, id)
    })
  }

  /** Tells of chats that belong to another contact now; the processes of open ones hear of it too. */
  async #moved(
    work: ParleyWork,
    chatIds: readonly string[],
    change: { contactId: string; previousContactId: string; agentId: string },
  ): Promise<void> {
    const { agentId, ...contacts } = change
    for (const chatId of chatIds) {
      await this.#deps.chatChanged(work, chatId)
      const chat = await work.trx.selectFrom('chats').select('status').where('id', '=', chatId).executeTakeFirstOrThrow()
      if (chat.status === 'completed') continue
      await this.#deps.raise(work, { chatId, name: 'chat.contact_linked', payload: { chatId, ...contacts }, agentId })
    }
  }

  async #columns(work: ParleyWork, fields: ContactPatch): Promise<Partial<repo.ContactFields>> {
    const { name, photoUrl, mobilePhone, email, language, notes } = fields
    const accountId = fields.account === undefined ? fields.accountId : (fields.account?.id ?? null)
    if (typeof accountId === 'string') {
      const account = await work.trx.selectFrom('accounts').select('id').where('id', '=', accountId).executeTakeFirst()
      if (!account) throw errors.accountNotFound(accountId)
    }
    return {
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(photoUrl === undefined ? {} : { photo_url: photoUrl }),
      ...(mobilePhone === undefined ? {} : { mobile_phone: checkedPhone(mobilePhone) }),
      ...(email === undefined ? {} : { email }),
      ...(accountId === undefined ? {} : { account_id: accountId }),
      ...(language === undefined ? {} : { language }),
      ...(notes === undefined ? {} : { notes: notes?.trim() ? notes : null }),
    }
  }

  async #read(db: ParleyDatabase['db'], id: string): Promise<Contact> {
    const row = await repo.findContact(db, id)
    if (!row) throw notFound(`Contact ${id}`)
    return toContact(row, (await repo.listIdentities(db, [id])).get(id) ?? [])
  }
}

/** An empty text is no number. @throws AppError 422 INVALID_PHONE */
function checkedPhone(text: string | null): string | null {
  if (text === null || text.trim() === '') return null
  const phone = toE164(text)
  if (phone === null) throw errors.invalidPhone(text)
  return phone
}

const withoutNulls = (custom: Record<string, unknown> = {}) =>
  Object.fromEntries(Object.entries(custom).filter(([, value]) => value !== null))

function toContact(row: repo.ContactRow, identities: Contact['identities']): Contact {
  return {
    id: row.id,
    name: row.name,
    photoUrl: row.photo_url,
    mobilePhone: row.mobile_phone,
    email: row.email,
    account: row.account_id === null ? null : { id: row.account_id, name: row.account_name ?? '' },
    language: row.language,
    identities,
    notes: row.notes,
    custom: row.custom,
    createdAt: row.created_at.toISOString(),
    removedAt: row.removed_at?.toISOString() ?? null,
    mergedInto: row.merged_into_id === null ? null : { id: row.merged_into_id, name: row.merged_into_name ?? '' },
  }
}
