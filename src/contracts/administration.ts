import { type Static, Type } from 'typebox'
import { ChannelKind } from './chats.ts'
import { Nullable } from './common.ts'

export const RoutingRule = Type.Union([
  Type.Literal('everyone'),
  Type.Literal('least_loaded'),
  Type.Literal('round_robin'),
  Type.Literal('last_agent'),
])
export type RoutingRule = Static<typeof RoutingRule>

/** Minutes may be fractional (0.05 is three seconds); null switches the limit off. */
const Minutes = Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 525_600 }))

const queueFields = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  routingRule: RoutingRule,
  agentIds: Type.Array(Type.String()),
  firstResponseMinutes: Minutes,
  ongoingResponseMinutes: Minutes,
  chatTimeoutMinutes: Minutes,
  offerTimeoutMinutes: Minutes,
  maxChats: Type.Integer({ minimum: 0, maximum: 100_000 }),
}
export const Queue = Type.Object({ id: Type.String(), ...queueFields, createdAt: Type.String() })
export type Queue = Static<typeof Queue>
export const QueueCreate = Type.Object(
  { ...Type.Partial(Type.Object(queueFields)).properties, name: queueFields.name },
  { additionalProperties: false },
)
export type QueueCreate = Static<typeof QueueCreate>
export const QueuePatch = Type.Partial(Type.Object(queueFields), { additionalProperties: false, minProperties: 1 })
export type QueuePatch = Static<typeof QueuePatch>

export const Channel = Type.Object({
  id: Type.String(),
  kind: ChannelKind,
  name: Type.String(),
  queueId: Type.String(),
  language: Nullable(Type.String()),
  enabled: Type.Boolean(),
  config: Type.Record(Type.String(), Type.Unknown(), { description: 'Without secrets' }),
  webhookUrl: Type.String(),
  createdAt: Type.String(),
})
export type Channel = Static<typeof Channel>
export const ChannelCreate = Type.Object(
  {
    kind: ChannelKind,
    name: Type.String({ minLength: 1, maxLength: 200 }),
    queueId: Type.String(),
    language: Type.Optional(Nullable(Type.String({ minLength: 2, maxLength: 10 }))),
    enabled: Type.Optional(Type.Boolean()),
    config: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)
export type ChannelCreate = Static<typeof ChannelCreate>
export const ChannelPatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200 }),
    queueId: Type.String(),
    language: Nullable(Type.String({ minLength: 2, maxLength: 10 })),
    enabled: Type.Boolean(),
    config: Type.Record(Type.String(), Type.Unknown()),
  }),
  { additionalProperties: false, minProperties: 1 },
)
export type ChannelPatch = Static<typeof ChannelPatch>
