import { type Static, Type } from 'typebox'
import { Nullable } from './common.ts'

const Language = Type.String({ pattern: '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$', description: 'ISO 639-1 code or BCP 47 tag' })

export const Translation = Type.Object({
  enabled: Type.Boolean(),
  from: Nullable(Type.String({ description: "The customer's language; null = told from each message" })),
  to: Type.String({ description: "The agent's language" }),
})
export type Translation = Static<typeof Translation>

export const TranslationPut = Type.Object(
  { enabled: Type.Boolean(), from: Type.Optional(Nullable(Language)), to: Type.Optional(Language) },
  { additionalProperties: false },
)

export const TranslationPanel = Type.Object({
  available: Type.Boolean({ description: 'False while no administrator has set up a provider' }),
  enabled: Type.Boolean(),
  from: Nullable(Type.String()),
  to: Type.String(),
  detected: Nullable(Type.String({ description: 'The language the customer seems to write' })),
})
