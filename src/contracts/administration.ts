import { type Static, Type } from 'typebox'
import { ChannelKind } from './chats.ts'
import { Nullable } from './common.ts'

export const ChannelState = Type.Union([Type.Literal('unknown'), Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failing')], {
  description: 'warning: it may not receive; failing: the provider refuses it, its messages wait',
})

/** What came of telling the provider where to send its webhooks. */
export const ChannelSetup = Type.Object({ ok: Type.Boolean(), detail: Type.String(), webhookUrl: Type.String() })
export type ChannelSetup = Static<typeof ChannelSetup>

export const ChannelHealthReport = Type.Object({
  ok: Type.Boolean(),
  state: ChannelState,
  reason: Nullable(Type.String({ description: 'In the words of the provider' })),
  since: Nullable(Type.String()),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
  lastWebhookAt: Nullable(Type.String()),
  pausedUntil: Nullable(Type.String({ description: 'Nothing is sent before, because the provider asked for it' })),
  waitingMessages: Type.Integer(),
})
export type ChannelHealthReport = Static<typeof ChannelHealthReport>

/** Hours; null switches the alarm off. */
const SilenceAlarmHours = Nullable(
  Type.Number({ exclusiveMinimum: 0, maximum: 8760, description: 'Hours without any webhook after which administrators are told' }),
)

export const Channel = Type.Object({
  id: Type.String(),
  kind: ChannelKind,
  name: Type.String(),
  queueId: Type.String(),
  language: Nullable(Type.String()),
  enabled: Type.Boolean(),
  config: Type.Record(Type.String(), Type.Unknown(), { description: 'Without secrets' }),
  secretsSet: Type.Array(Type.String(), { description: 'Config fields that are stored encrypted and never shown' }),
  silenceAlarmHours: SilenceAlarmHours,
  state: ChannelState,
  stateReason: Nullable(Type.String()),
  lastWebhookAt: Nullable(Type.String()),
  setup: Type.Optional(ChannelSetup),
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
    silenceAlarmHours: Type.Optional(SilenceAlarmHours),
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
    silenceAlarmHours: SilenceAlarmHours,
  }),
  { additionalProperties: false, minProperties: 1 },
)
export type ChannelPatch = Static<typeof ChannelPatch>

/** One call to the provider for a message, or for one part of it. */
export const DeliveryAttempt = Type.Object({
  attempt: Type.Integer(),
  part: Type.Integer({ description: 'Which provider message of this message, from 0' }),
  startedAt: Type.String(),
  finishedAt: Nullable(Type.String()),
  outcome: Nullable(
    Type.Union(
      [
        Type.Literal('sent'),
        Type.Literal('retry'),
        Type.Literal('waiting'),
        Type.Literal('failed'),
        Type.Literal('uncertain'),
        Type.Literal('interrupted'),
      ],
      { description: 'waiting: the channel was the obstacle; uncertain: the provider may have taken it; interrupted: Parley was stopped' },
    ),
  ),
  code: Nullable(Type.String()),
  reason: Nullable(Type.String()),
})
export type DeliveryAttempt = Static<typeof DeliveryAttempt>
