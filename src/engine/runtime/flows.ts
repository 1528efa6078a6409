import type { Flow, FlowNode } from '../model/types.ts'
import type { Execution } from './execution.ts'
import type { Run } from './run.ts'
import { namesAt } from './variables.ts'

/**
 * Sends tokens along the outgoing flows of a node that is done, by the rules of its type.
 * @throws StepError EXPRESSION_FAILED when every condition is false and there is no default flow
 */
export function takeOutgoing(run: Run, node: FlowNode, scope: Execution) {
  if (node.outgoing.length === 0) return
  const taken = choose(run, node, scope)
  if (taken.length === 0) {
    throw run.error('EXPRESSION_FAILED', `No condition after "${node.name}" holds and it has no default flow`, { elementId: node.id })
  }
  for (const flow of taken) run.move(flow.target, scope, flow.id)
}

function choose(run: Run, node: FlowNode, scope: Execution): Flow[] {
  // A parallel gateway does not evaluate conditions (BPMN 2.0, 13.4.1).
  if (node.type === 'ParallelGateway') return node.outgoing
  const names = namesAt(scope)
  const holds = (flow: Flow) => !flow.isDefault && (flow.condition === null || run.condition(flow.condition, names, node.id))
  const fallback = node.outgoing.filter((flow) => flow.isDefault)
  if (node.type === 'ExclusiveGateway') {
    const first = node.outgoing.find(holds)
    return first ? [first] : fallback
  }
  const taken = node.outgoing.filter(holds)
  const conditional = node.outgoing.filter((flow) => !flow.isDefault && flow.condition !== null)
  // The default flow is for when no condition holds; flows without a condition do not count as one.
  return taken.some((flow) => conditional.includes(flow)) ? taken : [...taken, ...fallback]
}
