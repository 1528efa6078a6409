import { createHash } from 'node:crypto'
import type { Scenario } from '../../contracts/scenarios.ts'
import type { ScenarioResult } from '../../contracts/simulations.ts'
import type { CompiledDefinition, Engine, Problem } from '../../engine/index.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { audit } from '../settings/index.ts'
import * as repo from './definitions.repo.ts'
import { hostProblems } from './host-limits.ts'
import type { ScenarioRunner, Subject } from './scenarios/scenario-runner.ts'
import { readScenarios } from './scenarios/validate-scenarios.ts'
import type { TaskRegistry } from './task-registry.ts'
import { chatEventNames } from './workflow.events.ts'

export interface Upload {
  xml: string
  /** form-js schemas by form id. */
  forms: Record<string, unknown>
  /** Null keeps those of the version before. */
  scenarios: unknown
  comment: string | null
  activate: boolean
  /** Why it may be activated although scenarios fail; null = it may not. */
  override: string | null
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
    const catalog = { tasks: this.#tasks.describe(), events: [...chatEventNames], formIds: Object.keys(forms) }
    const { definition, problems } = await this.#engine.compile(xml, catalog)
    const unserved = definition ? hostProblems(definition) : []
    return { definition: unserved.length > 0 ? null : definition, problems: [...problems, ...unserved] }
  }

  /** The definition ready to be tried. @throws AppError 422 INVALID_PROCESS with all problems */
  async compile(xml: string, forms: Record<string, unknown> = {}): Promise<Subject & { problems: Problem[] }> {
    const { definition, problems } = await this.validate(xml, forms)
    if (!definition) throw invalidProcess(problems)
    return { xml, forms, checksum: checksumOf({ xml, forms }), compiled: definition, problems }
  }

  /**
   * Stores a new version. Whatever is thrown, nothing is stored.
   * @throws AppError 422 INVALID_PROCESS or INVALID_SCENARIOS with all problems; 409 SCENARIOS_FAILED when it is to be activated
   */
  async upload(upload: Upload): Promise<UploadResult> {
    const subject = await this.compile(upload.xml, upload.forms)
    const { compiled } = subject
    const inherited = upload.scenarios === null ? await this.#latestScenarios(compiled.key) : null
    const scenarios = inherited ? inherited.scenarios : readScenarios(upload.scenarios ?? [], compiled)
    // Scenarios that came with Parley tell how Parley's own version behaves. Whoever replaces it may mean to change that:
    // they warn, and scenarios an administrator has saved refuse.
    const mayFail = inherited?.shipped ? 'scenarios shipped with Parley' : upload.override
    const failed = upload.activate ? await this.#gate(subject, scenarios, mayFail) : []
    const problems = [...subject.problems, ...(inherited?.shipped ? failed.map(scenarioWarning) : [])]
    return this.#database.transaction(async (work) => {
      await repo.lockDefinition(work.trx, compiled.key, compiled.name, false, work.now)
      const version = await this.#insert(work, compiled, problems, { ...upload, scenarios, scenariosShipped: inherited?.shipped ?? false })
      if (upload.activate) await repo.setActive(work.trx, compiled.key, version, compiled, work.now)
      await audit(
        work,
        upload.authorId,
        upload.activate ? 'process.uploaded_and_activated' : 'process.uploaded',
        `process:${compiled.key}@${version}`,
        overrideDetails(upload, failed),
      )
      return { key: compiled.key, version, state: upload.activate ? ('active' as const) : ('draft' as const), problems }
    })
  }

  /** Runs scenarios against a definition that need not be stored; nothing of it stays. */
  tryScenarios(subject: Subject, scenarios: readonly Scenario[]): Promise<ScenarioResult[]> {
    return this.#scenarios.runAll(subject, scenarios)
  }

  /** Replaces the scenarios of a version, which are checked already. */
  async saveScenarios(key: string, version: number, scenarios: readonly Scenario[], agentId: string): Promise<void> {
    await this.#database.transaction(async (work) => {
      await work.trx
        .updateTable('process_versions')
        .set({ scenarios: JSON.stringify(scenarios), scenarios_shipped: false })
        .where('key', '=', key)
        .where('version', '=', version)
        .execute()
      await audit(work, agentId, 'process.scenarios_replaced', `process:${key}@${version}`, { scenarios: scenarios.length })
    })
  }

  /**
   * Moves the active pointer; running instances stay on their version. `override` says why scenarios may fail.
   * @throws AppError 404; 409 SCENARIOS_FAILED with the results
   */
  async activate(
    key: string,
    version: number,
    options: { agentId: string | null; comment: string | null; override: string | null },
  ): Promise<void> {
    const row = await repo.findVersion(this.#database.db, key, version)
    if (!row) throw notFound(`Version ${version} of process ${key}`)
    const subject = subjectOf(row)
    const failed = await this.#gate(subject, row.scenarios as Scenario[], options.override)
    await this.#database.transaction(async (work) => {
      await repo.lockDefinition(work.trx, key, subject.compiled.name, false, work.now)
      await repo.setActive(work.trx, key, version, subject.compiled, work.now)
      await audit(work, options.agentId, 'process.activated', `process:${key}@${version}`, overrideDetails(options, failed))
    })
  }

  /** Switches the process off: no new instances; running ones go on. @throws AppError 404 */
  async deactivate(key: string, agentId: string | null): Promise<void> {
    await this.#database.transaction(async (work) => {
      const query = work.trx.selectFrom('process_definitions').select('key').where('key', '=', key).forUpdate()
      if (!(await query.executeTakeFirst())) throw notFound(`Process ${key}`)
      await repo.setActive(work.trx, key, null, null, work.now)
      await audit(work, agentId, 'process.deactivated', `process:${key}`)
    })
  }

  /** Runs the scenarios; answers the names of those that failed although they may. */
  async #gate(subject: Subject, scenarios: readonly Scenario[], override: string | null): Promise<string[]> {
    const results = await this.#scenarios.runAll(subject, scenarios)
    const failed = results.filter((result) => !result.passed)
    if (failed.length > 0 && override === null) throw scenariosFailed(results, failed)
    return failed.map((result) => result.name)
  }

  /** The scenarios of the newest version, and whether they are still those that came with Parley. */
  async #latestScenarios(key: string): Promise<{ scenarios: Scenario[]; shipped: boolean }> {
    const row = await this.#database.db
      .selectFrom('process_versions')
      .select(['scenarios', 'scenarios_shipped'])
      .where('key', '=', key)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst()
    return { scenarios: (row?.scenarios ?? []) as Scenario[], shipped: row?.scenarios_shipped ?? false }
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
      const version = await this.#insert(work, definition, problems, { ...shipped, scenariosShipped: true, authorId: null, comment })
      if (first && shipped.active) await repo.setActive(work.trx, definition.key, version, definition, work.now)
      if (first) await onCreated(work)
      return first ? 'created' : 'drafted'
    })
  }

  async #insert(
    work: ParleyWork,
    definition: CompiledDefinition,
    problems: Problem[],
    source: Pick<Upload, 'xml' | 'forms' | 'authorId' | 'comment'> & { scenarios: unknown[]; scenariosShipped: boolean },
  ): Promise<number> {
    return repo.insertVersion(work.trx, {
      key: definition.key,
      name: definition.name,
      xml: source.xml,
      forms: source.forms,
      scenarios: source.scenarios,
      scenariosShipped: source.scenariosShipped,
      checksum: checksumOf(source),
      compiled: definition,
      problems,
      authorId: source.authorId,
      comment: source.comment,
      now: work.now,
    })
  }
}

/** A stored version, ready to be tried. */
export function subjectOf(row: {
  xml: string
  forms: Record<string, unknown>
  checksum: string
  compiled: Record<string, unknown>
}): Subject {
  return { xml: row.xml, forms: row.forms, checksum: row.checksum, compiled: row.compiled as unknown as CompiledDefinition }
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

function scenariosFailed(results: readonly ScenarioResult[], failed: readonly ScenarioResult[]): AppError {
  const names = failed.map((result) => `"${result.name}"`).join(', ')
  return new AppError(
    'SCENARIOS_FAILED',
    409,
    `${failed.length} of ${results.length} scenarios failed: ${names}. Mend the process or its scenarios, or give a reason as "override".`,
    { details: { results } },
  )
}

function overrideDetails(
  { comment, override }: { comment: string | null; override: string | null },
  failed: readonly string[],
): Record<string, unknown> {
  return { ...(comment === null ? {} : { comment }), ...(failed.length > 0 ? { override, failedScenarios: failed } : {}) }
}

function scenarioWarning(name: string): Problem {
  return {
    severity: 'warning',
    rule: 'scenario-failed',
    elementId: null,
    elementName: null,
    line: null,
    column: null,
    message: `The scenario "${name}", which was shipped with this process, no longer holds.`,
    hint: 'If the change is meant, replace the scenarios (PUT /api/processes/:key/scenarios) by those of the new behaviour.',
  }
}
