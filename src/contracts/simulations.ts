import { type Static, Type } from 'typebox'
import { Instant, Nullable } from './common.ts'
import { ScenarioFile } from './scenarios.ts'

/** One thing a scenario expected. `step` counts from 1. */
export const ScenarioCheck = Type.Object({
  step: Type.Integer(),
  what: Type.String({ description: 'What was looked at, e.g. chat.status' }),
  expected: Type.Unknown(),
  actual: Type.Unknown(),
  passed: Type.Boolean(),
})
export type ScenarioCheck = Static<typeof ScenarioCheck>

/** One entry of the step log of the simulated instances; `step` is the scenario's step that caused it. */
export const ScenarioTrace = Type.Object({
  step: Type.Integer(),
  at: Type.String({ format: 'date-time', description: 'On the virtual clock' }),
  instanceId: Type.String(),
  key: Type.String(),
  elementId: Type.String(),
  elementName: Type.String(),
  elementType: Type.String(),
  kind: Type.String(),
  inputs: Nullable(Type.Unknown()),
  outputs: Nullable(Type.Unknown()),
  message: Nullable(Type.String()),
})
export type ScenarioTrace = Static<typeof ScenarioTrace>

/** What the run would have done, had it not been taken back. */
export const ScenarioEffects = Type.Object({
  tasks: Type.Array(
    Type.Object({ step: Type.Integer(), at: Instant, type: Type.String(), inputs: Type.Unknown(), outputs: Type.Unknown() }),
  ),
  messages: Type.Array(
    Type.Object({
      chatNumber: Type.Integer(),
      direction: Type.String(),
      author: Nullable(Type.String()),
      text: Nullable(Type.String()),
      at: Instant,
    }),
  ),
  chats: Type.Array(
    Type.Object({
      number: Type.Integer(),
      status: Type.String(),
      agent: Nullable(Type.String()),
      queue: Type.String(),
      contact: Type.String(),
      completionReason: Nullable(Type.String()),
    }),
  ),
})
export type ScenarioEffects = Static<typeof ScenarioEffects>

export const ScenarioResult = Type.Object({
  name: Type.String(),
  passed: Type.Boolean(),
  /** Why the run stopped early; null when it did not. */
  error: Nullable(Type.Object({ step: Type.Integer(), code: Type.String(), message: Type.String() })),
  checks: Type.Array(ScenarioCheck),
  trace: Type.Array(ScenarioTrace),
  effects: ScenarioEffects,
})
export type ScenarioResult = Static<typeof ScenarioResult>

/** The scenarios of one version. */
export const ScenarioSet = Type.Object({ key: Type.String(), version: Type.Integer(), scenarios: ScenarioFile })
export type ScenarioSet = Static<typeof ScenarioSet>

/** Runs one scenario against a stored version (the active one, else the latest, when none is named) or against XML that is not stored. */
export const SimulationRequest = Type.Object(
  {
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    xml: Type.Optional(Type.String({ maxLength: 1024 * 1024 })),
    forms: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    scenario: Type.Unknown({ description: 'See Scenario' }),
  },
  { additionalProperties: false },
)
export type SimulationRequest = Static<typeof SimulationRequest>
