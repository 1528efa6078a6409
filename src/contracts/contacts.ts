import { type Static, Type } from 'typebox'
import { ChannelKind, Chat } from './chats.ts'
import { Instant, Nullable, Ref } from './common.ts'
import { ActionResult } from './quick-actions.ts'

const Id = Type.String({ pattern: '^[0-9]{1,18}$' })

export const Account = Type.Object({ id: Type.String(), name: Type.String(), createdAt: Instant })
export type Account = Static<typeof Account>
export const AccountWrite = Type.Object({ name: Type.String({ minLength: 1, maxLength: 300 }) }, { additionalProperties: false })
export type AccountWrite = Static<typeof AccountWrite>

export const ContactIdentity = Type.Object({
  channelKind: ChannelKind,
  externalId: Type.String(),
  name: Nullable(Type.String({ description: 'How the customer calls themselves there' })),
})
export type ContactIdentity = Static<typeof ContactIdentity>

export const Contact = Type.Object({
  id: Type.String(),
  name: Type.String(),
  photoUrl: Nullable(Type.String()),
  mobilePhone: Nullable(Type.String({ description: 'E.164, such as +442079460018' })),
  email: Nullable(Type.String()),
  account: Nullable(Ref),
  language: Nullable(Type.String()),
  identities: Type.Array(ContactIdentity),
  notes: Nullable(Type.String()),
  custom: Type.Record(Type.String(), Type.Unknown()),
  createdAt: Instant,
  removedAt: Nullable(Instant),
  mergedInto: Nullable(Type.Object(Ref.properties, { description: 'Of a removed contact: who has its chats and identities now' })),
})
export type Contact = Static<typeof Contact>

const contactFields = {
  name: Type.String({ minLength: 1, maxLength: 300, pattern: '\\S' }),
  photoUrl: Nullable(Type.String({ maxLength: 2000, pattern: '^(https?://|/api/)' })),
  mobilePhone: Nullable(Type.String({ maxLength: 40, description: 'With country code; kept as E.164' })),
  email: Nullable(Type.String({ format: 'email', maxLength: 254 })),
  account: Nullable(Type.Object({ id: Id, name: Type.Optional(Type.String({ description: 'Not read' })) })),
  accountId: Nullable(Type.String({ ...Id, description: 'The same as account.id' })),
  language: Nullable(Type.String({ minLength: 2, maxLength: 10 })),
  notes: Nullable(Type.String({ maxLength: 20_000 })),
  custom: Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), {
    maxProperties: 200,
    description: 'Own fields by name; changing names some of them, null takes one away',
  }),
}
export const ContactCreate = Type.Object(
  { ...Type.Partial(Type.Object(contactFields)).properties, name: contactFields.name },
  { additionalProperties: false },
)
export type ContactCreate = Static<typeof ContactCreate>
export const ContactPatch = Type.Partial(Type.Object(contactFields), { additionalProperties: false, minProperties: 1 })
export type ContactPatch = Static<typeof ContactPatch>

export const NameListQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of the name, the phone number or the email address' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ maxLength: 2000 })),
})
export type NameListQuery = Static<typeof NameListQuery>

export const ContactListQuery = Type.Object({ ...NameListQuery.properties, accountId: Type.Optional(Id) })
export type ContactListQuery = Static<typeof ContactListQuery>

export const ContactMerge = Type.Object(
  { intoContactId: Id, dryRun: Type.Optional(Type.Boolean({ description: 'Only tells what would happen' })) },
  { additionalProperties: false },
)

/** What joining a contact with another moves, and what stands in the way. */
export const ContactMergeResult = Type.Object({
  dryRun: Type.Boolean(),
  contact: Type.Object(Contact.properties, { description: 'Who is left; as it was when nothing was done' }),
  moves: Type.Object({
    identities: Type.Array(ContactIdentity),
    chats: Type.Array(Type.Object({ id: Type.String(), number: Type.Integer(), status: Type.String() })),
    cases: Type.Array(Type.Object({ id: Type.String(), number: Type.Integer(), subject: Type.String() })),
    fields: Type.Record(Type.String(), Type.Unknown(), { description: 'What fills empty fields of who is left' }),
  }),
  conflicts: Type.Array(
    Type.Object({
      code: Type.Literal('CONTACT_HAS_OPEN_CHAT'),
      message: Type.String(),
      channel: Ref,
      chats: Type.Array(Type.Object({ id: Type.String(), number: Type.Integer() })),
    }),
  ),
})
export type ContactMergeResult = Static<typeof ContactMergeResult>

export const ChatLink = Type.Object({ contactId: Id }, { additionalProperties: false })
export const ChatLinkResult = Type.Object({ chat: Chat, process: ActionResult })
export type ChatLinkResult = Static<typeof ChatLinkResult>
