import type { InboundCustomer, InboundEvent } from '../adapter.ts'
import { firstKey, id, type Json, obj, objects, seconds, str, text } from '../json.ts'
import { describeReaction } from '../readable.ts'
import { telegramMessageId } from './telegram-config.ts'
import { telegramContent } from './telegram-content.ts'

/** Fields of a Message that announce something about a chat, not something a customer says. */
// biome-ignore format: one list
const serviceFields = [
  'new_chat_members', 'left_chat_member', 'new_chat_title', 'new_chat_photo', 'delete_chat_photo', 'group_chat_created',
  'supergroup_chat_created', 'channel_chat_created', 'message_auto_delete_timer_changed', 'pinned_message', 'boost_added',
  'chat_background_set', 'write_access_allowed', 'proximity_alert_triggered', 'forum_topic_created', 'forum_topic_edited',
  'forum_topic_closed', 'forum_topic_reopened', 'general_forum_topic_hidden', 'general_forum_topic_unhidden', 'video_chat_scheduled',
  'video_chat_started', 'video_chat_ended', 'video_chat_participants_invited', 'connected_website', 'chat_owner_left', 'chat_owner_changed',
] as const

const updateKinds = ['message', 'edited_message', 'callback_query', 'my_chat_member', 'message_reaction'] as const

/** The events of one Update object (https://core.telegram.org/bots/api#update). */
export function parseUpdate(update: Json): InboundEvent[] {
  const eventKey = `update:${id(update.update_id) ?? ''}`
  const kind = firstKey(update, updateKinds)
  const body = kind ? obj(update[kind]) : null
  if (!kind || !body)
    return [
      {
        kind: 'ignored',
        reason: `Update with ${Object.keys(update)
          .filter((key) => key !== 'update_id')
          .join(', ')}`,
      },
    ]
  switch (kind) {
    case 'message':
      return [parseMessage(body, eventKey)]
    case 'edited_message':
      return [parseEdit(body, eventKey)]
    case 'callback_query':
      return [parseCallback(body)]
    case 'my_chat_member':
      return [parseMembership(body, eventKey)]
    case 'message_reaction':
      return [parseReaction(body, eventKey)]
  }
}

interface Sender {
  chatId: string
  isGroup: boolean
  customer: InboundCustomer
  /** Who speaks in a group, where the group itself is the customer. */
  author: string | null
}

function senderOf(message: Json): Sender | string {
  const chat = obj(message.chat)
  const from = obj(message.from)
  const chatId = id(chat?.id)
  if (!chat || chatId === null) return 'Message without a chat'
  if (chat.type === 'channel') return 'Post of a channel'
  if (!from) return 'Message without a sender'
  if (from.is_bot === true) return 'Message of a bot'
  if (chat.type === 'private') return { chatId, isGroup: false, customer: customerOf(from), author: null }
  const name = text(chat.title) ?? `Group ${chatId}`
  const customer = {
    identities: [{ namespace: 'telegram', externalId: chatId }],
    name,
    username: text(chat.username),
    phone: null,
    language: text(from.language_code),
  }
  return { chatId, isGroup: true, customer, author: customerOf(from).name ?? 'Member' }
}

function customerOf(user: Json): InboundCustomer {
  const name = [text(user.first_name), text(user.last_name)].filter((part) => part !== null).join(' ')
  return {
    identities: [{ namespace: 'telegram', externalId: id(user.id) ?? '' }],
    name: name === '' ? null : name,
    username: text(user.username),
    phone: null,
    language: text(user.language_code),
  }
}

function parseMessage(message: Json, eventKey: string): InboundEvent {
  const moved = parseMigration(message, eventKey)
  if (moved) return moved
  const service = firstKey(message, serviceFields)
  if (service) return { kind: 'ignored', reason: `Service message ${service}` }
  const sender = senderOf(message)
  if (typeof sender === 'string') return { kind: 'ignored', reason: sender }
  return {
    kind: 'message',
    externalId: telegramMessageId(sender.chatId, id(message.message_id) ?? ''),
    customer: { ...sender.customer, phone: ownPhone(message) },
    providerAt: seconds(message.date),
    acknowledge: null,
    ...telegramContent(message, sender.chatId, sender.author),
  }
}

/** A group became a supergroup: its id changes, and both sides of the move are announced. */
function parseMigration(message: Json, eventKey: string): InboundEvent | null {
  const here = id(obj(message.chat)?.id)
  const target = id(message.migrate_to_chat_id)
  const source = id(message.migrate_from_chat_id)
  if (here === null || (target === null && source === null)) return null
  const from = { namespace: 'telegram', externalId: source ?? here }
  const to = { namespace: 'telegram', externalId: target ?? here }
  return { kind: 'identity_changed', eventKey, from, to, at: seconds(message.date) }
}

/** The number of a contact card, only when the customer shared the card of themselves: Telegram vouches for that one. */
function ownPhone(message: Json): string | null {
  const contact = obj(message.contact)
  const userId = id(contact?.user_id)
  const phone = text(contact?.phone_number)
  if (phone === null || userId === null || userId !== id(obj(message.from)?.id)) return null
  return `+${phone.replace(/\D/g, '')}`
}

function parseEdit(message: Json, eventKey: string): InboundEvent {
  const sender = senderOf(message)
  if (typeof sender === 'string') return { kind: 'ignored', reason: sender }
  return {
    kind: 'edited',
    eventKey,
    externalId: telegramMessageId(sender.chatId, id(message.message_id) ?? ''),
    customer: sender.customer,
    providerAt: seconds(message.edit_date) ?? seconds(message.date),
    ...telegramContent(message, sender.chatId, sender.author),
  }
}

function parseCallback(query: Json): InboundEvent {
  const from = obj(query.from)
  const queryId = text(query.id)
  if (!from || queryId === null) return { kind: 'ignored', reason: 'Callback query without sender' }
  const message = obj(query.message)
  const chat = obj(message?.chat)
  const chatId = id(chat?.id)
  const sender = message && chat ? senderOf({ chat, from }) : null
  const data = text(query.data)
  const label = buttonLabel(message, data) ?? data
  const isGroup = sender !== null && typeof sender !== 'string' && sender.isGroup
  return {
    kind: 'message',
    externalId: `callback:${queryId}`,
    customer: sender === null || typeof sender === 'string' ? customerOf(from) : sender.customer,
    providerAt: null,
    acknowledge: queryId,
    type: 'callback_query',
    text: isGroup && label !== null ? `${sender.author}: ${label}` : label,
    files: [],
    payload: data,
    quoted:
      message && chatId !== null ? { externalId: telegramMessageId(chatId, id(message.message_id) ?? ''), text: text(message.text) } : null,
    forwarded: false,
    albumId: null,
  }
}

/** What was written on the button that carries this data. */
function buttonLabel(message: Json | null, data: string | null): string | null {
  const keyboard = obj(message?.reply_markup)?.inline_keyboard
  const rows = Array.isArray(keyboard) ? keyboard : []
  const button = rows.flatMap((row) => objects(row)).find((candidate) => candidate.callback_data === data)
  return text(button?.text)
}

/** In a private chat the bot's own membership tells whether the customer has blocked it. */
function parseMembership(change: Json, eventKey: string): InboundEvent {
  const chat = obj(change.chat)
  const from = obj(change.from)
  if (chat?.type !== 'private' || !from) return { kind: 'ignored', reason: 'Membership in a group' }
  const status = str(obj(change.new_chat_member)?.status)
  if (status !== 'kicked' && status !== 'member') return { kind: 'ignored', reason: `Membership ${status ?? 'unknown'}` }
  return { kind: status === 'kicked' ? 'blocked' : 'unblocked', eventKey, customer: customerOf(from), at: seconds(change.date) }
}

function parseReaction(reaction: Json, eventKey: string): InboundEvent {
  const user = obj(reaction.user)
  const chat = obj(reaction.chat)
  const chatId = id(chat?.id)
  if (!user || !chat || chatId === null) return { kind: 'ignored', reason: 'Anonymous reaction' }
  const sender = senderOf({ chat, from: user })
  if (typeof sender === 'string') return { kind: 'ignored', reason: sender }
  const emojis = objects(reaction.new_reaction).map((item) => text(item.emoji) ?? (item.type === 'paid' ? '⭐' : '▫️'))
  const emoji = emojis.length === 0 ? null : emojis.join('')
  const line = describeReaction(emoji)
  return {
    kind: 'reaction',
    eventKey,
    externalId: telegramMessageId(chatId, id(reaction.message_id) ?? ''),
    emoji,
    text: sender.author === null ? line : `${sender.author}: ${line}`,
    customer: sender.customer,
    providerAt: seconds(reaction.date),
  }
}
