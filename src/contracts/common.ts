import { type Static, type TSchema, Type } from 'typebox'

/** A schema whose value may be null. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** ISO 8601 UTC instant. */
export const Instant = Type.String({ format: 'date-time' })

/** Page of a list; `nextCursor` is null on the last page. */
export const Page = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) })

export const PageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(Type.String()),
})
export type PageQuery = Static<typeof PageQuery>

export const IdParams = Type.Object({ id: Type.String({ minLength: 1 }) })

/** RFC 9457 problem document: the body of every refusal. */
export const ProblemDocument = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  problems: Type.Optional(Type.Array(Type.Unknown())),
  requestId: Type.String(),
})
export type ProblemDocument = Static<typeof ProblemDocument>

export const Ref = Type.Object({ id: Type.String(), name: Type.String() })
export type Ref = Static<typeof Ref>
