import { createHash } from 'node:crypto'
import type { Scenario } from '../../contracts/scenarios.ts'
import type { ScenarioResult } from '../../contracts/simulations.ts'
import type { CompiledDefinition, Engine, Problem } from '../../engine/index.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import * as repo from './definitions.repo.ts'
import type { ScenarioRunner } from './scenarios/scenario-runner.ts'
import type { TaskRegistry } from './task-registry.ts'
import { chatEventNames } from './workflow.events.ts'

export interface Upload {
  xml: string
  /** form-js schemas by form id. */
  forms: Record<string, unknown>
  scenarios: unknown[]
  comment: string | null
  activate: boolean
  authorId: string | null
}

export interface UploadResult {
  key: string
  version: number
  state: 'draft' | 'active'
  problems: Problem[]
}

/** One definition of `processes/`, as the seeder hands it over. */
export interface ShippedDefinition {
  key: string
  xml: string
  forms: Record<string, unknown>
  scenarios: unknown[]
  active: boolean
}

/** Definitions as immutable versions with a pointer to the active one. */
export class DefinitionService {
  readonly #database: ParleyDatabase
  readonly #engine: Engine
  readonly #tasks: TaskRegistry
  readonly #scenarios: ScenarioRunner

  constructor(options: { database: ParleyDatabase; engine: Engine; tasks: TaskRegistry; scenarios: ScenarioRunner }) {
    this.#database = options.database
    this.#engine = options.engine
    this.#tasks = options.tasks
    this.#scenarios = options.scenarios
  }

  async validate(
    xml: string,
    forms: Record<string, unknown> = {},
  ): Promise<{ definition: CompiledDefinition | null; problems: Problem[] }> {
    return this.#engine.compile(xml, { tasks: this.#tasks.describe(), events: [...chatEventNames], formIds: Object.keys(forms) })
  }

  /** Stores a new version. @throws AppError 422 INVALID_PROCESS with all problems; nothing is stored then */
  async upload(upload: Upload): Promise<UploadResult> {
    const { definition, problems } = await this.validate(upload.xml, upload.forms)
    if (!definition) throw invalidProcess(problems)
    return this.#database.transaction(async (work) => {
      await repo.lockDefinition(work.trx, definition.key, definition.name, false, work.now)
      const version = await this.#insert(work, definition, problems, upload)
      if (upload.activate) await repo.setActive(work.trx, definition.key, version, definition, work.now)
      await audit(
        work,
        upload.authorId,
        upload.activate ? 'process.uploaded_and_activated' : 'process.uploaded',
        `${definition.key} version ${version}`,
      )
      return { key: definition.key, version, state: upload.activate ? ('active' as const) : ('draft' as const), problems }
    })
  }

  /** Runs scenarios against XML that need not be stored. @throws AppError 422 INVALID_PROCESS */
  async tryScenarios(source: { xml: string; forms: Record<string, unknown> }, scenarios: readonly Scenario[]): Promise<ScenarioResult[]> {
    const { definition, problems } = await this.validate(source.xml, source.forms)
    if (!definition) throw invalidProcess(problems)
    return this.#scenarios.runAll({ ...source, checksum: checksumOf(source), compiled: definition }, scenarios)
  }

  /** Moves the active pointer; running instances stay on their version. `version` null switches the process off. */
  async activate(key: string, version: number | null, agentId: string | null, comment: string | null): Promise<void> {
    await this.#database.transaction(async (work) => {
      const definition = await work.trx
        .selectFrom('process_definitions')
        .select('key')
        .where('key', '=', key)
        .forUpdate()
        .executeTakeFirst()
      if (!definition) throw notFound(`Process ${key}`)
      const row = version === null ? null : await repo.findVersion(work.trx, key, version)
      if (row === undefined) throw notFound(`Version ${version} of process ${key}`)
      await repo.setActive(work.trx, key, version, row ? (row.compiled as unknown as CompiledDefinition) : null, work.now)
      await audit(
        work,
        agentId,
        version === null ? 'process.deactivated' : 'process.activated',
        version === null ? key : `${key} version ${version}`,
        comment,
      )
    })
  }

  /**
   * Seeds a shipped definition: version 1 when the process is absent, an inactive draft when a newer one is shipped and
   * the administrator has another. Never overwrites. Answers what it did; `onCreated` belongs to the same transaction.
   */
  async seed(shipped: ShippedDefinition, onCreated: (work: ParleyWork) => Promise<void>): Promise<'created' | 'drafted' | 'unchanged'> {
    const checksum = checksumOf(shipped)
    const known = await this.#database.db
      .selectFrom('process_versions')
      .select('version')
      .where('key', '=', shipped.key)
      .where('checksum', '=', checksum)
      .executeTakeFirst()
    if (known) return 'unchanged'
    const { definition, problems } = await this.validate(shipped.xml, shipped.forms)
    if (!definition) throw invalidProcess(problems)
    return this.#database.transaction(async (work) => {
      await repo.lockDefinition(work.trx, definition.key, definition.name, true, work.now)
      const versions = await work.trx
        .selectFrom('process_versions')
        .select(['version', 'checksum'])
        .where('key', '=', definition.key)
        .execute()
      if (versions.some((version) => version.checksum === checksum)) return 'unchanged'
      const first = versions.length === 0
      const comment = first ? 'Shipped with Parley' : 'A newer version shipped with Parley; compare it and activate it when you like it'
      const version = await this.#insert(work, definition, problems, { ...shipped, authorId: null, comment })
      if (first && shipped.active) await repo.setActive(work.trx, definition.key, version, definition, work.now)
      if (first) await onCreated(work)
      return first ? 'created' : 'drafted'
    })
  }

  async #insert(
    work: ParleyWork,
    definition: CompiledDefinition,
    problems: Problem[],
    source: Pick<Upload, 'xml' | 'forms' | 'scenarios' | 'authorId' | 'comment'>,
  ): Promise<number> {
    return repo.insertVersion(work.trx, {
      key: definition.key,
      name: definition.name,
      xml: source.xml,
      forms: source.forms,
      scenarios: source.scenarios,
      checksum: checksumOf(source),
      compiled: definition,
      problems,
      authorId: source.authorId,
      comment: source.comment,
      now: work.now,
    })
  }
}

/** SHA-256 over what a version consists of. */
export function checksumOf(source: { xml: string; forms: Record<string, unknown> }): string {
  return createHash('sha256').update(source.xml).update('\0').update(JSON.stringify(source.forms)).digest('hex')
}

function invalidProcess(problems: Problem[]): AppError {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const first = errors[0]
  return new AppError(
    'INVALID_PROCESS',
    422,
    `The process has ${errors.length} error${errors.length === 1 ? '' : 's'}; nothing was stored.${first ? ` First: ${first.message}` : ''}`,
    { details: { problems } },
  )
}

async function audit(
  work: ParleyWork,
  agentId: string | null,
  action: string,
  subject: string,
  comment: string | null = null,
): Promise<void> {
  await work.trx
    .insertInto('audit_log')
    .values({ at: work.now, agent_id: agentId, action, subject, details: JSON.stringify(comment === null ? {} : { comment }) })
    .execute()
}
