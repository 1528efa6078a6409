import type { Flow, FlowNode } from '../model/types.ts'
import { type Execution, eachExecution } from './execution.ts'
import type { Run } from './run.ts'

/** Leaves a token at a join. */
export function holdAtJoin(scope: Execution, gateway: FlowNode, flowId: string) {
  const held = scope.joins.get(gateway.id) ?? new Map<string, number>()
  held.set(flowId, (held.get(flowId) ?? 0) + 1)
  scope.joins.set(gateway.id, held)
}

/** Takes one token of each flow away from a join. */
export function releaseJoin(scope: Execution, gateway: FlowNode) {
  const held = scope.joins.get(gateway.id)
  for (const [flowId, count] of held ?? []) {
    if (count > 1) held?.set(flowId, count - 1)
    else held?.delete(flowId)
  }
  if (held?.size === 0) scope.joins.delete(gateway.id)
}

/** Whether every incoming flow of a parallel join holds a token; skipped branches never count. */
export function isParallelJoinComplete(scope: Execution, gateway: FlowNode): boolean {
  const held = scope.joins.get(gateway.id)
  return gateway.incoming.every((flow) => (held?.get(flow.id) ?? 0) > 0)
}

/**
 * Sends on the tokens of the inclusive joins for which no further token can come; called when no
 * token moves. Answers whether any did.
 */
export function releaseInclusiveJoins(run: Run, root: Execution): boolean {
  for (const scope of eachExecution(root)) {
    for (const gatewayId of scope.joins.keys()) {
      const gateway = scope.model.nodes.get(gatewayId)
      if (gateway?.type !== 'InclusiveGateway' || awaitsMore(scope, gateway)) continue
      releaseJoin(scope, gateway)
      run.move(gateway, scope)
      return true
    }
  }
  return false
}

/**
 * BPMN 2.0, 13.4.3: the join waits while some other token of the scope has a path to an incoming
 * flow without a token and none to an incoming flow that holds one.
 */
function awaitsMore(scope: Execution, gateway: FlowNode): boolean {
  const held = scope.joins.get(gateway.id) ?? new Map<string, number>()
  const isHeld = (flow: Flow) => (held.get(flow.id) ?? 0) > 0
  return [...positions(scope, gateway)].some((node) => {
    const reached = incomingReachedFrom(node, gateway, scope)
    return reached.some((flow) => !isHeld(flow)) && !reached.some(isHeld)
  })
}

function positions(scope: Execution, gateway: FlowNode): Set<FlowNode> {
  const nodes = new Set<FlowNode>()
  for (const child of scope.children) if (child.node && !child.node.triggeredByEvent) nodes.add(child.node)
  for (const id of scope.joins.keys()) {
    const node = scope.model.nodes.get(id)
    if (node && node !== gateway) nodes.add(node)
  }
  return nodes
}

/** The incoming flows of the gateway that a token on `from` can still come by, without passing the gateway. */
function incomingReachedFrom(from: FlowNode, gateway: FlowNode, scope: Execution): Flow[] {
  const reached: Flow[] = []
  const seen = new Set<FlowNode>([from])
  const ahead = [from]
  for (let node = ahead.pop(); node; node = ahead.pop()) {
    const flows = [...node.outgoing, ...node.boundaries.flatMap((boundary) => boundary.outgoing)]
    for (const flow of flows) if (flow.target === gateway) reached.push(flow)
    for (const next of [...flows.map((flow) => flow.target), ...linkTargets(node, scope)]) {
      if (next === gateway || seen.has(next)) continue
      seen.add(next)
      ahead.push(next)
    }
  }
  return reached
}

/** The link catch event a link throw event leads to, in the same scope (BPMN 2.0, 10.5.6). */
export function linkTargets(node: FlowNode, scope: Execution): FlowNode[] {
  if (node.type !== 'IntermediateThrowEvent') return []
  const link = node.events.find((event) => event.kind === 'link')
  if (!link) return []
  const siblings = scope.model.scopes.get(node.scopeId)?.nodes ?? []
  return siblings.filter(
    (other) => other.type === 'IntermediateCatchEvent' && other.events.some((event) => event.kind === 'link' && event.name === link.name),
  )
}
