import { isLoopback, webhookUrl } from '../account.ts'
import {
  type ChannelAccount,
  type ChannelLimits,
  type OutboundMessage,
  type OutboundPart,
  ProviderCallError,
  type Recipient,
  type SendResult,
  type SendSuccess,
} from '../adapter.ts'
import { correlationTag } from '../correlation.ts'
import { failure, transportFailure } from '../failure.ts'
import { type HttpPort, type JsonAnswer, requestJson } from '../http.ts'
import { type Json, num, obj, objects, str, text } from '../json.ts'
import { KiB, MiB } from '../limits.ts'
import { smsConfig, twilioAuthorization, twilioUrl } from './sms-config.ts'
import { twilioAnswerFailure, twilioFailure } from './sms-errors.ts'
import { correlationParameter } from './sms-parse.ts'

const pictures = ['image/jpeg', 'image/jpg', 'image/png', 'image/gif']
const others = [
  'image/*',
  'audio/*',
  'video/*',
  'application/pdf',
  'text/vcard',
  'text/x-vcard',
  'text/csv',
  'text/calendar',
  'text/rtf',
  'text/plain',
]

/** Limits of https://www.twilio.com/docs/messaging/api/message-resource. */
export const smsLimits: ChannelLimits = {
  maxTextLength: 1600,
  maxCaptionLength: 1600,
  maxFilesPerMessage: 10,
  filesPerProviderMessage: 10,
  fileTypes: [...pictures.map((type) => ({ type, maxBytes: 5 * MiB })), ...others.map((type) => ({ type, maxBytes: 500 * KiB }))],
  maxTotalBytes: 5 * MiB,
  replyWindowHours: null,
}

/** One MMS holds the text and all files. */
export function splitForSms(message: OutboundMessage): OutboundPart[] {
  return [{ ...message }]
}

/** Creates the message; there is no idempotency key, so a lost answer leaves the outcome open (see `findSent`). */
export async function sendSms(
  part: OutboundPart,
  to: Recipient,
  correlationId: string,
  account: ChannelAccount,
  http: HttpPort,
): Promise<SendResult> {
  const phone = phoneOf(to)
  if (phone === null) return failure({ category: 'unreachable', code: 'twilio.no_identity', reason: 'The customer has no phone number' })
  const media = part.files.map((file) => file.publicUrl)
  if (!media.every((url) => url !== null)) {
    const reason = 'Twilio fetches files from this server: set PARLEY_PUBLIC_URL'
    return failure({ category: 'content', code: 'twilio.no_public_url', reason })
  }
  const callback = statusCallback(account, correlationId)
  const fields: Array<[string, string]> = [
    ['To', phone],
    ...senderFields(account),
    ...(part.text ? [['Body', part.text] as [string, string]] : []),
    ...media.map((url): [string, string] => ['MediaUrl', url]),
    ...(callback === null ? [] : [['StatusCallback', callback] as [string, string]]),
  ]
  try {
    const url = twilioUrl(account, '/Messages.json')
    return sendResult(
      await requestJson(http, { method: 'POST', url, headers: twilioAuthorization(account), body: { type: 'form', fields } }),
    )
  } catch (error) {
    return transportFailure(error)
  }
}

function phoneOf(to: Recipient): string | null {
  return to.identities.find((identity) => identity.namespace === 'phone')?.externalId ?? null
}

function senderFields(account: ChannelAccount): Array<[string, string]> {
  const { from, messagingServiceSid } = smsConfig(account)
  return messagingServiceSid === undefined ? [['From', from ?? '']] : [['MessagingServiceSid', messagingServiceSid]]
}

/** Twilio refuses a message whose callback it can never reach, so a local address is only given to a local server. */
function statusCallback(account: ChannelAccount, correlationId: string): string | null {
  const url = webhookUrl(account)
  if (url === null) return null
  if (isLoopback(new URL(url).hostname) && smsConfig(account).apiBaseUrl === undefined) return null
  return `${url}/status?${correlationParameter}=${encodeURIComponent(correlationTag(correlationId))}`
}

function sendResult(answer: JsonAnswer): SendResult {
  const message = obj(answer.json)
  if (answer.status >= 400 || !message || text(message.sid) === null) return twilioAnswerFailure(answer)
  const status = str(message.status)
  if (status === 'failed' || status === 'undelivered') return twilioFailure(num(message.error_code) ?? 30008, text(message.error_message))
  return success(message)
}

function success(message: Json): SendSuccess {
  const status = message.status === 'delivered' || message.status === 'read' ? message.status : 'sent'
  return { ok: true, externalIds: [str(message.sid) ?? ''], providerAt: dateOf(message.date_created), status, movedTo: null }
}

/** RFC 2822, e.g. "Mon, 23 Nov 2026 04:05:00 +0000". */
function dateOf(value: unknown): Date | null {
  const at = Date.parse(str(value) ?? '')
  return Number.isNaN(at) ? null : new Date(at)
}

const clockSlackMs = 60_000

/**
 * The oldest of the newest 50 messages to this number that is this part: created since `since` with the same text and
 * as many files, and not one of `knownIds`. Throws ProviderCallError.
 */
export async function findSentSms(
  part: OutboundPart,
  to: Recipient,
  since: Date,
  knownIds: ReadonlySet<string>,
  account: ChannelAccount,
  http: HttpPort,
): Promise<SendSuccess | null> {
  const phone = phoneOf(to)
  if (phone === null) return null
  const found = objects((await listMessages(account, http, { To: phone, PageSize: '50' })).messages)
  const matches = found.filter((message) => {
    const created = dateOf(message.date_created)
    return (
      !knownIds.has(str(message.sid) ?? '') &&
      message.direction !== 'inbound' &&
      created !== null &&
      created.getTime() >= since.getTime() - clockSlackMs &&
      // Trial accounts put a notice in front of the text.
      (str(message.body) ?? '').endsWith(part.text ?? '') &&
      (num(message.num_media) ?? 0) === part.files.length
    )
  })
  const oldest = matches.at(-1)
  return oldest ? success(oldest) : null
}

async function listMessages(account: ChannelAccount, http: HttpPort, query: Record<string, string>): Promise<Json> {
  const url = `${twilioUrl(account, '/Messages.json')}?${new URLSearchParams(query)}`
  return askTwilio(account, http, url)
}

/** GETs a resource. Throws ProviderCallError. */
export async function askTwilio(account: ChannelAccount, http: HttpPort, url: string): Promise<Json> {
  let answer: JsonAnswer
  try {
    answer = await requestJson(http, { method: 'GET', url, headers: twilioAuthorization(account) })
  } catch (error) {
    throw new ProviderCallError(transportFailure(error, false))
  }
  const body = obj(answer.json)
  if (answer.status >= 300 || !body) throw new ProviderCallError(twilioAnswerFailure(answer))
  return body
}
