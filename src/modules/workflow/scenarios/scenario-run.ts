import type { Static } from 'typebox'
import type { EventStep, FormStep, Mock, Scenario, StartStep, Step } from '../../../contracts/scenarios.ts'
import type { ScenarioCheck } from '../../../contracts/simulations.ts'
import type { Engine, StepRequest, TaskCall, TaskOutcome, TaskRunner } from '../../../engine/index.ts'
import { AppError } from '../../../platform/errors.ts'
import type { ParleyDatabase } from '../../../schema.ts'
import { encodeValue } from '../values.ts'
import type { ChatEvent } from '../workflow.events.ts'
import { checkExpectation } from './expectations.ts'
import { makeWorld, say, type World } from './given.ts'
import { Recorder } from './recorder.ts'
import type { CreateSandbox, Sandbox } from './sandbox.types.ts'
import { ScenarioError } from './scenario-error.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Wake-ups that one step may cause; a process that wants more never comes to rest. */
const maxWakes = 1_000

/** What agents ask for; every other event is a fact. */
export const requests = new Set(['agent.accepted', 'agent.completed', 'agent.transferred'])

export interface RunOptions {
  database: ParleyDatabase
  clock: VirtualClock
  engine: Engine
  createSandbox: CreateSandbox
  scenario: Scenario
  /** The process under test and the version of it that is to run. */
  key: string
  version: number
}

/** One scenario under way. */
export class ScenarioRun {
  readonly recorder = new Recorder()
  readonly checks: ScenarioCheck[] = []
  readonly #options: RunOptions
  readonly #sandbox: Sandbox
  readonly #ownQueues = new Set<string>()
  /** Remote tasks that wait for their answer. */
  readonly #parked: { instanceId: string; waitId: string }[] = []
  #world: World | undefined

  constructor(options: RunOptions) {
    this.#options = options
    this.#sandbox = options.createSandbox({
      database: options.database,
      clock: options.clock,
      engine: withMocks(options.engine, options.key, options.scenario),
      outlets: {
        runTask: (instanceId, waitId) => this.#parked.push({ instanceId, waitId }),
      },
      adaptTasks: (tasks) => this.recorder.watch(tasks),
      ownsQueue: (queueId) => this.#ownQueues.has(queueId),
    })
  }

  /** Makes what the scenario gives; the process under test must not be active yet. */
  async prepare(): Promise<void> {
    const { scenario, database, clock } = this.#options
    this.#world = await makeWorld(scenario.given ?? {}, this.#sandbox, database, clock, this.#ownQueues)
    await this.#settle()
  }

  /** Runs all steps; stops at the first that fails. @throws what a step must not throw */
  async play(): Promise<void> {
    const { scenario, clock } = this.#options
    for (const step of scenario.steps) {
      this.recorder.step++
      if (step.at !== undefined) await this.#moveTo(clock.after(step.at))
      try {
        await this.#do(step)
        await this.#settle()
      } finally {
        await this.readLog()
      }
      if (this.checks.some((check) => !check.passed)) return
    }
    await this.#checkIncidents()
  }

  async readLog(): Promise<void> {
    if (this.#world) await this.recorder.readLog(this.#options.database.db, this.#world.channelId)
  }

  async readEffects() {
    if (!this.#world) return { tasks: [], messages: [], chats: [] }
    return this.recorder.readEffects(this.#options.database.db, this.#world.channelId)
  }

  get #given(): World {
    if (!this.#world) throw new Error('The scenario was not prepared')
    return this.#world
  }

  async #do(step: Step): Promise<void> {
    const { clock, database } = this.#options
    if ('expect' in step) return this.#expect(step.expect)
    if ('advance' in step) return this.#moveTo(clock.after(step.advance))
    if ('message' in step) return say(step.message, this.#given, this.#sandbox, database, clock)
    if ('form' in step) return this.#completeForm(step)
    await this.#refusable(step.refused, () => ('start' in step ? this.#start(step) : this.#raise(step)))
  }

  /** Does what may be refused; that it is, or is not, is a check of its own. */
  async #refusable(expected: string | undefined, action: () => Promise<void>): Promise<void> {
    let actual: string | null = null
    try {
      await action()
    } catch (error) {
      if (expected === undefined || !(error instanceof AppError)) throw error
      actual = error.code
    }
    if (expected !== undefined)
      this.checks.push({ step: this.recorder.step, what: 'refused', expected, actual, passed: actual === expected })
  }

  async #raise(step: Static<typeof EventStep>): Promise<void> {
    const { references, chatId } = this.#given
    const { host } = this.#sandbox
    const agentId = step.agent === undefined ? null : references.id('agent', step.agent)
    const payload = references.resolve(step.payload ?? {})
    const event: ChatEvent = { chatId, name: step.event, agentId, payload: { ...defaultPayload(step.event, chatId, agentId), ...payload } }
    if (requests.has(step.event)) {
      await host.request(event, async () => {
        // Whether this agent may ask is decided before a process is asked.
      })
      return
    }
    await this.#options.database.transaction((work) => host.raise(work, event))
  }

  async #start(step: Static<typeof StartStep>): Promise<void> {
    const { key, version, database } = this.#options
    const { references, chatId } = this.#given
    const agentId = step.agent === undefined ? null : references.id('agent', step.agent)
    const variables = references.resolve(step.start.inputs)
    await database.transaction((work) => this.#sandbox.host.start(work, { key, version, chatId, variables, agentId }))
  }

  async #completeForm(step: Static<typeof FormStep>): Promise<void> {
    const { key, database } = this.#options
    const wait = await database.db
      .selectFrom('process_waits as w')
      .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
      .select(['w.instance_id', 'w.wait_id'])
      .where('i.chat_id', '=', this.#given.chatId)
      .where('i.key', '=', key)
      .where('w.kind', '=', 'form')
      .where('w.element_id', '=', step.form)
      .orderBy('w.instance_id', 'desc')
      .executeTakeFirst()
    if (!wait) throw new ScenarioError('NOT_WAITING', `No instance waits for the form of "${step.form}".`)
    const variables = this.#given.references.resolve(step.variables)
    const form = { waitId: wait.wait_id, variables }
    await database.transaction((work) => this.#sandbox.host.submitForm(work, wait.instance_id, form, this.#given.ownerId))
  }

  async #expect(expected: Extract<Step, { expect: unknown }>['expect']): Promise<void> {
    const { database, key } = this.#options
    const scene = { db: database.db, world: this.#given, key, notified: this.recorder.notified }
    const findings = await checkExpectation(expected, scene)
    const { step } = this.recorder
    this.checks.push(...findings.map((finding) => ({ step, ...finding, actual: encodeValue(finding.actual) })))
  }

  /** Moves the clock; what falls due on the way happens in order, each at its own time. */
  async #moveTo(target: Date): Promise<void> {
    const { database, clock } = this.#options
    for (let wakes = 0; ; wakes++) {
      const next = await database.db
        .selectFrom('chats')
        .select(['id', 'wake_at'])
        .where('channel_id', '=', this.#given.channelId)
        .where('wake_at', '<=', target)
        .orderBy('wake_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst()
      if (!next?.wake_at) break
      if (wakes >= maxWakes) throw new ScenarioError('NEVER_AT_REST', `More than ${maxWakes} things fell due in one step.`)
      clock.moveTo(next.wake_at)
      await this.#sandbox.host.wake(next.id)
      await this.#settle()
    }
    clock.moveTo(target)
  }

  /** Until nothing is left that follows at once: facts, offers, answers of remote tasks. */
  async #settle(): Promise<void> {
    for (let rounds = 0; ; rounds++) {
      if (rounds >= maxWakes) throw new ScenarioError('NEVER_AT_REST', 'The processes do not come to rest.')
      await this.#sandbox.settled()
      const chatIds = await this.#chatsWithFacts()
      for (const chatId of chatIds) await this.#sandbox.host.advance(chatId)
      const parked = this.#parked.splice(0)
      for (const task of parked) await this.#answer(task)
      if (chatIds.length + parked.length === 0) return
    }
  }

  async #chatsWithFacts(): Promise<string[]> {
    const rows = await this.#options.database.db
      .selectFrom('process_events as e')
      .innerJoin('chats as c', 'c.id', 'e.chat_id')
      .select('e.chat_id')
      .distinct()
      .where('c.channel_id', '=', this.#given.channelId)
      .execute()
    return rows.map((row) => row.chat_id)
  }

  /** A process that stops at an incident does not do what it should, whatever else was looked at. */
  async #checkIncidents(): Promise<void> {
    const { scenario, database } = this.#options
    if (scenario.steps.some((step) => 'expect' in step && step.expect.incident === true)) return
    const incident = await database.db
      .selectFrom('process_incidents as n')
      .innerJoin('process_instances as i', 'i.id', 'n.instance_id')
      .innerJoin('chats as c', 'c.id', 'i.chat_id')
      .select(['n.code', 'n.message', 'n.element_id as elementId'])
      .where('c.channel_id', '=', this.#given.channelId)
      .where('n.resolved_at', 'is', null)
      .executeTakeFirst()
    if (incident) this.checks.push({ step: this.recorder.step, what: 'incident', expected: null, actual: incident, passed: false })
  }

  /** A remote task gets the answer the scenario has for it, or waits for ever. */
  async #answer({ instanceId, waitId }: { instanceId: string; waitId: string }): Promise<void> {
    const { database, scenario } = this.#options
    const wait = await database.db
      .selectFrom('process_waits')
      .select('element_id')
      .where('instance_id', '=', instanceId)
      .where('wait_id', '=', waitId)
      .executeTakeFirst()
    const mock = wait ? scenario.mocks?.[wait.element_id] : undefined
    if (!mock) return
    const outcome = outcomeOf(mock)
    await this.#sandbox.host.settleTask(
      instanceId,
      outcome.status === 'error'
        ? { kind: 'task.failed', waitId, code: outcome.code, message: outcome.message }
        : { kind: 'task.completed', waitId, outputs: outcome.outputs },
    )
  }
}

/** What the real event of this name always carries. */
function defaultPayload(name: string, chatId: string, agentId: string | null): Record<string, unknown> {
  switch (name) {
    case 'chat.created':
      return { chatId, messageId: null, agentId: null, parentChatId: null }
    case 'agent.transferred':
      return { chatId, agentId: null, queueId: null, note: null }
    default:
      return { chatId, ...(name.startsWith('agent.') ? { agentId } : {}) }
  }
}

type MockOutcome = Exclude<TaskOutcome, { status: 'parked' }>

function outcomeOf(mock: Mock): MockOutcome {
  if ('error' in mock) return { status: 'error', ...mock.error }
  return { status: 'completed', outputs: mock.outputs as Extract<MockOutcome, { status: 'completed' }>['outputs'] }
}

/** The engine, with the scenario's answers for its local tasks and its variables in every new instance of the process under test. */
function withMocks(engine: Engine, key: string, { mocks = {}, given = {} }: Scenario): Engine {
  const runMocked =
    (runTask: TaskRunner): TaskRunner =>
    async (call: TaskCall) => {
      const outcome = await (mocks[call.elementId] ? outcomeOf(mocks[call.elementId] as Mock) : runTask(call))
      return outcome
    }
  return {
    ...engine,
    step(request: StepRequest, runTask: TaskRunner) {
      if (request.definition.key !== key) return engine.step(request, runTask)
      const variables =
        request.delivery.kind === 'start' ? { ...(given.variables as StepRequest['variables']), ...request.variables } : request.variables
      return engine.step({ ...request, variables }, runMocked(runTask))
    },
  }
}
