import { Process } from 'bpmn-elements'
import type { SavedTokens } from './state.ts'

/** Where bpmn-elements keeps a process's execution. */
const executionKey = Symbol.for('execution')

interface ExecuteMessage {
  content: { executionId: string }
}

interface ProcessState {
  execution?: { tokens: SavedTokens }
}

/**
 * The Process that bpmn-engine runs (Engine option `elements`): its life cycle, broker and state are
 * those of bpmn-elements; what moves inside it are our tokens.
 *
 * bpmn-elements' own ProcessExecution keeps one token per element and tells joins of skipped paths by
 * sending "discards" along them. From that come joins that go on without a token, inclusive joins
 * that do not synchronise, boundary events that fire once, and a cost that grows with the diagram.
 */
export class TokenProcess extends Process {
  /** bpmn-elements calls this for each phase of the process; before "execute" we put our execution in place. */
  _onRunMessage(routingKey: string, message: unknown) {
    if (routingKey === 'run.execute' && !executionsOf(this).has('execution')) executionsOf(this).set('execution', new ProcessTokens(this))
    return inherited(this)._onRunMessage.call(this, routingKey, message)
  }

  override recover(state?: Parameters<Process['recover']>[0]) {
    const { execution, ...rest } = (state ?? {}) as ProcessState
    super.recover(rest as Parameters<Process['recover']>[0])
    if (execution) executionsOf(this).set('execution', new ProcessTokens(this, execution.tokens))
    return this
  }

  get tokens(): ProcessTokens {
    const execution = executionsOf(this).get('execution')
    if (execution instanceof ProcessTokens) return execution
    throw new Error(`The process "${this.id}" does not run`)
  }
}

interface ProcessInternals {
  _onRunMessage(this: TokenProcess, routingKey: string, message: unknown): unknown
}

const inherited = (_process: TokenProcess) => Process.prototype as unknown as ProcessInternals

const executionsOf = (process: TokenProcess) => (process as unknown as { [executionKey]: Map<string, unknown> })[executionKey]

/** Stands in for bpmn-elements' ProcessExecution: holds the saved tokens and tells the process when they are gone. */
export class ProcessTokens {
  /** The tokens after the last step; null before the first. */
  saved: SavedTokens | null
  completed = false
  executionId = ''
  readonly activityStatus = 'wait'
  private readonly process: TokenProcess
  private content: { executionId: string } | null = null

  constructor(process: TokenProcess, saved: SavedTokens | null = null) {
    this.process = process
    this.saved = saved
  }

  execute(message: ExecuteMessage) {
    this.content = message.content
    this.executionId = message.content.executionId
    return true
  }

  /** Ends the process; bpmn-engine ends the definition and itself. */
  complete() {
    this.completed = true
    const content = { ...this.content, output: {}, state: 'completed' }
    this.process.broker.publish('execution', `execution.completed.${this.executionId}`, content, { type: 'completed' })
  }

  getState() {
    return { tokens: this.saved }
  }

  getPostponed() {
    return []
  }

  /** For bpmn-engine's listeners; nothing is sent through it, deliveries go to the tokens. */
  getApi(message?: { content: object }) {
    const { id, type, name, environment } = this.process
    return { id, type, name, environment, executionId: this.executionId, content: message?.content ?? this.content }
  }
}
