import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Scope, TaskTypeInfo, Value } from '../../engine/index.ts'
import type { ParleyWork } from '../../schema.ts'
import type { ChatEvent } from './workflow.events.ts'

/** An expected failure of a task: a BPMN error with this code, which an error boundary may catch. */
export class BpmnError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'BpmnError'
    this.code = code
  }
}

/** What a task sees of the step it runs in. */
export interface TaskContext {
  work: ParleyWork
  /** @throws Error for an instance that belongs to no chat */
  chatId: string
  instanceId: string
  /** The same for every attempt at the same token: the idempotency key. */
  executionId: string
  agentId: string | null
  event: Scope['event']
  /** Key of the process: stays the same whatever it is called. */
  processKey: string
  /** Name of the process, for the author of what it writes. */
  processName: string
}

interface TaskBase<I extends TObject, O extends TObject> {
  /** `zeebe:taskDefinition type`, noun.verb. */
  type: string
  title: string
  input: I
  output: O
  /** BPMN error codes it may throw. */
  errors: string[]
}

/** A task that only touches the database: it runs inside the step's transaction, exactly once. */
export interface LocalTask<I extends TObject = TObject, O extends TObject = TObject> extends TaskBase<I, O> {
  kind: 'local'
  run(context: TaskContext, inputs: Static<I>): Promise<Static<O>>
}

/** A task that talks to the outside: the instance parks, a job runs it with retries, at least once. */
export interface RemoteTask<I extends TObject = TObject, O extends TObject = TObject> extends TaskBase<I, O> {
  kind: 'remote'
  run(context: { executionId: string; signal: AbortSignal }, inputs: Static<I>): Promise<Static<O>>
}

export type Task = LocalTask | RemoteTask

/** Types a local task; the registry checks its inputs and outputs against the schemas. */
export function localTask<I extends TObject, O extends TObject>(task: Omit<LocalTask<I, O>, 'kind'>): Task {
  return { ...task, kind: 'local' } as unknown as Task
}

/** Types a remote task. */
export function remoteTask<I extends TObject, O extends TObject>(task: Omit<RemoteTask<I, O>, 'kind'>): Task {
  return { ...task, kind: 'remote' } as unknown as Task
}

interface Entry {
  task: Task
  input: ReturnType<typeof Compile>
  output: ReturnType<typeof Compile>
}

/** The task types a diagram may name. */
export class TaskRegistry {
  readonly #entries = new Map<string, Entry>()

  constructor(tasks: readonly Task[]) {
    for (const task of tasks) {
      if (this.#entries.has(task.type)) throw new Error(`Task type "${task.type}" is registered twice`)
      this.#entries.set(task.type, { task, input: Compile(task.input), output: Compile(task.output) })
    }
  }

  /** @throws Error when no such type is registered (validation refuses such a diagram, so this is a bug or a downgrade) */
  get(type: string): Task {
    return this.#entry(type).task
  }

  /**
   * Inputs as the task's schema wants them: an input that is null is an input not given.
   * @throws BpmnError INVALID_INPUT naming each wrong input
   */
  checkInputs(type: string, inputs: Record<string, Value>): Record<string, unknown> {
    const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null))
    return check(this.#entry(type).input, given, 'INVALID_INPUT', `Inputs of ${type}`)
  }

  checkOutputs(type: string, outputs: unknown): Record<string, Value> {
    return check(this.#entry(type).output, outputs, 'INVALID_OUTPUT', `Outputs of ${type}`) as Record<string, Value>
  }

  describe(): TaskTypeInfo[] {
    return [...this.#entries.values()].map(({ task }) => ({
      type: task.type,
      title: task.title,
      kind: task.kind,
      inputSchema: task.input as unknown as TaskTypeInfo['inputSchema'],
      outputSchema: task.output as unknown as TaskTypeInfo['outputSchema'],
      errors: task.errors,
    }))
  }

  #entry(type: string): Entry {
    const entry = this.#entries.get(type)
    if (!entry) throw new Error(`No task type "${type}" is registered`)
    return entry
  }
}

function check(validator: ReturnType<typeof Compile>, value: unknown, code: string, what: string): Record<string, unknown> {
  if (validator.Check(value)) return value as Record<string, unknown>
  const problems = [...validator.Errors(value)].map((error) => `${error.instancePath || 'the object'} ${error.message}`)
  throw new BpmnError(code, `${what} are wrong: ${problems.join('; ')}.`)
}

/** Raises an event from within a task or service; see ProcessHost.raise. */
export type RaiseEvent = (work: ParleyWork, event: ChatEvent) => Promise<void>
