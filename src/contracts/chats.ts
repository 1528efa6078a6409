import { type Static, Type } from 'typebox'
import { Instant, Nullable, Ref } from './common.ts'
import { Translation } from './translation.ts'

export const ChannelKind = Type.Union([
  Type.Literal('telegram'),
  Type.Literal('whatsapp'),
  Type.Literal('messenger'),
  Type.Literal('sms'),
  Type.Literal('simulator'),
])
export type ChannelKind = Static<typeof ChannelKind>

export const ChatStatus = Type.Union([Type.Literal('waiting'), Type.Literal('in_progress'), Type.Literal('completed')])
export type ChatStatus = Static<typeof ChatStatus>

export const Direction = Type.Union([Type.Literal('incoming'), Type.Literal('outgoing'), Type.Literal('system'), Type.Literal('note')])
export type Direction = Static<typeof Direction>

export const MessageStatus = Type.Union([
  Type.Literal('sending'),
  Type.Literal('sent'),
  Type.Literal('delivered'),
  Type.Literal('read'),
  Type.Literal('failed'),
])
export type MessageStatus = Static<typeof MessageStatus>

export const MessageFile = Type.Object({
  id: Type.String(),
  name: Type.String(),
  size: Nullable(Type.Integer({ description: 'Bytes; null until fetched' })),
  type: Type.String({ description: 'MIME type' }),
  url: Type.String(),
  state: Type.Union([Type.Literal('pending'), Type.Literal('ready'), Type.Literal('failed')]),
  failureReason: Type.Optional(Nullable(Type.String({ description: 'Why a failed file could not be had' }))),
})
export type MessageFile = Static<typeof MessageFile>

export const Message = Type.Object({
  id: Type.String(),
  chatId: Type.String(),
  seq: Type.Integer(),
  direction: Direction,
  author: Type.Object({
    kind: Type.Union([Type.Literal('contact'), Type.Literal('agent'), Type.Literal('process'), Type.Literal('system')]),
    id: Nullable(Type.String()),
    name: Type.String(),
  }),
  text: Nullable(Type.String()),
  files: Type.Array(MessageFile),
  at: Instant,
  providerAt: Nullable(Instant),
  status: Nullable(MessageStatus),
  failureReason: Nullable(Type.String()),
  attempts: Type.Integer(),
  translation: Nullable(Type.Object({ text: Type.String(), from: Type.String(), to: Type.String(), provider: Type.String() })),
  clientId: Nullable(Type.String()),
})
export type Message = Static<typeof Message>

export const ChatTile = Type.Object({
  id: Type.String(),
  number: Type.Integer(),
  seq: Type.Integer(),
  status: ChatStatus,
  contact: Type.Object({ id: Type.String(), name: Type.String(), photoUrl: Nullable(Type.String()), initials: Type.String() }),
  channel: Type.Object({ id: Type.String(), kind: ChannelKind, name: Type.String() }),
  queue: Ref,
  agent: Nullable(Ref),
  lastMessage: Nullable(Type.Object({ text: Nullable(Type.String()), direction: Direction, at: Instant, status: Nullable(MessageStatus) })),
  unread: Type.Integer(),
  hasDraft: Type.Boolean(),
  lastCustomerMessageAt: Nullable(Instant),
  responseDueAt: Nullable(Instant),
  overdueSince: Nullable(Instant),
  timeoutAt: Nullable(Instant),
  createdAt: Instant,
})
export type ChatTile = Static<typeof ChatTile>

export const ChatAction = Type.Object({
  id: Type.String(),
  caption: Type.String(),
  icon: Nullable(Type.String()),
  processKey: Type.String(),
  inputs: Type.Array(Type.Object({ name: Type.String(), required: Type.Boolean() }), { description: 'What the process wants to be given' }),
})

export const Chat = Type.Object({
  ...ChatTile.properties,
  contactProfile: Type.Array(Type.Object({ field: Type.String(), label: Type.String(), value: Nullable(Type.String()) })),
  acceptedAt: Nullable(Instant),
  completedAt: Nullable(Instant),
  completionReason: Nullable(Type.String()),
  parentChatId: Nullable(Type.String()),
  previousChatId: Nullable(Type.String({ description: "The customer's chat before this one on the channel" })),
  tags: Type.Array(Type.String()),
  priority: Type.Integer(),
  childChatId: Nullable(Type.String()),
  translation: Nullable(Translation),
  actions: Type.Array(ChatAction),
  draft: Nullable(Type.Object({ text: Type.String(), fileIds: Type.Array(Type.String()), files: Type.Optional(Type.Array(MessageFile)) })),
  restrictions: Type.Object({
    maxLength: Type.Integer({ description: 'Characters in one message' }),
    maxFiles: Type.Integer(),
    maxFileSize: Type.Integer({ description: 'Bytes of the largest file of any type' }),
    fileTypes: Type.Array(
      Type.Object({
        type: Type.String({
          description: 'MIME type, image/* or */*; the first that fits a file counts, and a file that none fits is refused',
        }),
        maxSize: Type.Integer({ description: 'Bytes' }),
      }),
    ),
    replyWindowEndsAt: Nullable(Instant),
    refusal: Nullable(Type.String({ description: 'Why the customer cannot be written to: they have blocked the channel or opted out' })),
  }),
})
export type Chat = Static<typeof Chat>

export const Inbox = Type.Object({ newItems: Type.Array(ChatTile), inProgress: Type.Array(ChatTile) })
export type Inbox = Static<typeof Inbox>

export const ChatEnvelope = Type.Object({ chat: Chat })
export type ChatEnvelope = Static<typeof ChatEnvelope>

/** The chat itself, as a tile with more, and once more under its name, as answers to an act have it. */
export const ChatAnswer = Type.Object({ ...Chat.properties, chat: Chat })
export const MessageEnvelope = Type.Object({ message: Message })
export type MessageEnvelope = Static<typeof MessageEnvelope>

export const ChatListQuery = Type.Object({
  status: Type.Optional(ChatStatus),
  queueId: Type.Optional(Type.String()),
  agentId: Type.Optional(Type.String()),
  contactId: Type.Optional(Type.String()),
  channelId: Type.Optional(Type.String()),
  q: Type.Optional(Type.String({ maxLength: 200 })),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String()),
})
export type ChatListQuery = Static<typeof ChatListQuery>

export const MessageListQuery = Type.Object({
  before: Type.Optional(Type.Integer({ minimum: 0, description: 'Only messages with a smaller seq' })),
  after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only messages with a greater seq' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  lineage: Type.Optional(Type.Boolean({ description: 'Include the messages of parent chats' })),
})
export type MessageListQuery = Static<typeof MessageListQuery>

export const MessageSend = Type.Object(
  {
    text: Type.Optional(Type.String({ minLength: 1 })),
    fileIds: Type.Optional(
      Type.Array(Type.String({ format: 'uuid' }), { maxItems: 1000, description: 'Own uploads that belong to no message yet' }),
    ),
    templateId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', description: 'Its text is sent when there is no other' })),
    clientId: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Chosen by the client; the same again is the same message' }),
    ),
    translate: Type.Optional(Type.Boolean()),
    note: Type.Optional(Type.Boolean({ description: 'A private note: never leaves Parley' })),
  },
  { additionalProperties: false },
)
export type MessageSend = Static<typeof MessageSend>

export const DraftPut = Type.Object(
  { text: Type.String({ maxLength: 20_000 }), fileIds: Type.Optional(Type.Array(Type.String({ format: 'uuid' }), { maxItems: 10 })) },
  { additionalProperties: false },
)
export type DraftPut = Static<typeof DraftPut>

export const ChatPatch = Type.Object(
  {
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50 })),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'Waiting chats with a higher one are offered first' })),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type ChatPatch = Static<typeof ChatPatch>

export const ReadPut = Type.Object({ seq: Type.Integer({ minimum: 0 }) }, { additionalProperties: false })
export const Decline = Type.Object({ reason: Type.Optional(Type.String({ maxLength: 500 })) }, { additionalProperties: false })

export const TransferTargets = Type.Object({
  agents: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      status: Type.Union([Type.Literal('active'), Type.Literal('inactive')]),
      openChats: Type.Integer(),
      maxChats: Type.Integer(),
    }),
  ),
  queues: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), availableAgents: Type.Integer(), freeAgents: Type.Integer() })),
})
export type TransferTargets = Static<typeof TransferTargets>

export const Transfer = Type.Object(
  {
    agentId: Type.Optional(Type.String()),
    queueId: Type.Optional(Type.String()),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 10_000 })),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type Transfer = Static<typeof Transfer>

export const TransferResult = Type.Object({ chat: Chat, childChat: Chat, warnings: Type.Array(Type.String()) })
export type TransferResult = Static<typeof TransferResult>
