import { ExpressionError, evaluateRaw, isFeel, type Names } from '../feel/evaluate.ts'
import { fromFeel } from '../feel/values.ts'
import type { FlowNode, ProcessModel } from '../model/types.ts'
import {
  type LogEntry,
  type Scope,
  StepError,
  type StepErrorCode,
  type StepResult,
  type TaskCall,
  type TaskOutcome,
  type TaskRunner,
  type Value,
} from '../types.ts'
import type { Execution } from './execution.ts'

/** Element executions one step may make; more is a loop without a wait (processes.md, "Events"). */
export const maximumExecutions = 500

interface Move {
  node: FlowNode
  scope: Execution
  /** The flow the token came by; null when it did not come by one. */
  flowId: string | null
}

export interface RunOptions {
  instanceId: string
  scope: Scope
  runTask: TaskRunner
  /** The model of a process the definition calls. */
  modelOf: (processId: string) => ProcessModel | undefined
}

/** Everything one step works on: the token tree, what it may read, and what it reports. */
export class Run {
  readonly instanceId: string
  readonly modelOf: RunOptions['modelOf']
  readonly scope: Scope
  readonly log: LogEntry[] = []
  readonly thrown: StepResult['thrown'] = []
  executions = 0
  sequence = 0
  private moves: Move[] = []
  private readonly runTask: TaskRunner
  private readonly startedAt = performance.now()

  constructor(options: RunOptions) {
    this.instanceId = options.instanceId
    this.modelOf = options.modelOf
    this.scope = { ...options.scope }
    this.runTask = options.runTask
  }

  /** A new id, the same for every attempt at the same step, unique across instances. */
  nextId(elementId: string): string {
    this.sequence += 1
    return `${this.instanceId}.${elementId}.${this.sequence}`
  }

  /** Sends a token to a node of a scope; it arrives when `nextMove` hands it out. */
  move(node: FlowNode, scope: Execution, flowId: string | null = null) {
    scope.moving += 1
    this.moves.push({ node, scope, flowId })
  }

  nextMove(): Move | undefined {
    for (;;) {
      const move = this.moves.shift()
      if (!move) return undefined
      move.scope.moving -= 1
      if (!move.scope.ended) return move
    }
  }

  /** Drops the tokens of a scope that are on their way. */
  dropMoves(scope: Execution) {
    this.moves = this.moves.filter((move) => move.scope !== scope)
    scope.moving = 0
  }

  /** Counts one element execution. @throws StepError STEP_LIMIT */
  count(elementId: string, executions = 1) {
    this.executions += executions
    if (this.executions > maximumExecutions) {
      throw this.error('STEP_LIMIT', `The step exceeds ${maximumExecutions} element executions`, { elementId })
    }
  }

  note(kind: LogEntry['kind'], execution: Execution, details: Partial<LogEntry> = {}): LogEntry {
    const { node } = execution
    const entry: LogEntry = {
      elementId: execution.elementId,
      elementName: node?.name ?? execution.model.name,
      elementType: node?.type ?? 'Process',
      executionId: execution.id,
      kind,
      ...details,
      atMs: Math.round((performance.now() - this.startedAt) * 1000) / 1000,
    }
    this.log.push(entry)
    return entry
  }

  error(code: StepErrorCode, message: string, options: { elementId?: string; bpmnErrorCode?: string; cause?: unknown } = {}): StepError {
    return new StepError(code, message, { ...options, log: this.log })
  }

  /** The value of an attribute: FEEL when it starts with "=", else its text. @throws StepError EXPRESSION_FAILED */
  value(text: string, names: Names, elementId: string): Value {
    if (!isFeel(text)) return text
    return this.expression(elementId, () => fromFeel(evaluateRaw(text, this.scope, names)))
  }

  /** A condition; null counts as false, as in Camunda 8; anything else but a boolean fails. @throws StepError EXPRESSION_FAILED */
  condition(text: string, names: Names, elementId: string): boolean {
    const value = this.value(text, names, elementId)
    if (value === null) return false
    if (typeof value === 'boolean') return value
    throw this.error('EXPRESSION_FAILED', `The condition "${text}" yields ${kindOf(value)}, not true or false`, { elementId })
  }

  /** A name that must be text. @throws StepError EXPRESSION_FAILED */
  text(text: string, names: Names, elementId: string): string {
    const value = this.value(text, names, elementId)
    if (typeof value === 'string' && value !== '') return value
    throw this.error('EXPRESSION_FAILED', `"${text}" yields ${kindOf(value)}, not a name`, { elementId })
  }

  /** Runs something that evaluates FEEL and names the element when it fails. @throws StepError EXPRESSION_FAILED */
  expression<T>(elementId: string, evaluate: () => T): T {
    try {
      return evaluate()
    } catch (error) {
      if (!(error instanceof ExpressionError || error instanceof TypeError || error instanceof RangeError)) throw error
      throw this.error('EXPRESSION_FAILED', error.message, { elementId, cause: error })
    }
  }

  /** Has the host do a task. @throws StepError TASK_FAILED with the host's error as cause */
  async callTask(call: TaskCall): Promise<TaskOutcome> {
    let outcome: TaskOutcome
    try {
      outcome = await this.runTask(call)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw this.error('TASK_FAILED', `"${call.elementName}" failed: ${message}`, { elementId: call.elementId, cause })
    }
    if (outcome.status === 'completed' && outcome.chat !== undefined) this.scope.chat = outcome.chat
    return outcome
  }
}

/** A value's kind in a message to an administrator. */
export function kindOf(value: Value): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a date-time'
  if (typeof value === 'object') return 'a context'
  return `a ${typeof value}`
}
