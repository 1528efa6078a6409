import type {
  ChannelAccount,
  ChannelLimits,
  OutboundFile,
  OutboundMessage,
  OutboundPart,
  Recipient,
  SendFailure,
  SendResult,
} from '../adapter.ts'
import { correlationTag } from '../correlation.ts'
import { failure, transportFailure } from '../failure.ts'
import type { HttpPort, JsonAnswer } from '../http.ts'
import { type Json, obj, objects, text } from '../json.ts'
import { KiB, MiB, plainType } from '../limits.ts'
import { callGraph, graphFailure } from '../meta/graph.ts'
import { whatsappAccess, whatsappConfig } from './whatsapp-config.ts'

const maxCaption = 1024
const office = 'application/vnd.openxmlformats-officedocument'
// biome-ignore format: one list
const documents = [
  'text/plain', 'application/pdf', 'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
  `${office}.wordprocessingml.document`, `${office}.spreadsheetml.sheet`, `${office}.presentationml.presentation`,
]

/** Types and sizes of https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media. */
export const whatsappLimits: ChannelLimits = {
  maxTextLength: 4096,
  maxCaptionLength: maxCaption,
  maxFilesPerMessage: 10,
  filesPerProviderMessage: 1,
  fileTypes: [
    ...['image/jpeg', 'image/png'].map((type) => ({ type, maxBytes: 5 * MiB })),
    { type: 'image/webp', maxBytes: 100 * KiB },
    ...['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/x-m4a', 'audio/ogg'].map((type) => ({ type, maxBytes: 16 * MiB })),
    ...['video/mp4', 'video/3gpp'].map((type) => ({ type, maxBytes: 16 * MiB })),
    ...documents.map((type) => ({ type, maxBytes: 100 * MiB })),
  ],
  maxTotalBytes: null,
  replyWindowHours: 24,
}

type Media = 'image' | 'audio' | 'video' | 'document' | 'sticker'

function mediaOf(file: OutboundFile): Media {
  const type = plainType(file.type)
  if (type === 'image/webp') return 'sticker'
  const [family] = type.split('/')
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
}

function takesCaption(file: OutboundFile): boolean {
  const media = mediaOf(file)
  return media === 'image' || media === 'video' || media === 'document'
}

/** One file a message; a short text is the caption of the first file if that can have one, else a message before it. */
export function splitForWhatsapp(message: OutboundMessage): OutboundPart[] {
  const [first] = message.files
  const captioned = first !== undefined && takesCaption(first) && (message.text?.length ?? 0) <= maxCaption
  const parts: OutboundPart[] = message.files.map((file, index) => ({
    text: captioned && index === 0 ? message.text : null,
    files: [file],
    replyTo: null,
  }))
  if (!captioned && message.text !== null && message.text !== '') parts.unshift({ text: message.text, files: [], replyTo: null })
  return parts.map((part, index) => (index === 0 ? { ...part, replyTo: message.replyTo } : part))
}

/** Uploads the part's file, if any, and sends it; only the second call can leave the outcome open. */
export async function sendToWhatsapp(
  part: OutboundPart,
  to: Recipient,
  correlationId: string,
  account: ChannelAccount,
  http: HttpPort,
): Promise<SendResult> {
  const target = targetOf(to)
  if (!target) return failure({ category: 'unreachable', code: 'whatsapp.no_identity', reason: 'The customer has no WhatsApp number' })
  const content = await contentOf(part, account, http)
  if (!content.ok) return content
  const message = {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...target,
    ...content.fields,
    ...(part.replyTo === null ? {} : { context: { message_id: part.replyTo } }),
    biz_opaque_callback_data: correlationTag(correlationId),
  }
  try {
    return sendResult(await post(account, http, message), account)
  } catch (error) {
    return transportFailure(error)
  }
}

/** The name the customer last wrote under: a phone number, with its plus sign, or a business-scoped user id. */
function targetOf(to: Recipient): Json | null {
  const identity = to.identities.find(({ namespace }) => namespace === 'phone' || namespace === 'whatsapp')
  if (!identity) return null
  return identity.namespace === 'phone' ? { to: identity.externalId } : { recipient: identity.externalId }
}

async function contentOf(part: OutboundPart, account: ChannelAccount, http: HttpPort): Promise<{ ok: true; fields: Json } | SendFailure> {
  const [file] = part.files
  if (!file) return { ok: true, fields: { type: 'text', text: { preview_url: false, body: part.text ?? '' } } }
  const uploaded = await upload(file, account, http)
  if (typeof uploaded !== 'string') return uploaded
  const type = mediaOf(file)
  const caption = takesCaption(file) && part.text ? { caption: part.text } : {}
  return { ok: true, fields: { type, [type]: { id: uploaded, ...caption, ...(type === 'document' ? { filename: file.name } : {}) } } }
}

async function upload(file: OutboundFile, account: ChannelAccount, http: HttpPort): Promise<string | SendFailure> {
  const access = whatsappAccess(account)
  const type = plainType(file.type)
  try {
    const answer = await callGraph(access, http, 'POST', `${whatsappConfig(account).phoneNumberId}/media`, {
      type: 'multipart',
      fields: [
        ['messaging_product', 'whatsapp'],
        ['type', type],
      ],
      files: [{ field: 'file', name: file.name, type, size: file.size, open: file.open }],
    })
    const mediaId = answer.status < 300 ? text(obj(answer.json)?.id) : null
    return mediaId ?? { ...graphFailure(access, answer), uncertain: false }
  } catch (error) {
    return transportFailure(error, false)
  }
}

function post(account: ChannelAccount, http: HttpPort, value: Json): Promise<JsonAnswer> {
  return callGraph(whatsappAccess(account), http, 'POST', `${whatsappConfig(account).phoneNumberId}/messages`, { type: 'json', value })
}

function sendResult(answer: JsonAnswer, account: ChannelAccount): SendResult {
  const externalId = answer.status < 300 ? text(objects(obj(answer.json)?.messages)[0]?.id) : null
  if (externalId === null) return graphFailure(whatsappAccess(account), answer)
  return { ok: true, externalIds: [externalId], providerAt: null, status: 'sent', movedTo: null }
}
