import { type Static, Type } from 'typebox'
import { Instant, Nullable } from './common.ts'

const Id = Type.String({ pattern: '^[0-9]{1,18}$' })

const caseFields = {
  subject: Type.String({ minLength: 1, maxLength: 500 }),
  description: Type.String({ maxLength: 100_000 }),
  source: Type.String({ minLength: 1, maxLength: 100, description: 'Where it came from: Chat, Phone, …' }),
  status: Type.String({ minLength: 1, maxLength: 100, description: 'New, or any other word you use' }),
  contactId: Nullable(Id),
  accountId: Nullable(Id),
  assigneeId: Nullable(Type.String({ ...Id, description: 'The agent who looks after it' })),
  chatId: Nullable(Id),
}

export const Case = Type.Object({
  id: Type.String(),
  number: Type.Integer(),
  ...caseFields,
  subject: Type.String(),
  description: Type.String(),
  registeredAt: Instant,
})
export type Case = Static<typeof Case>

export const CaseCreate = Type.Object(
  { ...Type.Partial(Type.Object(caseFields)).properties, subject: caseFields.subject },
  { additionalProperties: false },
)
export type CaseCreate = Static<typeof CaseCreate>

const { chatId: _chatOfItsLife, ...changeable } = caseFields
export const CasePatch = Type.Partial(Type.Object(changeable), { additionalProperties: false, minProperties: 1 })
export type CasePatch = Static<typeof CasePatch>

export const CaseListQuery = Type.Object({
  status: Type.Optional(Type.String({ maxLength: 100 })),
  contactId: Type.Optional(Id),
  accountId: Type.Optional(Id),
  assigneeId: Type.Optional(Id),
  chatId: Type.Optional(Id),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the subject, or the number' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Id),
})
export type CaseListQuery = Static<typeof CaseListQuery>
