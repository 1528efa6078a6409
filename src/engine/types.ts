/**
 * The contract between the engine and the rest of Parley. Everything here survives
 * structuredClone, because a step runs in a worker thread (see engine-pool.ts).
 */

/** A value a process may hold: JSON, plus Date for instants (FEEL sees a date-time). */
export type Value = null | boolean | number | string | Date | Value[] | { [key: string]: Value }

/** The roots a FEEL expression may read besides the instance's own variables. */
export interface Scope {
  /** The chat as it is in the database right now; times are Date objects. Null for instances without a chat. */
  chat: { [key: string]: Value } | null
  /** The payload of the event that woke this step. */
  event: { [key: string]: Value } | null
  /** The agent who caused the step, or null. */
  agent: { [key: string]: Value } | null
  /** What `now()` answers during this step. */
  now: Date
}

/** Why an upload was refused or is questionable; line and column are 1-based. */
export interface Problem {
  severity: 'error' | 'warning'
  rule: string
  elementId: string | null
  elementName: string | null
  line: number | null
  column: number | null
  message: string
  hint: string
}

export interface ElementInfo {
  id: string
  name: string
  /** BPMN type without prefix in the spec's words, e.g. "ServiceTask", "BoundaryEvent". */
  type: string
  /** Id of the enclosing process or sub-process. */
  parentId: string
}

export interface StartInfo {
  elementId: string
  kind: 'none' | 'message' | 'signal' | 'timer'
  /** Message or signal name (an event name such as "chat.created"); null for none and timer starts. */
  eventName: string | null
  /** ISO 8601 date, duration or repeating interval, or a FEEL expression starting with "="; timer starts only. */
  timer: { kind: 'date' | 'duration' | 'cycle'; expression: string } | null
}

/** A definition made ready to run: plain data, stored with its version and cached by checksum. */
export interface CompiledDefinition {
  /** The id of the executable process: the key of the definition. */
  key: string
  name: string
  /** Serialized moddle context; opaque outside the engine. */
  context: string
  elements: ElementInfo[]
  starts: StartInfo[]
  /** Every event name some element of the definition waits for or starts on. */
  hears: string[]
  /** Task types bound in the definition. */
  taskTypes: string[]
  /** Form ids user tasks refer to. */
  formIds: string[]
}

export type TimerDue = {
  kind: 'date' | 'duration' | 'cycle'
  /** The source as drawn: ISO 8601 text, or FEEL starting with "=". */
  expression: string
  /** Paths of chat fields the expression reads, e.g. ["timeoutAt"]; non-empty means it is re-armed when they change. */
  reads: string[]
  /** When it is due; null when the expression yields null (the timer is off for now). */
  dueAt: Date | null
  /** For cycles: how often it may still fire, null = without end. */
  remaining: number | null
}

interface WaitBase {
  /** Stable while the token stays: the execution id of the waiting element. */
  id: string
  elementId: string
  elementName: string
  elementType: string
  /** For a boundary or event sub-process wait: the id of the element it is attached to. */
  attachedToId: string | null
}

/** What an instance waits for after a step. */
export type Wait =
  | (WaitBase & { kind: 'message'; eventName: string })
  | (WaitBase & { kind: 'signal'; eventName: string })
  | (WaitBase & { kind: 'timer'; timer: TimerDue })
  | (WaitBase & { kind: 'task'; taskType: string; inputs: { [key: string]: Value }; headers: { [key: string]: string }; retries: number })
  | (WaitBase & { kind: 'form'; formId: string | null; inputs: { [key: string]: Value } })

/** What wakes an instance. Exactly one delivery a step. */
export type Delivery =
  | { kind: 'start' /** null = the none start event */; elementId: string | null }
  | { kind: 'message'; eventName: string /** only this wait; absent = every wait of that name */; waitId?: string }
  | { kind: 'signal'; eventName: string }
  | { kind: 'timer'; waitId: string }
  | { kind: 'task.completed'; waitId: string; outputs: { [key: string]: Value } }
  | { kind: 'task.failed'; waitId: string; code: string; message: string }
  | { kind: 'form.completed'; waitId: string; variables: { [key: string]: Value } }

/** A task of the diagram that wants to be done, now, inside the step. */
export interface TaskCall {
  taskType: string
  elementId: string
  elementName: string
  /** Idempotency key: the same for every attempt at the same token. */
  executionId: string
  inputs: { [key: string]: Value }
  headers: { [key: string]: string }
  /** Attempts the diagram grants (zeebe:taskDefinition retries), default 3. */
  retries: number
}

export type TaskOutcome =
  /** Done; `chat` is the chat as the task left it, when it changed it. */
  | { status: 'completed'; outputs: { [key: string]: Value }; chat?: Scope['chat'] }
  /** An expected failure: a BPMN error that an error boundary may catch. */
  | { status: 'error'; code: string; message: string }
  /** A remote task: the instance parks, a Wait of kind "task" appears, the host does the work later. */
  | { status: 'parked' }

/** Runs one local task. A rejection fails the whole step (StepError TASK_FAILED with the cause kept). */
export type TaskRunner = (call: TaskCall) => Promise<TaskOutcome>

export interface StepRequest {
  definition: { checksum: string; context: string; key: string }
  instanceId: string
  /** What the last step saved; null starts the instance. */
  state: string | null
  /** The instance's own variables before the step (for a start: its inputs). */
  variables: { [key: string]: Value }
  delivery: Delivery
  scope: Scope
}

export interface LogEntry {
  elementId: string
  elementName: string
  elementType: string
  executionId: string
  /** entered: the token arrived · left: done · waiting: it stays · discarded: cancelled by a boundary or a gateway · error: BPMN error thrown. Paths never taken are not logged. */
  kind: 'entered' | 'left' | 'waiting' | 'discarded' | 'error'
  inputs?: { [key: string]: Value }
  outputs?: { [key: string]: Value }
  message?: string
  /** Milliseconds since the step began. */
  atMs: number
}

export interface StepResult {
  outcome: 'running' | 'completed'
  /** JSON text for the next step; null when completed. */
  state: string | null
  variables: { [key: string]: Value }
  /** All waits of the instance after the step, not only the new ones. */
  waits: Wait[]
  /** Messages thrown by intermediate throw, end and send events, in order. */
  thrown: { eventName: string; elementId: string; payload: { [key: string]: Value } }[]
  log: LogEntry[]
  /** Element executions in this step. */
  executions: number
}

export type StepErrorCode =
  /** The instance does not wait for what was delivered. */
  | 'NOT_WAITING'
  /** A task runner rejected; `cause` is its error. */
  | 'TASK_FAILED'
  /** A BPMN error no boundary catches. */
  | 'UNCAUGHT_ERROR'
  | 'EXPRESSION_FAILED'
  /** More than 500 element executions. */
  | 'STEP_LIMIT'
  | 'DEADLINE_EXCEEDED'
  | 'OUT_OF_MEMORY'
  /** The saved state does not fit the definition. */
  | 'STATE_INVALID'
  | 'ENGINE_FAILED'

/** A step that did not happen: nothing may be saved. */
export class StepError extends Error {
  readonly code: StepErrorCode
  readonly elementId: string | null
  /** BPMN error code of UNCAUGHT_ERROR, else null. */
  readonly bpmnErrorCode: string | null
  /** The log up to the failure, for the administrator. */
  readonly log: LogEntry[]
  constructor(
    code: StepErrorCode,
    message: string,
    options: { elementId?: string | null; bpmnErrorCode?: string | null; log?: LogEntry[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StepError'
    this.code = code
    this.elementId = options.elementId ?? null
    this.bpmnErrorCode = options.bpmnErrorCode ?? null
    this.log = options.log ?? []
  }
}

/** What validation needs to know about the host: task types with their inputs, and known events. */
export interface TaskTypeInfo {
  type: string
  title: string
  kind: 'local' | 'remote'
  /** JSON Schemas (draft 2020-12) of the input and output objects. */
  inputSchema: { properties: Record<string, unknown>; required?: string[]; additionalProperties?: boolean | object }
  outputSchema: { properties: Record<string, unknown>; required?: string[]; additionalProperties?: boolean | object }
  /** BPMN error codes it may throw. */
  errors: string[]
}

export interface Catalog {
  tasks: TaskTypeInfo[]
  events: string[]
  formIds: string[]
}

/**
 * The engine as the rest of Parley sees it; implemented by EnginePool (worker threads).
 * `compile` never throws for bad XML: it reports problems and a null definition.
 */
export interface Engine {
  compile(xml: string, catalog: Catalog): Promise<{ definition: CompiledDefinition | null; problems: Problem[] }>
  /** @throws StepError */
  step(request: StepRequest, runTask: TaskRunner): Promise<StepResult>
  /** Evaluates one FEEL expression (with or without the leading "="). @throws StepError EXPRESSION_FAILED */
  evaluate(expression: string, scope: Scope, variables: { [key: string]: Value }): Promise<Value>
  /** Due time of a timer, re-read against a changed chat. @throws StepError EXPRESSION_FAILED */
  dueAt(timer: Pick<TimerDue, 'kind' | 'expression'>, scope: Scope, variables: { [key: string]: Value }): Promise<Date | null>
  close(): Promise<void>
}
