import type { Scenario } from '../../../contracts/scenarios.ts'
import type { ScenarioResult, ScenarioSet, SimulationRequest } from '../../../contracts/simulations.ts'
import type { CompiledDefinition } from '../../../engine/index.ts'
import { badRequest, notFound } from '../../../platform/errors.ts'
import type { ParleyDatabase } from '../../../schema.ts'
import { type DefinitionService, subjectOf } from '../definitions.service.ts'
import { readScenarios } from './validate-scenarios.ts'

/** Saved scenarios of processes, and trying one. */
export class ScenarioService {
  readonly #database: ParleyDatabase
  readonly #definitions: DefinitionService

  constructor(options: { database: ParleyDatabase; definitions: DefinitionService }) {
    this.#database = options.database
    this.#definitions = options.definitions
  }

  /** Of the latest version when none is named. @throws AppError 404 */
  async get(key: string, version: number | undefined): Promise<ScenarioSet> {
    const row = await this.#version(key, version ?? 'latest')
    return { key, version: row.version, scenarios: row.scenarios as Scenario[] }
  }

  /** Replaces the scenarios of a version, of the latest when none is named. @throws AppError 404; 422 INVALID_SCENARIOS */
  async replace(key: string, version: number | undefined, scenarios: unknown, agentId: string): Promise<ScenarioSet> {
    const row = await this.#version(key, version ?? 'latest')
    const checked = readScenarios(scenarios, row.compiled as unknown as CompiledDefinition)
    await this.#definitions.saveScenarios(key, row.version, checked, agentId)
    return { key, version: row.version, scenarios: checked }
  }

  /**
   * Runs one scenario and takes everything back.
   * @throws AppError 404; 400 when version and XML are both given; 422 INVALID_SCENARIOS or INVALID_PROCESS
   */
  async simulate(key: string, { version, xml, forms, scenario }: SimulationRequest): Promise<ScenarioResult> {
    if (xml !== undefined && version !== undefined) throw badRequest('Name a version or send XML, not both.')
    const subject =
      xml === undefined ? subjectOf(await this.#version(key, version ?? 'active')) : await this.#definitions.compile(xml, forms)
    if (subject.compiled.key !== key) throw badRequest(`The XML is of the process ${subject.compiled.key}, not of ${key}.`)
    const [checked] = readScenarios([scenario], subject.compiled)
    const [result] = checked ? await this.#definitions.tryScenarios(subject, [checked]) : []
    if (!result) throw new Error('One scenario must have one result')
    return result
  }

  async #version(key: string, which: number | 'latest' | 'active') {
    const row = await this.#database.db
      .selectFrom('process_versions as v')
      .innerJoin('process_definitions as d', 'd.key', 'v.key')
      .selectAll('v')
      .where('v.key', '=', key)
      .$if(typeof which === 'number', (query) => query.where('v.version', '=', Number(which)))
      .$if(which === 'active', (query) =>
        query.orderBy(
          (eb) => eb('v.version', '=', eb.ref('d.active_version')),
          (order) => order.desc().nullsLast(),
        ),
      )
      .orderBy('v.version', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!row) throw notFound(typeof which === 'number' ? `Version ${which} of process ${key}` : `Process ${key}`)
    return row
  }
}
