import type { DeliveryStatus, IdentityRef, InboundCustomer, InboundEvent } from '../adapter.ts'
import { correlationOf } from '../correlation.ts'
import { id, type Json, obj, objects, seconds, str, text } from '../json.ts'
import { graphError } from '../meta/graph.ts'
import { describeReaction } from '../readable.ts'
import { whatsappContent } from './whatsapp-content.ts'
import { whatsappFailure } from './whatsapp-errors.ts'

/** Every event of a webhook (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages). */
export function parseWhatsapp(body: Json, phoneNumberId: string): InboundEvent[] {
  const changes = objects(body.entry).flatMap((entry) => objects(entry.changes))
  if (changes.length === 0) return [{ kind: 'ignored', reason: `Webhook of ${str(body.object) ?? 'an unknown object'} without changes` }]
  return changes.flatMap((change) => parseChange(change, phoneNumberId))
}

function parseChange(change: Json, phoneNumberId: string): InboundEvent[] {
  const value = obj(change.value)
  if (change.field !== 'messages' || !value) return [{ kind: 'ignored', reason: `Change of ${str(change.field) ?? 'nothing'}` }]
  const events = [
    ...objects(value.messages).flatMap((message) => parseMessage(message, objects(value.contacts))),
    ...objects(value.statuses).map(parseStatus),
    ...objects(value.errors).map(
      (error): InboundEvent => ({ kind: 'ignored', reason: `Error report: ${graphError(error)?.message ?? 'unknown'}` }),
    ),
  ]
  if (events.length === 0) return [{ kind: 'ignored', reason: 'Change without messages and statuses' }]
  const accountKey = id(obj(value.metadata)?.phone_number_id)
  if (accountKey === null || accountKey === phoneNumberId) return events
  return events.map((event) => ({ kind: 'other_account', accountKey, event }))
}

function parseMessage(message: Json, contacts: Json[]): InboundEvent[] {
  const externalId = text(message.id)
  if (externalId === null) return [{ kind: 'ignored', reason: 'Message without an id' }]
  if (message.type === 'system') return parseSystem(message, externalId)
  if (message.type === 'request_welcome') return [{ kind: 'ignored', reason: 'Customer opened the chat' }]
  const customer = customerOf(message, contacts)
  if (!customer) return [{ kind: 'ignored', reason: 'Message without a sender' }]
  const providerAt = seconds(message.timestamp)
  const reaction = message.type === 'reaction' ? obj(message.reaction) : null
  if (reaction) {
    const emoji = text(reaction.emoji)
    const target = text(reaction.message_id) ?? ''
    return [{ kind: 'reaction', eventKey: externalId, externalId: target, emoji, text: describeReaction(emoji), customer, providerAt }]
  }
  return [{ kind: 'message', externalId, customer, providerAt, acknowledge: null, ...whatsappContent(message) }]
}

/** A sender has a business-scoped user id, a phone number, or both; with a username the number may be missing. */
function customerOf(message: Json, contacts: Json[]): InboundCustomer | null {
  const userId = text(message.from_user_id)
  const from = phoneOf(message.from)
  const contact =
    contacts.find((candidate) => userId !== null && candidate.user_id === userId) ??
    contacts.find((candidate) => from !== null && phoneOf(candidate.wa_id) === from) ??
    (contacts.length === 1 && userId === null && from === null ? contacts[0] : undefined)
  const phone = from ?? phoneOf(contact?.wa_id)
  const identities: IdentityRef[] = [userId ?? text(contact?.user_id), text(message.from_parent_user_id) ?? text(contact?.parent_user_id)]
    .filter((externalId) => externalId !== null)
    .map((externalId) => ({ namespace: 'whatsapp', externalId }))
  if (phone !== null) identities.unshift({ namespace: 'phone', externalId: phone })
  if (identities.length === 0) return null
  const profile = obj(contact?.profile)
  return { identities, name: text(profile?.name), username: text(profile?.username), phone, language: null }
}

function phoneOf(value: unknown): string | null {
  const digits = id(value)?.replace(/\D/g, '') ?? ''
  return digits === '' ? null : `+${digits}`
}

/** Announcements about a customer's own ids: they move identities and are no message. */
function parseSystem(message: Json, externalId: string): InboundEvent[] {
  const system = obj(message.system) ?? {}
  const at = seconds(message.timestamp)
  const changes: Array<[string, string, string | null, string | null]> = [
    ['phone', 'phone', phoneOf(message.from) ?? phoneOf(system.customer), phoneOf(system.wa_id) ?? phoneOf(system.new_wa_id)],
    ['user', 'whatsapp', text(system.previous_user_id) ?? text(message.from_user_id), text(system.user_id)],
  ]
  const events = changes.flatMap(([suffix, namespace, from, to]): InboundEvent[] =>
    from === null || to === null || from === to
      ? []
      : [
          {
            kind: 'identity_changed',
            eventKey: `${externalId}:${suffix}`,
            from: { namespace, externalId: from },
            to: { namespace, externalId: to },
            at,
          },
        ],
  )
  return events.length > 0 ? events : [{ kind: 'ignored', reason: `System message ${str(system.type) ?? 'unknown'}` }]
}

const statuses: Record<string, DeliveryStatus> = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read', failed: 'failed' }

function parseStatus(report: Json): InboundEvent {
  const externalId = text(report.id)
  const word = str(report.status) ?? ''
  const status = statuses[word]
  if (externalId === null || !status) return { kind: 'ignored', reason: `Status ${word || 'unknown'}` }
  const error = graphError(objects(report.errors)[0]) ?? {
    code: 131000,
    subcode: null,
    message: 'WhatsApp gave no reason',
    isTransient: false,
  }
  return {
    kind: 'status',
    eventKey: `${externalId}:${word}`,
    target: { by: 'message', externalId, correlationId: correlationOf(text(report.biz_opaque_callback_data)) },
    status,
    at: seconds(report.timestamp),
    failure: status === 'failed' ? whatsappFailure(error) : null,
  }
}
