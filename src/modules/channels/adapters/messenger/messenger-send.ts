import type { ChannelAccount, ChannelLimits, OutboundFile, OutboundMessage, OutboundPart, Recipient, SendResult } from '../adapter.ts'
import { correlationTag } from '../correlation.ts'
import { failure, transportFailure } from '../failure.ts'
import type { HttpBody, HttpPort, JsonAnswer } from '../http.ts'
import { type Json, obj, text } from '../json.ts'
import { kindOf, MiB } from '../limits.ts'
import { callGraph, graphFailure } from '../meta/graph.ts'
import { messengerAccess, messengerConfig, messengerNamespace } from './messenger-config.ts'

const maxImageBytes = 8 * MiB
const day = 24

/** Limits of the Send API (https://developers.facebook.com/docs/messenger-platform/reference/send-api). */
export function messengerLimits(config: { humanAgentTag?: boolean }): ChannelLimits {
  return {
    maxTextLength: 2000,
    maxCaptionLength: 0,
    maxFilesPerMessage: 10,
    filesPerProviderMessage: 1,
    fileTypes: [{ type: '*/*', maxBytes: 25 * MiB }],
    maxTotalBytes: null,
    replyWindowHours: config.humanAgentTag === true ? 7 * day : day,
  }
}

/** A message holds a text or one file, never both. */
export function splitForMessenger(message: OutboundMessage): OutboundPart[] {
  const parts: OutboundPart[] = message.files.map((file) => ({ text: null, files: [file], replyTo: null }))
  if (message.text !== null && message.text !== '') parts.unshift({ text: message.text, files: [], replyTo: null })
  return parts.map((part, index) => (index === 0 ? { ...part, replyTo: message.replyTo } : part))
}

/** Sends one part; outside the window once more as a human agent's answer where the app may. */
export async function sendToMessenger(
  part: OutboundPart,
  to: Recipient,
  correlationId: string,
  account: ChannelAccount,
  http: HttpPort,
): Promise<SendResult> {
  const config = messengerConfig(account)
  const namespace = messengerNamespace(config.pageId)
  const identity = to.identities.find((candidate) => candidate.namespace === namespace)
  if (!identity)
    return failure({ category: 'unreachable', code: 'messenger.no_identity', reason: 'The customer has never written to this page' })
  const send = (kind: Json) => post(account, http, { recipient: { id: identity.externalId }, ...kind }, part, correlationId)
  try {
    const result = sendResult(await send({ messaging_type: 'RESPONSE' }), account)
    if (result.ok || result.category !== 'window_closed' || config.humanAgentTag !== true) return result
    return sendResult(await send({ messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' }), account)
  } catch (error) {
    return transportFailure(error)
  }
}

function post(account: ChannelAccount, http: HttpPort, envelope: Json, part: OutboundPart, correlationId: string): Promise<JsonAnswer> {
  const path = `${messengerConfig(account).pageId}/messages`
  return callGraph(messengerAccess(account), http, 'POST', path, bodyOf(envelope, part, correlationTag(correlationId)))
}

function bodyOf(envelope: Json, part: OutboundPart, metadata: string): HttpBody {
  const [file] = part.files
  const reply = part.replyTo === null ? {} : { reply_to: { mid: part.replyTo } }
  if (!file) return { type: 'json', value: { ...envelope, ...reply, message: { text: part.text ?? '', metadata } } }
  const message = { attachment: { type: attachmentType(file), payload: { is_reusable: false } }, metadata }
  const fields = Object.entries({ ...envelope, ...reply, message }).map(([key, value]): [string, string] => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return { type: 'multipart', fields, files: [{ field: 'filedata', name: file.name, type: file.type, size: file.size, open: file.open }] }
}

function attachmentType(file: OutboundFile): string {
  const kind = kindOf(file.type)
  if (kind === 'image') return file.size <= maxImageBytes ? 'image' : 'file'
  return kind === 'audio' || kind === 'video' ? kind : 'file'
}

function sendResult(answer: JsonAnswer, account: ChannelAccount): SendResult {
  const externalId = answer.status < 300 ? text(obj(answer.json)?.message_id) : null
  if (externalId === null) return graphFailure(messengerAccess(account), answer)
  return { ok: true, externalIds: [externalId], providerAt: null, status: 'sent', movedTo: null }
}
