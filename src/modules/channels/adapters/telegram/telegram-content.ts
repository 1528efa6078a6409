import type { FileKind, InboundContent, InboundFile } from '../adapter.ts'
import { id, type Json, num, obj, objects, str, text } from '../json.ts'
import { describeContact, describePlace, describePoll, describeUnsupported, lines } from '../readable.ts'
import { telegramMessageId } from './telegram-config.ts'

/** Fields of a Message that are not its content (https://core.telegram.org/bots/api#message). */
// biome-ignore format: one list
const envelope = new Set([
  'message_id', 'message_thread_id', 'direct_messages_topic', 'from', 'sender_chat', 'sender_boost_count', 'sender_business_bot', 'date',
  'business_connection_id', 'chat', 'forward_origin', 'is_topic_message', 'is_automatic_forward', 'reply_to_message', 'external_reply', 'quote',
  'reply_to_story', 'reply_to_checklist_task_id', 'via_bot', 'edit_date', 'has_protected_content', 'is_from_offline', 'is_paid_post', 'media_group_id',
  'author_signature', 'paid_star_count', 'entities', 'link_preview_options', 'suggested_post_info', 'effect_id', 'caption_entities',
  'show_caption_above_media', 'has_media_spoiler', 'reply_markup', 'caption', 'text', 'sender_tag',
])

/** What a Message says; in a group every line begins with who said it. */
export function telegramContent(message: Json, chatId: string, author: string | null): InboundContent {
  const said = contentOf(message)
  const quoted = obj(message.reply_to_message)
  const line = lines(said.text, text(message.caption))
  return {
    type: said.type,
    text: author === null ? line : `${author}: ${line ?? said.type}`,
    files: said.files,
    payload: startPayload(message),
    quoted: quoted
      ? { externalId: telegramMessageId(chatId, id(quoted.message_id) ?? ''), text: text(quoted.text) ?? text(quoted.caption) }
      : null,
    forwarded: obj(message.forward_origin) !== null,
    albumId: text(message.media_group_id),
  }
}

interface Said {
  type: string
  text: string | null
  files: InboundFile[]
}

const files = {
  // An animation also sets `document`, for old clients: it has to come first.
  animation: 'video',
  document: 'document',
  audio: 'audio',
  voice: 'voice',
  video: 'video',
  video_note: 'video',
  sticker: 'sticker',
} as const satisfies Record<string, FileKind>

function contentOf(message: Json): Said {
  const plain = text(message.text)
  if (plain !== null) return { type: 'text', text: plain, files: [] }
  const photo = objects(message.photo).at(-1)
  if (photo) return { type: 'photo', text: null, files: [fileOf(largest(objects(message.photo)), 'image', 'image/jpeg')] }
  for (const [type, kind] of Object.entries(files)) {
    const file = obj(message[type])
    if (file) return { type, text: null, files: [fileOf(file, kind, defaultType(type, file))] }
  }
  return describeOther(message)
}

function largest(sizes: Json[]): Json {
  const area = (size: Json) => (num(size.width) ?? 0) * (num(size.height) ?? 0)
  return sizes.reduce((best, size) => (area(size) > area(best) ? size : best))
}

function fileOf(file: Json, kind: FileKind, type: string | null): InboundFile {
  return {
    source: { by: 'id', id: str(file.file_id) ?? '' },
    kind,
    name: text(file.file_name),
    type: text(file.mime_type) ?? type,
    size: num(file.file_size),
    sha256: null,
  }
}

/** Types Telegram fixes by the sort of file and therefore leaves out. */
function defaultType(type: string, file: Json): string | null {
  if (type === 'video_note') return 'video/mp4'
  if (type !== 'sticker') return null
  if (file.is_animated === true) return 'application/x-tgsticker'
  return file.is_video === true ? 'video/webm' : 'image/webp'
}

function describeOther(message: Json): Said {
  const venue = obj(message.venue)
  const location = obj(venue?.location) ?? obj(message.location)
  if (location) {
    const place = {
      latitude: num(location.latitude) ?? 0,
      longitude: num(location.longitude) ?? 0,
      name: text(venue?.title),
      address: text(venue?.address),
    }
    return { type: venue ? 'venue' : 'location', text: describePlace(place), files: [] }
  }
  const contact = obj(message.contact)
  if (contact) return { type: 'contact', text: contactLine(contact), files: [] }
  const poll = obj(message.poll)
  if (poll) {
    const options = objects(poll.options).map((option) => str(option.text) ?? '')
    return { type: 'poll', text: describePoll(text(poll.question), options), files: [] }
  }
  const dice = obj(message.dice)
  if (dice) return { type: 'dice', text: `${str(dice.emoji) ?? '🎲'} ${id(dice.value) ?? ''}`.trim(), files: [] }
  return describeRest(message)
}

function contactLine(contact: Json): string {
  const name = [text(contact.first_name), text(contact.last_name)].filter((part) => part !== null).join(' ')
  const phone = text(contact.phone_number)
  return describeContact({ name: name === '' ? null : name, phones: phone === null ? [] : [phone], emails: [], organisation: null })
}

function describeRest(message: Json): Said {
  const type = Object.keys(message).find((key) => !envelope.has(key)) ?? 'empty'
  const game = obj(message.game)
  const checklist = obj(message.checklist)
  if (game) return { type, text: `🎮 ${text(game.title) ?? 'Game'}`, files: [] }
  if (checklist) {
    const tasks = objects(checklist.tasks).map((task) => `• ${str(task.text) ?? ''}`)
    return { type, text: lines(`☑ ${text(checklist.title) ?? 'Checklist'}`, ...tasks), files: [] }
  }
  return { type, text: describeUnsupported('Telegram', type), files: [] }
}

/** The parameter of a deep link: https://t.me/bot?start=payload arrives as "/start payload". */
function startPayload(message: Json): string | null {
  return /^\/start(?:@\w+)? (\S+)$/.exec(str(message.text) ?? '')?.[1] ?? null
}
