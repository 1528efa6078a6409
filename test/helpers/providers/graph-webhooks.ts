/** Webhook payloads as Meta would build them, for tests and load. */
import { randomBytes } from 'node:crypto'

type Json = Record<string, unknown>

export interface WhatsappCustomer {
  phone?: string
  userId?: string
  name: string
}

/** A `messages` webhook of one or more messages or statuses of a business number. */
export function whatsappWebhook(phoneNumberId: string, value: Json): Json {
  const metadata = { display_phone_number: '4930901820', phone_number_id: phoneNumberId }
  return {
    object: 'whatsapp_business_account',
    entry: [{ id: '215589313241560887', changes: [{ value: { messaging_product: 'whatsapp', metadata, ...value }, field: 'messages' }] }],
  }
}

/** One message of a customer; `content` gives type and its object, e.g. `{type: 'text', text: {body}}`. */
export function whatsappMessage(phoneNumberId: string, customer: WhatsappCustomer, timestamp: number, content: Json, id = wamid()): Json {
  const phone = customer.phone === undefined ? {} : { wa_id: customer.phone }
  const user = customer.userId === undefined ? {} : { user_id: customer.userId }
  const sender = {
    ...(customer.phone === undefined ? {} : { from: customer.phone }),
    ...(customer.userId === undefined ? {} : { from_user_id: customer.userId }),
  }
  return whatsappWebhook(phoneNumberId, {
    contacts: [{ profile: { name: customer.name }, ...phone, ...user }],
    messages: [{ ...sender, id, timestamp: String(timestamp), ...content }],
  })
}

export type WhatsappStatus = 'sent' | 'delivered' | 'read' | 'played' | 'failed'

/** One status of a message the business sent. */
export function whatsappStatus(phoneNumberId: string, id: string, status: WhatsappStatus, timestamp: number, extra: Json = {}): Json {
  return whatsappWebhook(phoneNumberId, { statuses: [{ id, status, timestamp: String(timestamp), ...extra }] })
}

/** One POST with the entries of many, as Meta batches. */
export function batch(payloads: Json[]): Json {
  const [first] = payloads
  if (!first) throw new Error('Nothing to batch')
  return { object: first.object, entry: payloads.flatMap((payload) => payload.entry as Json[]) }
}

/** One event of a page: `event` gives message, postback, reaction, read or delivery. */
export function messengerEvent(pageId: string, psid: string, timestampMs: number, event: Json): Json {
  const messaging = [{ sender: { id: psid }, recipient: { id: pageId }, timestamp: timestampMs, ...event }]
  return { object: 'page', entry: [{ id: pageId, time: timestampMs + 500, messaging }] }
}

/** The echo of a message that the page sent to this customer. */
export function messengerEcho(pageId: string, psid: string, timestampMs: number, message: Json): Json {
  const messaging = [{ sender: { id: pageId }, recipient: { id: psid }, timestamp: timestampMs, message: { is_echo: true, ...message } }]
  return { object: 'page', entry: [{ id: pageId, time: timestampMs + 500, messaging }] }
}

export function wamid(): string {
  return `wamid.${randomBytes(30).toString('base64')}`
}

export function mid(): string {
  return `m_${randomBytes(64).toString('base64url')}`
}
