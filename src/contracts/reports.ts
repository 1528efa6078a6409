import { type Static, Type } from 'typebox'
import { Direction } from './chats.ts'
import { Instant, Nullable, Ref } from './common.ts'

/** Figures of a set of chats; durations in seconds, averages null when there is nothing to average. */
export const ChatFigures = Type.Object({
  chats: Type.Integer(),
  completed: Type.Integer(),
  waiting: Type.Integer(),
  transfers: Type.Integer({ description: 'Chats that were passed on' }),
  overdueShare: Type.Number({ description: 'Share of chats with at least one overdue response, 0 to 1' }),
  firstResponseSeconds: Nullable(Type.Number({ description: 'From the chat to the first reply of an agent, average' })),
  ongoingResponseSeconds: Nullable(
    Type.Number({ description: 'From the last customer message to the reply, average without first responses' }),
  ),
  waitSeconds: Nullable(Type.Number({ description: 'From the chat to its acceptance, average' })),
  handleSeconds: Nullable(Type.Number({ description: 'From the acceptance to the completion, average' })),
  deliveryFailures: Type.Integer({ description: 'Messages that could not be delivered' }),
})
export type ChatFigures = Static<typeof ChatFigures>

const ofRef = Type.Array(Type.Object({ ...Ref.properties, ...ChatFigures.properties }))

export const ReportOverview = Type.Object({
  from: Instant,
  to: Instant,
  totals: ChatFigures,
  byQueue: ofRef,
  byAgent: Type.Array(
    Type.Object({ ...Ref.properties, ...ChatFigures.properties, activeSeconds: Type.Number({ description: 'Time in status active' }) }),
  ),
  byChannel: ofRef,
  byDay: Type.Array(Type.Object({ day: Type.String({ description: 'YYYY-MM-DD, UTC' }), ...ChatFigures.properties })),
})
export type ReportOverview = Static<typeof ReportOverview>

export const ReportQuery = Type.Object({
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
  queueId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
  agentId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
})
export type ReportQuery = Static<typeof ReportQuery>

export const SearchHit = Type.Object({
  chatId: Type.String(),
  chatNumber: Type.Integer(),
  contact: Ref,
  messageId: Type.String(),
  direction: Direction,
  /** The text around the hit; hits stand between U+0002 and U+0003, so that a client can mark them without parsing markup. */
  snippet: Type.String(),
  at: Instant,
})
export type SearchHit = Static<typeof SearchHit>

export const AuditEntry = Type.Object({
  id: Type.String(),
  at: Instant,
  agent: Nullable(Ref),
  action: Type.String(),
  subject: Type.String(),
  details: Type.Unknown(),
})
export type AuditEntry = Static<typeof AuditEntry>
