import { type Static, Type } from 'typebox'
import { ChatAction } from './chats.ts'

export const ActionRun = Type.Object({ inputs: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }, { additionalProperties: false })

export const TaskCompletion = Type.Object(
  { variables: Type.Optional(Type.Record(Type.String(), Type.Unknown())) },
  { additionalProperties: false },
)

/** How far a quick action came: done, waiting for a form or the outside, or stopped at an incident. */
export const ActionResult = Type.Object({
  instanceId: Type.String(),
  state: Type.Union([Type.Literal('completed'), Type.Literal('waiting'), Type.Literal('incident')]),
  result: Type.Optional(Type.Unknown({ description: 'Variables of the process; `message` is the line for the agent' })),
  form: Type.Optional(Type.Object({ taskId: Type.String(), schema: Type.Unknown(), data: Type.Unknown() })),
})
export type ActionResult = Static<typeof ActionResult>

export const ActionList = Type.Object({ items: Type.Array(ChatAction) })
