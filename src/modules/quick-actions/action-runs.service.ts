import type { ActionResult } from '../../contracts/index.ts'
import { conflict, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { Viewer } from '../chats/index.ts'
import { type ProcessHost, readFormWait } from '../workflow/index.ts'

/** Separates instance and wait in the id of a task; neither contains it. */
const separator = '~'

export interface ActionRunDeps {
  database: ParleyDatabase
  host: ProcessHost
  /** @throws AppError 404 when the agent may not see the chat, 403 when it is not theirs, 409 when it is completed */
  assertMayAct(agent: Viewer, chatId: string): Promise<void>
}

/** Runs quick actions and the forms they show. */
export class ActionRunService {
  readonly #deps: ActionRunDeps

  constructor(deps: ActionRunDeps) {
    this.#deps = deps
  }

  /** Starts the action's process for the chat. @throws AppError 404, or the process's own refusal with its code */
  async run(agent: Viewer, chatId: string, actionId: string, inputs: Record<string, unknown>): Promise<ActionResult> {
    const { database } = this.#deps
    await this.#deps.assertMayAct(agent, chatId)
    const action = await database.db
      .selectFrom('quick_actions as a')
      .innerJoin('process_definitions as d', 'd.key', 'a.process_key')
      .select(['a.process_key as key', 'a.caption', 'd.active_version as version'])
      .where('a.id', '=', actionId)
      .where('a.enabled', '=', true)
      .executeTakeFirst()
    if (!action) throw notFound(`Quick action ${actionId}`)
    if (action.version === null) throw conflict('PROCESS_INACTIVE', `The process of "${action.caption}" is switched off.`)
    return this.#start(agent, chatId, { key: action.key, version: action.version }, inputs)
  }

  /** Starts the active version of a process by its key. */
  async runProcess(agent: Viewer, chatId: string, key: string, inputs: Record<string, unknown>): Promise<ActionResult> {
    await this.#deps.assertMayAct(agent, chatId)
    const definition = await this.#deps.database.db.selectFrom('process_definitions').select('active_version').where('key', '=', key).executeTakeFirst()
    if (!definition) throw notFound(`Process ${key}`)
    if (definition.active_version === null) throw conflict('PROCESS_INACTIVE', `The process ${key} is switched off.`)
    return this.#start(agent, chatId, { key, version: definition.active_version }, inputs)
  }

  /** Submits the form of a user task. @throws AppError 404 when it no longer waits */
  async completeForm(agent: Viewer, taskId: string, variables: Record<string, unknown>): Promise<ActionResult> {
    const at = taskId.indexOf(separator)
    const instanceId = taskId.slice(0, at)
    const waitId = taskId.slice(at + 1)
    if (!/^[0-9]{1,18}$/.test(instanceId)) throw notFound(`Task ${taskId}`)
    const wait = await readFormWait(this.#deps.database.db, instanceId)
    if (!wait || wait.waitId !== waitId || wait.chatId === null) throw notFound(`Task ${taskId}`)
    await this.#deps.assertMayAct(agent, wait.chatId)
    return this.#deps.database.transaction(async (work) => {
      await this.#deps.host.deliver(work, instanceId, { kind: 'form.completed', waitId, variables: variables as never }, agent.id)
      return this.#describe(work, instanceId)
    })
  }

  async #start(agent: Viewer, chatId: string, process: { key: string; version: number }, variables: Record<string, unknown>): Promise<ActionResult> {
    return this.#deps.database.transaction(async (work) => {
      const { instance } = await this.#deps.host.start(work, { ...process, chatId, variables, agentId: agent.id })
      return this.#describe(work, instance.id)
    })
  }

  async #describe(work: ParleyWork, instanceId: string): Promise<ActionResult> {
    const instance = await work.trx.selectFrom('process_instances').select(['state', 'variables']).where('id', '=', instanceId).executeTakeFirstOrThrow()
    const form = await readFormWait(work.trx, instanceId)
    const state = instance.state === 'completed' ? 'completed' : instance.state === 'incident' ? 'incident' : 'waiting'
    return {
      instanceId,
      state,
      result: instance.variables,
      ...(form ? { form: { taskId: `${instanceId}${separator}${form.waitId}`, schema: form.schema, data: { ...instance.variables, ...form.data } } } : {}),
    }
  }
}
