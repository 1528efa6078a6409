import type { InboundCustomer, InboundEvent } from '../adapter.ts'
import { correlationOf } from '../correlation.ts'
import { firstKey, id, type Json, millis, obj, objects, str, text } from '../json.ts'
import { describeReaction } from '../readable.ts'
import { messengerNamespace } from './messenger-config.ts'
import { messengerContent, postbackContent, textContent } from './messenger-content.ts'

const eventKinds = ['message', 'postback', 'reaction', 'read', 'delivery', 'message_edit'] as const

/** Every event of a webhook (https://developers.facebook.com/docs/messenger-platform/webhooks). */
export function parseMessenger(body: Json, pageId: string): InboundEvent[] {
  const entries = objects(body.entry)
  if (body.object !== 'page' || entries.length === 0)
    return [{ kind: 'ignored', reason: `Webhook of ${str(body.object) ?? 'an unknown object'}` }]
  return entries.flatMap((entry) => parseEntry(entry, pageId))
}

function parseEntry(entry: Json, pageId: string): InboundEvent[] {
  const accountKey = id(entry.id) ?? ''
  const events = [
    ...objects(entry.messaging).flatMap((event) => parseEvent(event, accountKey)),
    ...objects(entry.standby).flatMap((event) => parseStandby(event, accountKey)),
    ...objects(entry.changes).map((change): InboundEvent => ({ kind: 'ignored', reason: `Change of ${str(change.field) ?? 'nothing'}` })),
  ]
  if (events.length === 0) return [{ kind: 'ignored', reason: 'Entry without events' }]
  if (accountKey === pageId) return events
  return events.map((event) => (event.kind === 'ignored' ? event : { kind: 'other_account', accountKey, event }))
}

/** While another app owns the thread, what customers write is for that app; receipts of our own messages still count. */
function parseStandby(event: Json, pageId: string): InboundEvent[] {
  const kind = firstKey(event, eventKinds)
  if (kind === 'read' || kind === 'delivery') return parseEvent(event, pageId)
  return [{ kind: 'ignored', reason: `Standby ${kind ?? 'event'}` }]
}

function parseEvent(event: Json, pageId: string): InboundEvent[] {
  const kind = firstKey(event, eventKinds)
  const body = kind ? obj(event[kind]) : null
  const sender = id(obj(event.sender)?.id)
  if (!kind || !body || sender === null) return [{ kind: 'ignored', reason: `Event ${otherKeys(event)}` }]
  const at = millis(event.timestamp)
  const customer = customerOf(pageId, sender)
  switch (kind) {
    case 'message':
      return [body.is_echo === true ? parseEcho(event, body, pageId) : parseMessage(body, customer, at)]
    case 'postback':
      return [
        {
          kind: 'message',
          externalId: text(body.mid) ?? `postback:${sender}:${id(event.timestamp) ?? ''}`,
          customer,
          providerAt: at,
          acknowledge: null,
          ...postbackContent(body),
        },
      ]
    case 'reaction':
      return [parseReaction(body, customer, sender, event)]
    case 'read':
      return parseWatermark(body, pageId, sender, 'read')
    case 'delivery':
      return [...parseMids(body), ...parseWatermark(body, pageId, sender, 'delivered')]
    case 'message_edit':
      return [parseEdit(body, customer, at)]
  }
}

function otherKeys(event: Json): string {
  const known = new Set(['sender', 'recipient', 'timestamp'])
  return Object.keys(event)
    .filter((key) => !known.has(key))
    .join(', ')
}

function customerOf(pageId: string, externalId: string): InboundCustomer {
  return { identities: [{ namespace: messengerNamespace(pageId), externalId }], name: null, username: null, phone: null, language: null }
}

function parseMessage(message: Json, customer: InboundCustomer, at: Date | null): InboundEvent {
  const externalId = text(message.mid)
  if (externalId === null) return { kind: 'ignored', reason: 'Message without an id' }
  if (message.is_deleted === true) return { kind: 'deleted', eventKey: `${externalId}:deleted`, externalId, customer, providerAt: at }
  return { kind: 'message', externalId, customer, providerAt: at, acknowledge: null, ...messengerContent(message) }
}

/** What the page sent: our own messages carry our mark, all others were written in the Page's inbox or by another app. */
function parseEcho(event: Json, message: Json, pageId: string): InboundEvent {
  const externalId = text(message.mid)
  const psid = id(obj(event.recipient)?.id)
  if (externalId === null || psid === null) return { kind: 'ignored', reason: 'Echo without ids' }
  const customer = customerOf(pageId, psid)
  const providerAt = millis(event.timestamp)
  const correlationId = correlationOf(text(message.metadata))
  if (correlationId !== null) {
    return { kind: 'echo', externalId, correlationId, customer: { namespace: messengerNamespace(pageId), externalId: psid }, providerAt }
  }
  return { kind: 'outgoing', externalId, customer, providerAt, ...messengerContent(message) }
}

function parseReaction(reaction: Json, customer: InboundCustomer, sender: string, event: Json): InboundEvent {
  const mid = text(reaction.mid) ?? ''
  const action = str(reaction.action) ?? ''
  const emoji = action === 'unreact' ? null : (text(reaction.emoji) ?? text(reaction.reaction) ?? '▫️')
  return {
    kind: 'reaction',
    // Reactions have no id of their own.
    eventKey: `${mid}:${sender}:${action}:${id(event.timestamp) ?? ''}`,
    externalId: mid,
    emoji,
    text: describeReaction(emoji),
    customer,
    providerAt: millis(event.timestamp),
  }
}

/** Delivered is everything before the watermark, read everything before or at it. */
function parseWatermark(body: Json, pageId: string, sender: string, status: 'delivered' | 'read'): InboundEvent[] {
  const upTo = millis(body.watermark)
  if (!upTo) return []
  const customer = { namespace: messengerNamespace(pageId), externalId: sender }
  return [
    {
      kind: 'status',
      eventKey: `${sender}:${status}:${upTo.getTime()}`,
      target: { by: 'watermark', customer, upTo, inclusive: status === 'read' },
      status,
      at: upTo,
      failure: null,
    },
  ]
}

function parseMids(body: Json): InboundEvent[] {
  const mids = Array.isArray(body.mids) ? body.mids.filter((mid): mid is string => typeof mid === 'string') : []
  return mids.map((externalId) => ({
    kind: 'status',
    eventKey: `${externalId}:delivered`,
    target: { by: 'message', externalId, correlationId: null },
    status: 'delivered',
    at: millis(body.watermark),
    failure: null,
  }))
}

function parseEdit(edit: Json, customer: InboundCustomer, providerAt: Date | null): InboundEvent {
  const externalId = text(edit.mid)
  if (externalId === null) return { kind: 'ignored', reason: 'Edit without an id' }
  const eventKey = `${externalId}:edit:${id(edit.num_edit) ?? ''}`
  return { kind: 'edited', eventKey, externalId, customer, providerAt, ...textContent('edit', text(edit.text)) }
}
