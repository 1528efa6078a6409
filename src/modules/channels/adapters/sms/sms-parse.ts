import type { DeliveryStatus, InboundCustomer, InboundEvent, InboundFile, WebhookRequest } from '../adapter.ts'
import { correlationOf } from '../correlation.ts'
import { header } from '../http.ts'
import { num, parseObject } from '../json.ts'
import { kindOf } from '../limits.ts'
import { twilioFailure } from './sms-errors.ts'
import { formParams } from './sms-signature.ts'

/** Query parameter of the status callback's address that carries our mark. */
export const correlationParameter = 'message'

type Fields = ReadonlyMap<string, string>

/** A message or a status callback (https://www.twilio.com/docs/messaging/guides/webhook-request); Twilio never batches. */
export function parseTwilio(request: WebhookRequest): InboundEvent[] {
  const fields = fieldsOf(request)
  const externalId = filled(fields, 'MessageSid') ?? filled(fields, 'SmsSid') ?? filled(fields, 'SmsMessageSid')
  if (externalId === null) return [{ kind: 'ignored', reason: 'Request without a MessageSid' }]
  const status = filled(fields, 'MessageStatus') ?? filled(fields, 'SmsStatus')
  if (fields.has('MessageStatus') || (status !== null && status !== 'received' && status !== 'receiving')) {
    return [parseStatus(fields, externalId, status ?? '', request.query[correlationParameter] ?? null)]
  }
  return parseMessage(fields, externalId)
}

function fieldsOf(request: WebhookRequest): Fields {
  if (request.method === 'GET') return new Map(Object.entries(request.query))
  if ((header(request.headers, 'content-type') ?? '').startsWith('application/json')) {
    const body = parseObject(request.rawBody)
    return new Map(Object.entries(body).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]))
  }
  return new Map(formParams(request.rawBody))
}

function filled(fields: Fields, name: string): string | null {
  const value = fields.get(name)
  return value === undefined || value === '' ? null : value
}

function parseMessage(fields: Fields, externalId: string): InboundEvent[] {
  const from = filled(fields, 'From')
  if (from === null) return [{ kind: 'ignored', reason: 'Message without a sender' }]
  const customer: InboundCustomer = {
    identities: [{ namespace: 'phone', externalId: from }],
    name: null,
    username: null,
    // Short codes and names of companies can write too.
    phone: /^\+\d{5,15}$/.test(from) ? from : null,
    language: null,
  }
  const files = filesOf(fields)
  const message: InboundEvent = {
    kind: 'message',
    externalId,
    customer,
    providerAt: null,
    acknowledge: null,
    type: files.length > 0 ? 'mms' : 'sms',
    text: filled(fields, 'Body') ?? (files.length > 0 ? null : '[Empty message]'),
    files,
    payload: null,
    quoted: null,
    forwarded: false,
    albumId: null,
  }
  const choice = filled(fields, 'OptOutType')
  if (choice !== 'STOP' && choice !== 'START') return [message]
  const kind = choice === 'STOP' ? 'opted_out' : 'opted_in'
  return [message, { kind, eventKey: `${externalId}:${choice}`, customer, at: null }]
}

function filesOf(fields: Fields): InboundFile[] {
  const count = Math.min(num(fields.get('NumMedia')) ?? 0, 100)
  return Array.from({ length: count }, (_, index) => index).flatMap((index): InboundFile[] => {
    const url = filled(fields, `MediaUrl${index}`)
    const type = filled(fields, `MediaContentType${index}`)
    return url === null ? [] : [{ source: { by: 'url', url }, kind: kindOf(type), name: null, type, size: null, sha256: null }]
  })
}

const statuses: Record<string, DeliveryStatus> = {
  accepted: 'sending',
  scheduled: 'sending',
  queued: 'sending',
  sending: 'sending',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
}

/** Callbacks have neither order nor time. */
function parseStatus(fields: Fields, externalId: string, word: string, tag: string | null): InboundEvent {
  const status = statuses[word]
  if (!status) return { kind: 'ignored', reason: `Status ${word}` }
  const code = num(fields.get('ErrorCode')) ?? 30008
  return {
    kind: 'status',
    eventKey: `${externalId}:${word}`,
    target: { by: 'message', externalId, correlationId: correlationOf(tag) },
    status,
    at: null,
    failure: status === 'failed' ? twilioFailure(code, filled(fields, 'ErrorMessage')) : null,
  }
}
