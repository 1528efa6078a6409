import { type Static, Type } from 'typebox'
import { Nullable } from './common.ts'

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const Interval = Type.Tuple([
  Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'Open from, wall-clock time' }),
  Type.String({ pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$', description: 'Closed from' }),
])
const Intervals = Type.Array(Interval, { maxItems: 10 })

/** When a queue is open; days without hours are closed. */
export const BusinessHours = Type.Object(
  {
    timeZone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA name, e.g. Europe/Berlin' }),
    days: Type.Partial(
      Type.Object({ mon: Intervals, tue: Intervals, wed: Intervals, thu: Intervals, fri: Intervals, sat: Intervals, sun: Intervals }),
      { additionalProperties: false },
    ),
    holidays: Type.Array(Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: 'Closed all day' }), { maxItems: 500 }),
  },
  { additionalProperties: false },
)
export type BusinessHours = Static<typeof BusinessHours>

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
  requeueMinutes: Minutes,
  businessHours: Nullable(BusinessHours),
  allAgents: Type.Boolean({ description: 'Every agent is a member; agentIds are then all agents' }),
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
