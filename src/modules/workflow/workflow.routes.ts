import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  Incident,
  IncidentBulkResult,
  IncidentRetryResult,
  IncidentSelection,
  InstanceCancel,
  LogItem,
  Nullable,
  Page,
  PageQuery,
  Process,
  ProcessCatalog,
  ProcessDetail,
  ProcessInstance,
  type ProcessInstance as ProcessInstanceType,
  ProcessUploadResult,
  ValidationResult,
  VariablesPatch,
} from '../../contracts/index.ts'
import { badRequest, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { CatalogService } from './catalog.ts'
import { findVersion } from './definitions.repo.ts'
import type { DefinitionService, Upload } from './definitions.service.ts'
import { describeProcess, listProcesses } from './definitions.view.ts'
import type { IncidentService } from './incidents.service.ts'
import type { InstanceService } from './instances.service.ts'
import { listInstances, listLog } from './instances.view.ts'
import { scenarioRoutes } from './scenarios/scenarios.routes.ts'
import type { ScenarioService } from './scenarios/scenarios.service.ts'

export interface WorkflowRouteDeps {
  database: ParleyDatabase
  definitions: DefinitionService
  incidents: IncidentService
  catalog: CatalogService
  scenarios: ScenarioService
  instances: InstanceService
}

const Key = Type.Object({ key: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' }) })
const KeyVersion = Type.Object({ ...Key.properties, v: Type.Integer({ minimum: 1 }) })
/** Why a version is activated although scenarios fail. */
const Override = Type.Optional(
  Type.String({ minLength: 3, maxLength: 1000, description: 'Why it is activated although scenarios fail; kept in the audit log' }),
)
const InstanceId = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,18}$' }) })

/** The XML and what travels with it: a bare XML body, or multipart with parts `bpmn`, `forms` and `scenarios`. */
async function readUpload(request: {
  isMultipart(): boolean
  body: unknown
  parts(): AsyncIterable<{ type: string; fieldname: string; value?: unknown; toBuffer?: () => Promise<Buffer> }>
}): Promise<Pick<Upload, 'xml' | 'forms' | 'scenarios'>> {
  if (!request.isMultipart()) {
    if (typeof request.body !== 'string' || request.body.trim() === '')
      throw badRequest('Send the BPMN XML as the body with Content-Type application/xml, or as the multipart part "bpmn".')
    return { xml: request.body, forms: {}, scenarios: null }
  }
  const parts = new Map<string, string>()
  for await (const part of request.parts()) {
    parts.set(part.fieldname, part.toBuffer ? (await part.toBuffer()).toString('utf8') : String(part.value))
  }
  const xml = parts.get('bpmn')
  if (xml === undefined) throw badRequest('The multipart body has no part "bpmn" with the BPMN XML.')
  return {
    xml,
    forms: parseJson(parts.get('forms') ?? '{}', 'forms', isRecord),
    scenarios: parts.has('scenarios') ? parseJson(parts.get('scenarios') ?? '', 'scenarios', Array.isArray) : null,
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function parseJson<T>(text: string, part: string, check: (value: unknown) => value is T): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw badRequest(`The part "${part}" is not JSON: ${error instanceof Error ? error.message : String(error)}.`)
  }
  if (!check(value))
    throw badRequest(`The part "${part}" must be ${part === 'forms' ? 'an object of form schemas by form id' : 'a list of scenarios'}.`)
  return value
}

/** Administration of processes: upload, activate, look at, repair. */
export const workflowRoutes =
  (deps: WorkflowRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { database, definitions, incidents, catalog, scenarios, instances } = deps
    await app.register(scenarioRoutes(scenarios))
    app.addContentTypeParser(
      ['application/xml', 'text/xml', 'application/bpmn+xml'],
      { parseAs: 'string', bodyLimit: 2 * 1024 * 1024 },
      (_request, body, done) => done(null, body),
    )
    const admin = { config: { role: 'admin' as const } }

    app.get('/api/processes', { ...admin, schema: { tags: ['Processes'], response: { 200: Page(Process) } } }, async () => ({
      items: await listProcesses(database.db),
      nextCursor: null,
    }))

    app.get(
      '/api/processes/:key',
      { ...admin, schema: { tags: ['Processes'], params: Key, response: { 200: ProcessDetail } } },
      async (request) => {
        const process = await describeProcess(database.db, request.params.key)
        if (!process) throw notFound(`Process ${request.params.key}`)
        return process
      },
    )

    app.get(
      '/api/processes/:key/versions/:v',
      { ...admin, schema: { tags: ['Processes'], params: KeyVersion } },
      async (request, reply) => {
        const { key, v } = request.params
        const version = await findVersion(database.db, key, v)
        if (!version) throw notFound(`Version ${v} of process ${key}`)
        if (/\b(application|text)\/(bpmn\+)?xml\b/.test(request.headers.accept ?? ''))
          return reply.type('application/xml; charset=utf-8').send(version.xml)
        const detail = await describeProcess(database.db, key)
        const summary = detail?.versions.find((item) => item.version === v)
        return { ...summary, xml: version.xml, forms: version.forms, scenarios: version.scenarios }
      },
    )

    app.post(
      '/api/processes/validate',
      { ...admin, schema: { tags: ['Processes'], response: { 200: ValidationResult } } },
      async (request) => {
        const upload = await readUpload(request)
        const { definition, problems } = await definitions.validate(upload.xml, upload.forms)
        return { valid: definition !== null, problems }
      },
    )

    app.post(
      '/api/processes',
      {
        ...admin,
        schema: {
          tags: ['Processes'],
          querystring: Type.Object({
            activate: Type.Optional(Type.Boolean()),
            comment: Type.Optional(Type.String({ maxLength: 1000 })),
            override: Override,
          }),
          response: { 201: ProcessUploadResult },
        },
      },
      async (request, reply) => {
        const upload = await readUpload(request)
        const result = await definitions.upload({
          ...upload,
          activate: request.query.activate ?? false,
          comment: request.query.comment ?? null,
          override: request.query.override ?? null,
          authorId: request.agent.id,
        })
        return reply.code(201).send(result)
      },
    )

    app.post(
      '/api/processes/:key/activate',
      {
        ...admin,
        schema: {
          tags: ['Processes'],
          params: Key,
          body: Type.Object(
            {
              version: Type.Integer({ minimum: 1 }),
              override: Override,
              comment: Type.Optional(Type.String({ maxLength: 1000 })),
            },
            { additionalProperties: false },
          ),
          response: { 200: ProcessDetail },
        },
      },
      async (request) => {
        const { key } = request.params
        const { version, comment = null, override = null } = request.body
        await definitions.activate(key, version, { agentId: request.agent.id, comment, override })
        return (await describeProcess(database.db, key)) ?? Promise.reject(notFound(`Process ${key}`))
      },
    )

    app.post(
      '/api/processes/:key/deactivate',
      { ...admin, schema: { tags: ['Processes'], params: Key, response: { 200: ProcessDetail } } },
      async (request) => {
        const { key } = request.params
        await definitions.deactivate(key, request.agent.id)
        return (await describeProcess(database.db, key)) ?? Promise.reject(notFound(`Process ${key}`))
      },
    )

    app.get('/api/process-catalog', { ...admin, schema: { tags: ['Processes'], response: { 200: ProcessCatalog } } }, async () =>
      catalog.describe(),
    )

    const InstanceQuery = Type.Object({
      ...PageQuery.properties,
      key: Type.Optional(Type.String()),
      version: Type.Optional(Type.Integer()),
      state: Type.Optional(
        Type.Union([Type.Literal('running'), Type.Literal('completed'), Type.Literal('cancelled'), Type.Literal('incident')]),
      ),
      chatId: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
      element: Type.Optional(Type.String()),
    })
    app.get(
      '/api/process-instances',
      { ...admin, schema: { tags: ['Processes'], querystring: InstanceQuery, response: { 200: Page(ProcessInstance) } } },
      async (request) => {
        const { cursor, limit = 50, ...filter } = request.query
        const items = await listInstances(database.db, { ...filter, limit, before: cursor })
        return { items, nextCursor: items.length === limit ? (items.at(-1)?.id ?? null) : null }
      },
    )

    const findInstance = async (id: string): Promise<ProcessInstanceType> => {
      const [instance] = await listInstances(database.db, { id, limit: 1 })
      if (!instance) throw notFound(`Process instance ${id}`)
      return instance
    }
    app.get(
      '/api/process-instances/:id',
      { ...admin, schema: { tags: ['Processes'], params: InstanceId, response: { 200: ProcessInstance } } },
      async (request) => findInstance(request.params.id),
    )

    app.get(
      '/api/process-instances/:id/log',
      {
        ...admin,
        schema: {
          tags: ['Processes'],
          params: InstanceId,
          response: { 200: Type.Object({ items: Type.Array(LogItem), nextCursor: Nullable(Type.String()) }) },
        },
      },
      async (request) => {
        const { id } = await findInstance(request.params.id)
        return { items: (await listLog(database.db, [id], 1000)).get(id) ?? [], nextCursor: null }
      },
    )

    app.get(
      '/api/incidents',
      { ...admin, schema: { tags: ['Processes'], querystring: PageQuery, response: { 200: Page(Incident) } } },
      async (request) => {
        const { limit = 50, cursor } = request.query
        const items = await incidents.list({ limit, before: cursor ?? null })
        return { items, nextCursor: items.length === limit ? (items.at(-1)?.id ?? null) : null }
      },
    )

    app.post(
      '/api/incidents/:id/retry',
      { ...admin, schema: { tags: ['Processes'], params: InstanceId, response: { 200: IncidentRetryResult } } },
      async (request) => incidents.retry(request.params.id),
    )

    app.post(
      '/api/incidents/retry',
      { ...admin, schema: { tags: ['Processes'], body: IncidentSelection, response: { 200: IncidentBulkResult } } },
      async (request) => ({ items: await incidents.retryMany(request.body) }),
    )

    app.post(
      '/api/process-instances/:id/cancel',
      {
        ...admin,
        schema: { tags: ['Processes'], params: InstanceId, body: Type.Optional(InstanceCancel), response: { 200: ProcessInstance } },
      },
      async (request) => {
        await instances.cancel(request.params.id, request.body ?? {}, request.agent.id)
        return findInstance(request.params.id)
      },
    )

    app.patch(
      '/api/process-instances/:id/variables',
      { ...admin, schema: { tags: ['Processes'], params: InstanceId, body: VariablesPatch, response: { 200: ProcessInstance } } },
      async (request) => {
        await instances.setVariables(request.params.id, request.body.variables, request.agent.id)
        return findInstance(request.params.id)
      },
    )
  }
