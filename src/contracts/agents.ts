import { type Static, Type } from 'typebox'
import { Nullable } from './common.ts'

export const Role = Type.Union([Type.Literal('agent'), Type.Literal('supervisor'), Type.Literal('admin')])
export type Role = Static<typeof Role>

export const AgentStatus = Type.Union([Type.Literal('active'), Type.Literal('inactive')])
export type AgentStatus = Static<typeof AgentStatus>

export const Agent = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Type.String(),
  role: Role,
  status: AgentStatus,
  language: Type.String(),
  queueIds: Type.Array(Type.String()),
  maxChats: Type.Integer({ description: 'Open chats at a time; 0 = unlimited' }),
  disabled: Type.Boolean(),
  notifications: Type.Object({ sound: Type.Boolean(), browser: Type.Boolean() }),
})
export type Agent = Static<typeof Agent>

export const Login = Type.Object({
  email: Type.String({ minLength: 3, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
})
export type Login = Static<typeof Login>

/** What agents without a further role see of their colleagues. */
export const AgentName = Type.Object({ id: Type.String(), name: Type.String(), status: AgentStatus })
export type AgentName = Static<typeof AgentName>

export const AgentEnvelope = Type.Object({ agent: Agent })
export type AgentEnvelope = Static<typeof AgentEnvelope>

/** The agent itself, as lists have it, and once more under its name, as answers to an act have it. */
export const AgentAnswer = Type.Object({ ...Agent.properties, agent: Agent })

export const StatusChange = Type.Object({ status: AgentStatus })

export const SessionPatch = Type.Object(
  {
    language: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
    notifications: Type.Optional(
      Type.Object({ sound: Type.Optional(Type.Boolean()), browser: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type SessionPatch = Static<typeof SessionPatch>

const agentFields = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  email: Type.String({ format: 'email', maxLength: 254 }),
  role: Role,
  language: Type.String({ minLength: 2, maxLength: 10 }),
  queueIds: Type.Array(Type.String()),
  maxChats: Type.Integer({ minimum: 0, maximum: 1000 }),
  disabled: Type.Boolean(),
}
export const AgentCreate = Type.Object(
  {
    name: agentFields.name,
    email: agentFields.email,
    password: Type.Optional(Type.String({ minLength: 8, maxLength: 1024 })),
    role: Type.Optional(agentFields.role),
    language: Type.Optional(agentFields.language),
    queueIds: Type.Optional(agentFields.queueIds),
    maxChats: Type.Optional(agentFields.maxChats),
    disabled: Type.Optional(agentFields.disabled),
  },
  { additionalProperties: false },
)
export type AgentCreate = Static<typeof AgentCreate>

export const AgentPatch = Type.Partial(Type.Object({ ...agentFields, password: Type.String({ minLength: 8, maxLength: 1024 }) }), {
  additionalProperties: false,
  minProperties: 1,
})
export type AgentPatch = Static<typeof AgentPatch>

export const ApiToken = Type.Object({
  id: Type.String(),
  name: Type.String(),
  createdAt: Type.String(),
  lastUsedAt: Nullable(Type.String()),
})
export type ApiToken = Static<typeof ApiToken>

/** The answer to making a token: the only time its text is shown. */
export const ApiTokenCreated = Type.Object({ ...ApiToken.properties, token: Type.String({ description: 'Shown only now' }) })
export type ApiTokenCreated = Static<typeof ApiTokenCreated>
export const ApiTokenCreate = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) }, { additionalProperties: false })
