import type { ChatTile } from '../../contracts/chats.ts'
import type { ChatLinkResult, Contact, ContactPatch } from '../../contracts/contacts.ts'
import { request } from './client.ts'

const path = (contactId: string, rest = '') => `/api/contacts/${encodeURIComponent(contactId)}${rest}`

/** A page of a list. */
export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** Contacts by a part of name, phone or email. */
export async function searchContacts(q: string, signal?: AbortSignal): Promise<Contact[]> {
  const query = { q, limit: 20 }
  return (await request<Page<Contact>>('GET', '/api/contacts', signal ? { query, signal } : { query })).items
}

/** @throws ApiError 404. */
export function fetchContact(contactId: string, signal?: AbortSignal): Promise<Contact> {
  return request('GET', path(contactId), signal ? { signal } : {})
}

/** Chats of a contact on all channels that the agent may see, newest first. */
export function fetchContactChats(contactId: string, cursor: string | null, signal?: AbortSignal): Promise<Page<ChatTile>> {
  const query = { limit: 30, cursor: cursor ?? undefined }
  return request('GET', path(contactId, '/chats'), signal ? { query, signal } : { query })
}

/** @throws ApiError 422 INVALID_PHONE, 409 CONTACT_REMOVED. */
export function patchContact(contactId: string, patch: ContactPatch): Promise<Contact> {
  return request('PATCH', path(contactId), { body: patch })
}

/** Brings a removed contact back; for administrators. */
export function restoreContact(contactId: string): Promise<Contact> {
  return request('POST', path(contactId, '/restore'))
}

/** Gives the chat to another contact. @throws ApiError 409 CONTACT_HAS_OPEN_CHAT with the other chat. */
export function linkChat(chatId: string, contactId: string): Promise<ChatLinkResult> {
  return request('POST', `/api/chats/${encodeURIComponent(chatId)}/link`, { body: { contactId } })
}
