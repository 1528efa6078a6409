import type { ActionResult, WaitingTask } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { Viewer } from '../chats/index.ts'
import { decodeVariables, type Failure, type FormWait, listFormWaits, type ProcessHost, redact } from '../workflow/index.ts'
import { checkForm, type FeelEvaluator } from './check-form.ts'
import { checkInputs, type ProcessInputs } from './process-inputs.ts'
import * as errors from './quick-actions.errors.ts'
import * as repo from './quick-actions.repo.ts'

/** Separates instance and wait in the id of a task; neither contains it. */
const separator = '~'

export interface ActionRunDeps {
  database: ParleyDatabase
  host: ProcessHost
  inputs: ProcessInputs
  /** Evaluates the conditions of forms. */
  evaluate: FeelEvaluator
  /** @throws AppError 404 when the agent may not see the chat, 403 when it is not theirs, 409 when it is completed */
  assertMayAct(agent: Viewer, chatId: string): Promise<void>
  /** @throws AppError 404 when the agent may not see the chat */
  assertVisible(agent: Viewer, chatId: string): Promise<void>
}

/** Runs quick actions and the forms they show. */
export class ActionRunService {
  readonly #deps: ActionRunDeps

  constructor(deps: ActionRunDeps) {
    this.#deps = deps
  }

  /**
   * Starts the action's process for the chat.
   * @throws AppError 404 when the chat does not offer it, 422 INVALID_INPUTS, or the process's own refusal with its code
   */
  async run(agent: Viewer, chatId: string, actionId: string, inputs: Record<string, unknown>): Promise<ActionResult> {
    const { db } = this.#deps.database
    await this.#deps.assertMayAct(agent, chatId)
    const chat = await db.selectFrom('chats').select('queue_id').where('id', '=', chatId).executeTakeFirstOrThrow()
    const action = await repo.findAction(db, actionId)
    const isOffered = action?.enabled && (action.queue_ids.length === 0 || action.queue_ids.includes(chat.queue_id))
    if (!isOffered) throw notFound(`Quick action ${actionId}`)
    return this.#start(agent, chatId, action.process_key, action.caption, inputs)
  }

  /** Starts the active version of a process by its key. @throws AppError as run() */
  async runProcess(agent: Viewer, chatId: string, key: string, inputs: Record<string, unknown>): Promise<ActionResult> {
    await this.#deps.assertMayAct(agent, chatId)
    return this.#start(agent, chatId, key, null, inputs)
  }

  /** The forms that processes of the chat wait for, oldest first. */
  async listTasks(agent: Viewer, chatId: string): Promise<WaitingTask[]> {
    await this.#deps.assertVisible(agent, chatId)
    const waits = await listFormWaits(this.#deps.database.db, { chatId })
    return waits.map((wait) => ({
      ...toForm(wait),
      instanceId: wait.instanceId,
      processKey: wait.processKey,
      name: wait.name,
      startedAt: wait.startedAt.toISOString(),
    }))
  }

  /** Submits the form of a user task. @throws AppError 404 when it no longer waits, 422 INVALID_FORM with each wrong field */
  async completeForm(agent: Viewer, taskId: string, submitted: Record<string, unknown>): Promise<ActionResult> {
    const at = taskId.indexOf(separator)
    const instanceId = taskId.slice(0, at)
    const waitId = taskId.slice(at + 1)
    if (!/^[0-9]{1,18}$/.test(instanceId)) throw notFound(`Task ${taskId}`)
    const { database, host } = this.#deps
    const wait = (await listFormWaits(database.db, { instanceId })).find((candidate) => candidate.waitId === waitId)
    if (!wait || wait.chatId === null) throw notFound(`Task ${taskId}`)
    await this.#deps.assertMayAct(agent, wait.chatId)
    const variables = await this.#checked(wait, submitted)
    return database.transaction(async (work) => {
      const failure = await host.submitForm(work, instanceId, { waitId, variables }, agent.id)
      return this.#describe(work, instanceId, wait.name, failure)
    })
  }

  async #checked(wait: FormWait, submitted: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { values, problems } = await checkForm(wait.schema, submitted, wait.data, this.#deps.evaluate)
    if (problems.length > 0) throw errors.invalidForm(problems)
    return values
  }

  async #start(agent: Viewer, chatId: string, key: string, caption: string | null, inputs: Record<string, unknown>): Promise<ActionResult> {
    const { database, host } = this.#deps
    const process = await repo.findActiveProcess(database.db, key)
    if (!process) throw notFound(`Process ${key}`)
    const name = caption ?? process.name
    const { version } = process
    if (version === null) throw errors.processInactive(name)
    checkInputs(await this.#deps.inputs.of(database.db, key, version), inputs)
    return database.transaction(async (work) => {
      const { instance, failure } = await host.start(work, { key, version, chatId, variables: inputs, agentId: agent.id })
      return this.#describe(work, instance.id, name, failure)
    })
  }

  async #describe(work: ParleyWork, instanceId: string, name: string, failure: Failure | null): Promise<ActionResult> {
    if (failure !== null) {
      const message = `"${name}" stopped with an error, and nothing of this step was done. An administrator can see it under incidents and continue it: ${failure.message}`
      return { instanceId, state: 'incident', result: { message }, problem: { code: failure.code, message } }
    }
    const instance = await work.trx
      .selectFrom('process_instances')
      .select(['state', 'variables'])
      .where('id', '=', instanceId)
      .executeTakeFirstOrThrow()
    const [form] = await listFormWaits(work.trx, { instanceId })
    return {
      instanceId,
      state: instance.state === 'completed' ? 'completed' : 'waiting',
      result: redact(decodeVariables(instance.variables)),
      ...(form ? { form: toForm(form) } : {}),
    }
  }
}

function toForm(wait: FormWait): { taskId: string; schema: unknown; data: unknown } {
  return { taskId: `${wait.instanceId}${separator}${wait.waitId}`, schema: wait.schema, data: redact(decodeVariables(wait.data)) }
}
