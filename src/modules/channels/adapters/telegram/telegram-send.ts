import type { ChannelAccount, IdentityRef, OutboundFile, OutboundMessage, OutboundPart, Recipient, SendResult } from '../adapter.ts'
import { failure, transportFailure } from '../failure.ts'
import type { HttpBody, HttpPort, JsonAnswer } from '../http.ts'
import { id, type Json, obj, objects, seconds } from '../json.ts'
import { MiB, plainType } from '../limits.ts'
import { callTelegram, resultOf } from './telegram-call.ts'
import { telegramMessageId } from './telegram-config.ts'
import { isPhotoRefusal, migratedTo, telegramFailure } from './telegram-errors.ts'

export const maxText = 4096
export const maxCaption = 1024
const maxAlbum = 10
const maxPhotoBytes = 10 * MiB

/** Upload methods and the field each wants its file in (https://core.telegram.org/bots/api#sending-files). */
const methods = {
  photo: 'sendPhoto',
  video: 'sendVideo',
  audio: 'sendAudio',
  voice: 'sendVoice',
  document: 'sendDocument',
} as const
type Media = keyof typeof methods

function mediaOf(file: OutboundFile): Media {
  const type = plainType(file.type)
  if ((type === 'image/jpeg' || type === 'image/png' || type === 'image/webp') && file.size <= maxPhotoBytes) return 'photo'
  if (type === 'video/mp4') return 'video'
  if (type === 'audio/mpeg' || type === 'audio/mp4' || type === 'audio/x-m4a') return 'audio'
  return type === 'audio/ogg' ? 'voice' : 'document'
}

/** Only photos and videos mix in an album; voice messages have none. */
function albumOf(media: Media): string | null {
  if (media === 'voice') return null
  return media === 'photo' || media === 'video' ? 'visual' : media
}

/** Files that Telegram shows together go as one album of 2 to 10; a short text is the caption of the first. */
export function splitForTelegram(message: OutboundMessage): OutboundPart[] {
  const groups: Array<{ album: string | null; files: OutboundFile[] }> = []
  for (const file of message.files) {
    const album = albumOf(mediaOf(file))
    const last = groups.at(-1)
    if (last && album !== null && last.album === album && last.files.length < maxAlbum) last.files.push(file)
    else groups.push({ album, files: [file] })
  }
  const captioned = groups.length > 0 && (message.text?.length ?? 0) <= maxCaption
  const parts: OutboundPart[] = groups.map(({ files }, index) => ({
    text: captioned && index === 0 ? message.text : null,
    files,
    replyTo: index === 0 ? message.replyTo : null,
  }))
  if (captioned || message.text === null || message.text === '') return parts
  const [first, ...rest] = parts
  const textPart = { text: message.text, files: [], replyTo: message.replyTo }
  return first ? [textPart, { ...first, replyTo: null }, ...rest] : [textPart]
}

/** Sends one part; follows a group to its new id once. */
export async function sendToTelegram(part: OutboundPart, to: Recipient, account: ChannelAccount, http: HttpPort): Promise<SendResult> {
  const identity = to.identities.find((candidate) => candidate.namespace === 'telegram')
  if (!identity) return failure({ category: 'unreachable', code: 'telegram.no_identity', reason: 'The customer has no Telegram chat' })
  try {
    const answer = await attempt(part, identity.externalId, account, http)
    const target = migratedTo(answer)
    if (target === null) return sendResult(answer, identity.externalId, null)
    return sendResult(await attempt(part, target, account, http), target, { namespace: 'telegram', externalId: target })
  } catch (error) {
    return transportFailure(error)
  }
}

async function attempt(part: OutboundPart, chatId: string, account: ChannelAccount, http: HttpPort): Promise<JsonAnswer> {
  const common: Json = { chat_id: chatNumber(chatId), ...replyParameters(part.replyTo) }
  const [first] = part.files
  if (!first) return callTelegram(account, http, 'sendMessage', { type: 'json', value: { ...common, text: part.text ?? '' } })
  if (part.files.length > 1) return callTelegram(account, http, 'sendMediaGroup', albumBody(common, part))
  const media = mediaOf(first)
  const answer = await callTelegram(account, http, methods[media], fileBody(common, part.text, first, media))
  if (media !== 'photo' || !isPhotoRefusal(answer)) return answer
  return callTelegram(account, http, methods.document, fileBody(common, part.text, first, 'document'))
}

function fileBody(common: Json, caption: string | null, file: OutboundFile, media: Media): HttpBody {
  const fields = formFields({ ...common, ...(caption ? { caption } : {}) })
  return { type: 'multipart', fields, files: [{ field: media, name: file.name, type: file.type, size: file.size, open: file.open }] }
}

function albumBody(common: Json, part: OutboundPart): HttpBody {
  const media = part.files.map((file, index) => ({
    type: mediaOf(file),
    media: `attach://file${index}`,
    ...(index === 0 && part.text ? { caption: part.text } : {}),
  }))
  return {
    type: 'multipart',
    fields: formFields({ ...common, media }),
    files: part.files.map((file, index) => ({ field: `file${index}`, name: file.name, type: file.type, size: file.size, open: file.open })),
  }
}

/** In a form, everything but texts and numbers is written as JSON. */
function formFields(params: Json): Array<[string, string]> {
  return Object.entries(params).map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)])
}

function chatNumber(chatId: string): number | string {
  return /^-?\d{1,15}$/.test(chatId) ? Number(chatId) : chatId
}

function replyParameters(replyTo: string | null): Json {
  const messageId = replyTo?.split(':')[1]
  if (messageId === undefined || !/^\d+$/.test(messageId)) return {}
  return { reply_parameters: { message_id: Number(messageId), allow_sending_without_reply: true } }
}

function sendResult(answer: JsonAnswer, chatId: string, movedTo: IdentityRef | null): SendResult {
  const result = resultOf(answer)
  const messages = Array.isArray(result) ? objects(result) : objects([result])
  const externalIds = messages.map((message) => telegramMessageId(id(obj(message.chat)?.id) ?? chatId, id(message.message_id) ?? ''))
  if (externalIds.length === 0) return telegramFailure(answer)
  return { ok: true, externalIds, providerAt: seconds(messages[0]?.date), status: 'sent', movedTo }
}
