import { type Static, Type } from 'typebox'
import { Agent } from './agents.ts'
import { Chat, ChatTile, Message, MessageStatus } from './chats.ts'
import { Instant, Nullable } from './common.ts'

/** What the server says on the WebSocket, dispatched by `type`. */
export const ServerFrame = Type.Union([
  Type.Object({ type: Type.Literal('hello'), agent: Agent, serverTime: Instant }),
  Type.Object({ type: Type.Literal('inbox.upsert'), tile: ChatTile, seq: Type.Integer() }),
  Type.Object({ type: Type.Literal('inbox.remove'), chatId: Type.String(), seq: Type.Integer() }),
  Type.Object({ type: Type.Literal('chat.message'), chatId: Type.String(), seq: Type.Integer(), message: Message }),
  Type.Object({
    type: Type.Literal('chat.message_status'),
    chatId: Type.String(),
    seq: Type.Integer(),
    messageId: Type.String(),
    status: MessageStatus,
    failureReason: Nullable(Type.String()),
  }),
  Type.Object({ type: Type.Literal('chat.updated'), chatId: Type.String(), seq: Type.Integer(), chat: Chat }),
  Type.Object({
    type: Type.Literal('chat.typing'),
    chatId: Type.String(),
    author: Type.Object({ kind: Type.String(), id: Nullable(Type.String()), name: Type.String() }),
  }),
  Type.Object({
    type: Type.Literal('chat.viewers'),
    chatId: Type.String(),
    viewers: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
  }),
  Type.Object({ type: Type.Literal('agent.updated'), agent: Agent }),
  Type.Object({
    type: Type.Literal('notification'),
    title: Type.String(),
    text: Type.String(),
    severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
    chatId: Nullable(Type.String()),
  }),
  Type.Object({
    type: Type.Literal('process.updated'),
    instanceId: Type.String(),
    key: Type.String(),
    state: Type.String(),
    chatId: Nullable(Type.String()),
  }),
  Type.Object({ type: Type.Literal('pong') }),
  Type.Object({ type: Type.Literal('error'), code: Type.String(), ref: Nullable(Type.String()) }),
])
export type ServerFrame = Static<typeof ServerFrame>

/** What a client may say on the WebSocket. */
export const ClientFrame = Type.Union([
  Type.Object({ type: Type.Literal('watch'), chatId: Type.String() }),
  Type.Object({ type: Type.Literal('unwatch'), chatId: Type.String() }),
  Type.Object({ type: Type.Literal('typing'), chatId: Type.String() }),
  Type.Object({ type: Type.Literal('sync'), chats: Type.Record(Type.String(), Type.Integer({ minimum: 0 })) }),
  Type.Object({ type: Type.Literal('watchProcesses') }),
  Type.Object({ type: Type.Literal('ping') }),
])
export type ClientFrame = Static<typeof ClientFrame>

/** Close codes: 1012 = the server restarts, reconnect soon. */
export const CloseCode = { sessionEnded: 4001, slowConsumer: 4008, serviceRestart: 1012, badFrame: 1003 } as const
