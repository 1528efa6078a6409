import {
  type Catalog,
  type LogEntry,
  type Scope,
  StepError,
  type StepErrorCode,
  type StepRequest,
  type TaskCall,
  type TaskOutcome,
  type TimerDue,
  type Value,
} from './types.ts'

/** Messages between the pool (host) and a worker thread. One job at a time a thread. */

export type Job =
  | { kind: 'compile'; xml: string; catalog: Catalog }
  /** `context` is empty when the worker already holds the definition of this checksum. */
  | { kind: 'step'; request: StepRequest }
  | { kind: 'evaluate'; expression: string; scope: Scope; variables: { [key: string]: Value } }
  | { kind: 'dueAt'; timer: Pick<TimerDue, 'kind' | 'expression'>; scope: Scope; variables: { [key: string]: Value } }

export type ToWorker =
  /** `forget`: the thread drops the definitions it holds. */
  | { kind: 'job'; forget: boolean; job: Job }
  | { kind: 'task.done'; outcome: TaskOutcome }
  /** The runner rejected; its error stays with the host. */
  | { kind: 'task.rejected'; message: string }

export type FromWorker =
  /** The thread has loaded. */
  { kind: 'ready' } | { kind: 'task'; call: TaskCall } | { kind: 'done'; result: unknown } | { kind: 'failed'; error: FailureData }

export interface FailureData {
  /** Null for an error that is no StepError: a bug. */
  code: StepErrorCode | null
  message: string
  elementId: string | null
  bpmnErrorCode: string | null
  log: LogEntry[]
  stack: string | null
}

/** An error as plain data. */
export function toFailure(error: unknown): FailureData {
  if (error instanceof StepError) {
    const cause = error.cause instanceof Error ? (error.cause.stack ?? null) : null
    const { code, message, elementId, bpmnErrorCode, log } = error
    return { code, message, elementId, bpmnErrorCode, log, stack: cause }
  }
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? (error.stack ?? null) : null
  return { code: null, message, elementId: null, bpmnErrorCode: null, log: [], stack }
}

/** The error again, on the host; the cause of TASK_FAILED is the runner's own error object. */
export function fromFailure(failure: FailureData, rejection: { error: unknown } | null): StepError {
  const { code, message, elementId, bpmnErrorCode, log, stack } = failure
  const cause = code === 'TASK_FAILED' && rejection ? rejection.error : causeOf(stack)
  return new StepError(code ?? 'ENGINE_FAILED', message, { elementId, bpmnErrorCode, log, ...(cause === undefined ? {} : { cause }) })
}

function causeOf(stack: string | null): Error | undefined {
  if (stack === null) return undefined
  const error = new Error(stack.split('\n')[0])
  error.stack = stack
  return error
}
