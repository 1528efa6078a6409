import { type Static, Type } from 'typebox'
import { Nullable } from './common.ts'

const Id = Type.String({ pattern: '^[0-9]{1,18}$' })

const templateFields = {
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }),
  body: Type.String({
    minLength: 1,
    maxLength: 20_000,
    pattern: '\\S',
    description: 'May hold {{contact.name}}, {{agent.name}} and others',
  }),
  language: Nullable(Type.String({ minLength: 2, maxLength: 10 })),
  queueIds: Type.Array(Id, { maxItems: 1000, uniqueItems: true, description: 'Queues whose chats offer it; empty = all' }),
}
export const Template = Type.Object({
  id: Type.String(),
  ...templateFields,
  rendered: Type.Optional(Type.String({ description: 'The text for the chat that was asked about' })),
})
export type Template = Static<typeof Template>
export const TemplateCreate = Type.Object(
  { ...Type.Partial(Type.Object(templateFields)).properties, name: templateFields.name, body: templateFields.body },
  { additionalProperties: false },
)
export type TemplateCreate = Static<typeof TemplateCreate>
export const TemplatePatch = Type.Partial(Type.Object(templateFields), { additionalProperties: false, minProperties: 1 })
export type TemplatePatch = Static<typeof TemplatePatch>

export const TemplateListQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the name or the text' })),
  chatId: Type.Optional(Id),
  language: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ maxLength: 2000 })),
})
export type TemplateListQuery = Static<typeof TemplateListQuery>

export const TemplateList = Type.Object({
  recentlyUsed: Type.Array(Template, {
    description: 'Those among all of them that the agent used last, newest first; on the first page only',
  }),
  items: Type.Array(Template),
  nextCursor: Nullable(Type.String()),
})
export type TemplateList = Static<typeof TemplateList>

export const TemplateRender = Type.Object({ chatId: Id }, { additionalProperties: false })
export const TemplateText = Type.Object({ text: Type.String() })
