import { type Static, Type } from 'typebox'
import { Instant, Nullable, Ref } from './common.ts'

export const ProcessProblem = Type.Object({
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
  rule: Type.String(),
  elementId: Nullable(Type.String()),
  elementName: Nullable(Type.String()),
  line: Nullable(Type.Integer()),
  column: Nullable(Type.Integer()),
  message: Type.String(),
  hint: Type.String(),
})

export const VersionState = Type.Union([Type.Literal('draft'), Type.Literal('active'), Type.Literal('superseded')])
export type VersionState = Static<typeof VersionState>

export const ProcessVersion = Type.Object({
  key: Type.String(),
  version: Type.Integer(),
  name: Type.String(),
  state: VersionState,
  checksum: Type.String(),
  comment: Nullable(Type.String()),
  author: Nullable(Ref),
  createdAt: Instant,
  problems: Type.Array(ProcessProblem),
})
export type ProcessVersion = Static<typeof ProcessVersion>

export const Process = Type.Object({
  key: Type.String(),
  name: Type.String(),
  activeVersion: Nullable(Type.Integer()),
  latestVersion: Type.Integer(),
  shipped: Type.Boolean(),
  runningInstances: Type.Integer(),
  openIncidents: Type.Integer(),
})
export type Process = Static<typeof Process>

export const ProcessDetail = Type.Object({ ...Process.properties, versions: Type.Array(ProcessVersion) })
export type ProcessDetail = Static<typeof ProcessDetail>

export const ProcessUploadResult = Type.Object({
  key: Type.String(),
  version: Type.Integer(),
  state: VersionState,
  problems: Type.Array(ProcessProblem),
})
export type ProcessUploadResult = Static<typeof ProcessUploadResult>

export const ValidationResult = Type.Object({ valid: Type.Boolean(), problems: Type.Array(ProcessProblem) })

export const InstanceState = Type.Union([
  Type.Literal('running'),
  Type.Literal('completed'),
  Type.Literal('cancelled'),
  Type.Literal('incident'),
])
export type InstanceState = Static<typeof InstanceState>

export const ProcessWait = Type.Object({
  elementId: Type.String(),
  elementName: Type.String(),
  kind: Type.String(),
  eventName: Nullable(Type.String()),
  dueAt: Nullable(Instant),
})

export const LogItem = Type.Object({
  id: Type.String(),
  elementId: Type.String(),
  elementName: Type.String(),
  elementType: Type.String(),
  kind: Type.String(),
  at: Instant,
  durationMs: Nullable(Type.Number()),
  inputs: Nullable(Type.Unknown()),
  outputs: Nullable(Type.Unknown()),
  attempt: Type.Integer(),
  message: Nullable(Type.String()),
})

export const ProcessInstance = Type.Object({
  id: Type.String(),
  key: Type.String(),
  name: Type.String(),
  version: Type.Integer(),
  state: InstanceState,
  chatId: Nullable(Type.String()),
  variables: Type.Unknown(),
  waits: Type.Array(ProcessWait),
  startedAt: Instant,
  endedAt: Nullable(Instant),
  incident: Nullable(
    Type.Object({ id: Type.String(), elementId: Nullable(Type.String()), code: Type.String(), message: Type.String(), at: Instant }),
  ),
})
export type ProcessInstance = Static<typeof ProcessInstance>

export const RoutingDecision = Type.Object({
  at: Instant,
  rule: Type.String(),
  reason: Type.String(),
  offeredTo: Type.Array(Ref),
  assignedTo: Nullable(Ref),
})

export const ChatProcess = Type.Object({
  instances: Type.Array(Type.Object({ ...ProcessInstance.properties, log: Type.Array(LogItem) })),
  decisions: Type.Array(RoutingDecision),
})
export type ChatProcess = Static<typeof ChatProcess>

export const Incident = Type.Object({
  id: Type.String(),
  instanceId: Type.String(),
  key: Type.String(),
  version: Type.Integer(),
  chatId: Nullable(Type.String()),
  elementId: Nullable(Type.String()),
  code: Type.String(),
  message: Type.String(),
  attempts: Type.Integer(),
  at: Instant,
})
export type Incident = Static<typeof Incident>

export const IncidentRetryResult = Type.Object({
  resolved: Type.Boolean(),
  state: InstanceState,
  waits: Type.Array(ProcessWait),
  error: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
})
export type IncidentRetryResult = Static<typeof IncidentRetryResult>

/** Which incidents: those named, or else all open ones that fit the filter, 500 at most. */
export const IncidentSelection = Type.Object(
  {
    ids: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9]{1,18}$' }), { minItems: 1, maxItems: 500 })),
    filter: Type.Optional(
      Type.Object(
        {
          key: Type.Optional(Type.String()),
          version: Type.Optional(Type.Integer()),
          code: Type.Optional(Type.String()),
          elementId: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
)
export type IncidentSelection = Static<typeof IncidentSelection>

export const IncidentBulkResult = Type.Object({
  items: Type.Array(Type.Object({ id: Type.String(), ...IncidentRetryResult.properties, state: Nullable(InstanceState) })),
})
export type IncidentBulkResult = Static<typeof IncidentBulkResult>

/** `force` ends a lifecycle although its chat is open, after which nobody can complete the chat. */
export const InstanceCancel = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 1000 })), force: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
)
export type InstanceCancel = Static<typeof InstanceCancel>

/** Values to set; null is a value too. Instants are written as {"$date": "…"}. */
export const VariablesPatch = Type.Object({ variables: Type.Record(Type.String(), Type.Unknown()) }, { additionalProperties: false })

export const CatalogTask = Type.Object({
  type: Type.String(),
  title: Type.String(),
  kind: Type.Union([Type.Literal('local'), Type.Literal('remote')]),
  inputSchema: Type.Unknown(),
  outputSchema: Type.Unknown(),
  errors: Type.Array(Type.String()),
})
export const ProcessCatalog = Type.Object({
  tasks: Type.Array(CatalogTask),
  events: Type.Array(Type.Object({ name: Type.String(), title: Type.String() })),
  elementTemplates: Type.Array(Type.Unknown()),
  supportedElements: Type.Array(Type.Object({ type: Type.String(), support: Type.String(), reason: Type.String() })),
})
