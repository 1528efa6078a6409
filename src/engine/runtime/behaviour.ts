import type { FlowNode } from '../model/types.ts'
import type { Execution, Subscription, Variables } from './execution.ts'
import type { Run } from './run.ts'

/** What a subscription waited for, when it happens. */
export interface Occurrence {
  subscription: Subscription
  /** Outputs of a task or values of a form. */
  outputs: Variables
  /** The payload of the event that woke the step. */
  payload: Variables | null
}

/**
 * One BPMN element type. bpmn-engine's TypeResolver binds these to the elements of a diagram
 * (Engine option `elements`), in place of the behaviours of bpmn-elements.
 */
export interface ElementBehaviour {
  /** Whether a token that comes by this flow may enter now; joins keep it back. */
  admit?(run: Run, node: FlowNode, scope: Execution, flowId: string): boolean
  /** A token is on the element. */
  enter(run: Run, execution: Execution): void | Promise<void>
  /** What the element waited for happened. */
  occurred?(run: Run, execution: Execution, occurrence: Occurrence): void
  /** No token is left inside the element. */
  emptied?(run: Run, execution: Execution): void
}

const isBehaviour = (candidate: unknown): candidate is ElementBehaviour =>
  typeof candidate === 'object' && candidate !== null && 'enter' in candidate

/** The behaviour bound to a node. @throws StepError ENGINE_FAILED for an element type that does not run */
export function behaviourOf(run: Run, node: FlowNode): ElementBehaviour {
  if (node.refusal) throw run.error('ENGINE_FAILED', `"${node.name}": ${node.refusal}`, { elementId: node.id })
  if (isBehaviour(node.behaviour)) return node.behaviour
  throw run.error('ENGINE_FAILED', `"${node.name}": elements of type ${node.type} do not run`, { elementId: node.id })
}
