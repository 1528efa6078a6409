import {
  type CompiledDefinition,
  type Delivery,
  type Engine,
  type Scope,
  StepError,
  type StepResult,
  type TaskCall,
  type TaskOutcome,
  type Value,
} from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import type { InstanceRow } from './instances.repo.ts'
import { BpmnError, type TaskRegistry } from './task-registry.ts'
import { decodeVariables } from './values.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Reads the FEEL roots of a step from the database; the chats module implements it. */
export interface ScopeReader {
  /** The chat as processes see it (times are Date objects), or null when it is gone. `parts` names costly fields that are wanted. */
  chat(work: ParleyWork, chatId: string, parts: { incomingBeforeReply: boolean }): Promise<Scope['chat']>
  agent(work: ParleyWork, agentId: string): Promise<Scope['agent']>
}

/** A version with what running it needs; immutable, so it may be cached. */
export interface RunnableVersion {
  key: string
  version: number
  checksum: string
  compiled: CompiledDefinition
}

/** A rule of the host that a process broke. */
export class ProcessRuleError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ProcessRuleError'
    this.code = code
  }
}

export interface StepInput {
  instance: InstanceRow
  version: RunnableVersion
  delivery: Delivery
  event: Pick<ChatEvent, 'name' | 'payload' | 'agentId'>
}

/** Runs one engine step inside a transaction: reads the scope, does local tasks, saves nothing itself. */
export class StepRunner {
  readonly #engine: Engine
  readonly #tasks: TaskRegistry
  readonly #scopes: ScopeReader

  constructor(engine: Engine, tasks: TaskRegistry, scopes: ScopeReader) {
    this.#engine = engine
    this.#tasks = tasks
    this.#scopes = scopes
  }

  /** @throws StepError; a rejected task is StepError TASK_FAILED with its cause */
  async run(work: ParleyWork, input: StepInput): Promise<StepResult> {
    const { instance, version, event } = input
    const scope: Scope = {
      chat: await this.#chat(work, input),
      event: event.payload as Scope['event'],
      agent: event.agentId === null ? null : await this.#scopes.agent(work, event.agentId),
      now: work.now,
    }
    return this.#engine.step(
      {
        definition: { checksum: version.checksum, context: version.compiled.context, key: version.key },
        instanceId: instance.id,
        state: instance.engine_state,
        variables: decodeVariables(instance.variables),
        delivery: input.delivery,
        scope,
      },
      (call) => this.#runTask(work, input, scope, call),
    )
  }

  async #runTask(work: ParleyWork, input: StepInput, scope: Scope, call: TaskCall): Promise<TaskOutcome> {
    const task = this.#tasks.get(call.taskType)
    if (task.kind === 'remote') return { status: 'parked' }
    try {
      const inputs = this.#tasks.checkInputs(call.taskType, call.inputs)
      const outputs = await task.run(
        {
          work,
          get chatId() {
            if (input.instance.chat_id === null) throw new Error(`Task ${call.taskType} needs a chat`)
            return input.instance.chat_id
          },
          instanceId: input.instance.id,
          executionId: call.executionId,
          agentId: input.event.agentId,
          event: scope.event,
          processKey: input.version.key,
          processName: input.version.compiled.name,
        },
        inputs,
      )
      return { status: 'completed', outputs: this.#tasks.checkOutputs(call.taskType, outputs), chat: await this.#chat(work, input) }
    } catch (error) {
      if (error instanceof BpmnError) return { status: 'error', code: error.code, message: error.message }
      throw error
    }
  }

  async #chat(work: ParleyWork, { instance, version }: StepInput): Promise<Scope['chat']> {
    if (instance.chat_id === null) return null
    return this.#scopes.chat(work, instance.chat_id, { incomingBeforeReply: version.compiled.context.includes('incomingBeforeReply') })
  }
}

/** What an administrator is told about a step that failed, and whether trying again may help by itself. */
export interface Failure {
  code: string
  message: string
  elementId: string | null
  /** What the diagram says of the element. */
  element?: { name: string; type: string } | undefined
  transient: boolean
}

/** Sorts a failure: expected and drawn-wrong failures wait for a person, the rest may pass. */
export function describeFailure(error: unknown, definition?: CompiledDefinition): Failure {
  const failure = sortFailure(error)
  return { ...failure, element: definition?.elements.find((element) => element.id === failure.elementId) }
}

function sortFailure(error: unknown): Failure {
  if (error instanceof StepError) {
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return {
      code: error.bpmnErrorCode ?? error.code,
      message: `${error.message}${error.code === 'TASK_FAILED' ? cause : ''}`,
      elementId: error.elementId,
      transient: error.code === 'TASK_FAILED' || error.code === 'OUT_OF_MEMORY' || error.code === 'DEADLINE_EXCEEDED',
    }
  }
  if (error instanceof ProcessRuleError) return { code: error.code, message: error.message, elementId: null, transient: false }
  return { code: 'STEP_FAILED', message: error instanceof Error ? error.message : String(error), elementId: null, transient: true }
}

export type Variables = Record<string, Value>
