import { sql, type Transaction } from 'kysely'
import type { Scenario } from '../../../contracts/scenarios.ts'
import type { ScenarioResult } from '../../../contracts/simulations.ts'
import type { CompiledDefinition, Engine, Problem } from '../../../engine/index.ts'
import { AppError, assertNever } from '../../../platform/errors.ts'
import type { Logger } from '../../../platform/log.ts'
import type { ParleyDatabase, Schema } from '../../../schema.ts'
import { insertVersion, lockDefinition, setActive } from '../definitions.repo.ts'
import { createNestedDatabase } from './nested-database.ts'
import type { CreateSandbox } from './sandbox.types.ts'
import { ScenarioError } from './scenario-error.ts'
import { ScenarioRun } from './scenario-run.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Any number no other advisory lock uses: one scenario at a time in the cluster, as each holds the start events of all processes. */
const scenarioLock = 7_203_114
/** How long a scenario waits for another node's, or for an activation that is under way. */
const lockTimeout = '15s'
/** How long one scenario may take, in milliseconds. */
const deadlineMs = 60_000

/** What is tested: a definition that compiled, stored or not. */
export interface Subject {
  xml: string
  forms: Record<string, unknown>
  checksum: string
  compiled: CompiledDefinition
}

/**
 * Runs scenarios for real, each in a transaction that is rolled back: the tables, statements, tasks and processes of
 * production on a virtual clock, one engine step after the other through saved state. Nothing leaves: no job, push or
 * delivery. Only the process under test reacts to events; other processes are as if switched off.
 */
export class ScenarioRunner {
  readonly #database: ParleyDatabase
  readonly #engine: Engine
  readonly #createSandbox: CreateSandbox
  readonly #log: Logger
  /** Scenarios of this node wait for each other here, so that they do not hold connections meanwhile. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: { database: ParleyDatabase; engine: Engine; createSandbox: CreateSandbox; log: Logger }) {
    this.#database = options.database
    this.#engine = options.engine
    this.#createSandbox = options.createSandbox
    this.#log = options.log
  }

  /** Runs the scenarios one after the other. */
  async runAll(subject: Subject, scenarios: readonly Scenario[]): Promise<ScenarioResult[]> {
    const results: ScenarioResult[] = []
    for (const scenario of scenarios) results.push(await this.run(subject, scenario))
    return results
  }

  /** @throws only what says that the run could not be made at all, such as a database that is away */
  run(subject: Subject, scenario: Scenario): Promise<ScenarioResult> {
    const result = this.#last.then(() => this.#run(subject, scenario))
    this.#last = result.catch(() => {
      // Whoever asked for that run has the error; the next one only waits for its end.
    })
    return result
  }

  async #run(subject: Subject, scenario: Scenario): Promise<ScenarioResult> {
    const trx = await this.#database.db.startTransaction().execute()
    try {
      return await this.#runIn(trx, subject, scenario)
    } finally {
      await trx.rollback().execute()
    }
  }

  async #runIn(trx: Transaction<Schema>, subject: Subject, scenario: Scenario): Promise<ScenarioResult> {
    const clock = new VirtualClock()
    const { key } = subject.compiled
    await sql`select set_config('lock_timeout', ${lockTimeout}, true)`.execute(trx)
    await sql`select pg_advisory_xact_lock(${scenarioLock})`.execute(trx)
    const version = await storeAlone(trx, subject, clock.now())
    const options = { clock, engine: this.#engine, createSandbox: this.#createSandbox, scenario, key, version }
    const run = new ScenarioRun({ ...options, database: createNestedDatabase(trx, clock) })
    let error: ScenarioResult['error'] = null
    try {
      await withDeadline(async () => {
        await run.prepare()
        await setActive(trx, key, version, subject.compiled, clock.now())
        await run.play()
      })
    } catch (reason) {
      this.#log.debug({ err: reason, process: key, scenario: scenario.name }, 'A scenario stopped early')
      error = { step: run.recorder.step, ...describe(reason) }
    }
    const effects = await readable(() => run.readEffects(), { tasks: run.recorder.tasks, messages: [], chats: [] })
    return {
      name: scenario.name,
      passed: error === null && run.checks.every((check) => check.passed),
      error,
      checks: run.checks,
      trace: run.recorder.trace,
      effects,
    }
  }
}

/** Stores the subject as a further version and takes every process's start events away, in this transaction only. */
async function storeAlone(trx: Transaction<Schema>, subject: Subject, now: Date): Promise<number> {
  const { key, name } = subject.compiled
  await lockDefinition(trx, key, name, false, now)
  await trx.deleteFrom('process_starts').execute()
  return insertVersion(trx, {
    key,
    name,
    xml: subject.xml,
    forms: subject.forms,
    scenarios: [],
    scenariosShipped: false,
    checksum: subject.checksum,
    compiled: subject.compiled,
    problems: [] satisfies Problem[],
    authorId: null,
    comment: null,
    now,
  })
}

async function withDeadline(action: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new ScenarioError('DEADLINE_EXCEEDED', `The scenario took longer than ${deadlineMs / 1000} seconds.`)),
      deadlineMs,
    )
  })
  try {
    await Promise.race([action(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** After a failed statement the transaction answers nothing any more; what was seen until then is still worth showing. */
async function readable<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read()
  } catch {
    // The scenario's own error, which made the transaction unusable, is in the result.
    return otherwise
  }
}

function describe(reason: unknown): { code: string; message: string } {
  if (reason instanceof AppError || reason instanceof ScenarioError) return { code: reason.code, message: reason.message }
  if (reason instanceof Error) return { code: 'SCENARIO_FAILED', message: reason.message }
  return assertNever(reason as never)
}
