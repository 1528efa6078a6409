import { type Static, Type } from 'typebox'
import { ChatAction } from './chats.ts'
import { Instant, Nullable } from './common.ts'

const Id = Type.String({ pattern: '^[0-9]{1,18}$' })
const Values = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 200 })

export const ActionRun = Type.Object(
  { inputs: Type.Optional(Values) },
  { additionalProperties: false, description: 'Inputs are variables that the process declares' },
)

export const TaskCompletion = Type.Object({ variables: Type.Optional(Values) }, { additionalProperties: false })

export const TaskForm = Type.Object({
  taskId: Type.String(),
  schema: Type.Unknown({ description: 'form-js schema; null for a task without a form' }),
  data: Type.Unknown({ description: 'What the fields start with' }),
})

/** How far a quick action came: done, waiting for a form or the outside, or stopped at an incident. */
export const ActionResult = Type.Object({
  instanceId: Type.String(),
  state: Type.Union([Type.Literal('completed'), Type.Literal('waiting'), Type.Literal('incident')]),
  result: Type.Optional(Type.Unknown({ description: 'Variables of the process; `message` is the line for the agent' })),
  form: Type.Optional(TaskForm),
  problem: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() }, { description: 'Why it stopped at an incident' })),
})
export type ActionResult = Static<typeof ActionResult>

export const ActionList = Type.Object({ items: Type.Array(ChatAction) })

/** A form that a process of the chat waits for. */
export const WaitingTask = Type.Object({
  ...TaskForm.properties,
  instanceId: Type.String(),
  processKey: Type.String(),
  name: Type.String({ description: 'Name of the user task' }),
  startedAt: Instant,
})
export type WaitingTask = Static<typeof WaitingTask>
export const WaitingTaskList = Type.Object({ items: Type.Array(WaitingTask) })

const actionFields = {
  caption: Type.String({ minLength: 1, maxLength: 100 }),
  icon: Nullable(Type.String({ minLength: 1, maxLength: 100 })),
  processKey: Type.String({ minLength: 1, maxLength: 200, description: 'An active process with a none start event' }),
  queueIds: Type.Array(Id, { maxItems: 1000, uniqueItems: true, description: 'Queues whose chats offer it; empty = all' }),
  order: Type.Integer({ minimum: -1_000_000, maximum: 1_000_000 }),
  enabled: Type.Boolean(),
}
/** An entry of the Chat actions list. */
export const QuickAction = Type.Object({ id: Type.String(), ...actionFields })
export type QuickAction = Static<typeof QuickAction>
export const QuickActionCreate = Type.Object(
  { ...Type.Partial(Type.Object(actionFields)).properties, caption: actionFields.caption, processKey: actionFields.processKey },
  { additionalProperties: false },
)
export type QuickActionCreate = Static<typeof QuickActionCreate>
export const QuickActionPatch = Type.Partial(Type.Object(actionFields), { additionalProperties: false, minProperties: 1 })
export type QuickActionPatch = Static<typeof QuickActionPatch>
export const QuickActionList = Type.Object({ items: Type.Array(QuickAction) })
