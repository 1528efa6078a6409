import { type Static, Type } from 'typebox'
import { Nullable, Queue as QueueContract, QueuePatch as QueuePatchContract } from '../../contracts/index.ts'

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

const more = {
  allAgents: Type.Boolean({ description: 'Every agent is a member; agentIds are then all agents' }),
  businessHours: Nullable(BusinessHours),
}
const fields = { ...QueuePatchContract.properties, ...Type.Partial(Type.Object(more)).properties }

export const Queue = Type.Object({ ...QueueContract.properties, ...more })
export type Queue = Static<typeof Queue>

export const QueueCreate = Type.Object({ ...fields, name: QueueContract.properties.name }, { additionalProperties: false })
export type QueueCreate = Static<typeof QueueCreate>

export const QueuePatch = Type.Object(fields, { additionalProperties: false, minProperties: 1 })
export type QueuePatch = Static<typeof QueuePatch>
