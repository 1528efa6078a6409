import { type Static, Type } from 'typebox'
import { Instant, Nullable, Ref } from './common.ts'

/** A system setting. Secret parts of a value come as `********`; sent back so, they stay as they are. */
export const Setting = Type.Object({
  code: Type.String(),
  description: Type.String(),
  value: Type.Unknown(),
  defaultValue: Type.Unknown(),
  schema: Type.Unknown({ description: 'JSON Schema of the value' }),
  updatedAt: Nullable(Instant),
  updatedBy: Nullable(Ref),
})
export type Setting = Static<typeof Setting>

export const SettingPut = Type.Object({ value: Type.Unknown() }, { additionalProperties: false })
export type SettingPut = Static<typeof SettingPut>
