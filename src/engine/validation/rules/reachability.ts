import {
  type Diagram,
  entriesOf,
  eventKind,
  type FlowNode,
  type FlowScope,
  isEventSubProcess,
  isLinkCatch,
  nameOf,
  successorsOf,
} from '../diagram.ts'
import { error, type Finding, warning } from '../finding.ts'

/** Every element can be reached, and every path comes to an end. */
export function* checkReachability(diagram: Diagram): Generator<Finding> {
  for (const scope of diagram.scopes) {
    yield* checkEnds(scope)
    if (scope.nodes.length === 0) continue
    yield* checkReached(scope)
    yield* checkWayOut(scope)
  }
}

function* checkEnds(scope: FlowScope): Generator<Finding> {
  const isProcess = scope.owner === null
  if (scope.nodes.length === 0) {
    const what = isProcess ? 'The process' : nameOf(scope.element)
    yield error('empty-process', scope.element, `${what} has no elements.`, 'Draw at least a start and an end event.')
    return
  }
  if (isProcess && !scope.nodes.some((node) => node.type === 'StartEvent')) {
    yield error('missing-start', scope.element, 'The process has no start event.', 'Draw a start event before the first element.')
  }
  if (isProcess && !scope.nodes.some((node) => node.type === 'EndEvent')) {
    yield error('missing-end', scope.element, 'The process has no end event.', 'Draw an end event after the last element.')
  }
}

function* checkReached(scope: FlowScope): Generator<Finding> {
  const reached = reach([...entriesOf(scope), ...scope.nodes.filter(isEventSubProcess)], successorsOf)
  for (const node of scope.nodes) {
    if (reached.has(node)) continue
    // Behind the first unreachable element the rest is its consequence.
    if (node.incoming.some((flow) => !reached.has(flow.source) && flow.source !== node && isBefore(flow.source, node))) continue
    if (node.host && !reached.has(node.host)) continue
    yield error('unreachable', node.element, `${nameOf(node.element)} is never reached.`, 'Connect it to the flow or remove it.')
  }
}

/** Whether a node leads to another without being led to by it; in a circle every node is told. */
function isBefore(node: FlowNode, other: FlowNode): boolean {
  return !reach([other], successorsOf).has(node)
}

function* checkWayOut(scope: FlowScope): Generator<Finding> {
  const isProcess = scope.owner === null
  const lacksEnd = isProcess && !scope.nodes.some((node) => node.type === 'EndEvent')
  const sinks = scope.nodes.filter(isSink)
  const previous = predecessorsIn(scope)
  const leaving = reach(sinks, (node) => previous.get(node) ?? [])
  for (const node of scope.nodes) {
    if (!leaving.has(node) && !isEventSubProcess(node)) {
      const message = `No path leads from ${nameOf(node.element)} to an end.`
      yield error('no-way-out', node.element, message, 'Draw a way out of the circle.')
    } else if (isSink(node) && node.type !== 'EndEvent' && !lacksEnd && !isLinkThrow(node)) {
      yield warning('dead-end', node.element, `The path stops at ${nameOf(node.element)}.`, 'Draw an end event after it.')
    }
  }
}

function isSink(node: FlowNode): boolean {
  return node.outgoing.length === 0 && !isEventSubProcess(node) && (!isLinkThrow(node) || successorsOf(node).length === 0)
}

function isLinkThrow(node: FlowNode): boolean {
  return node.type === 'IntermediateThrowEvent' && eventKind(node) === 'Link'
}

function predecessorsIn(scope: FlowScope): Map<FlowNode, FlowNode[]> {
  const previous = new Map<FlowNode, FlowNode[]>()
  for (const node of scope.nodes) {
    for (const next of successorsOf(node)) {
      const list = previous.get(next)
      if (list) list.push(node)
      else previous.set(next, [node])
    }
  }
  return previous
}

/** All nodes that can be reached from some nodes, those included. */
export function reach(from: FlowNode[], next: (node: FlowNode) => FlowNode[]): Set<FlowNode> {
  const reached = new Set(from)
  for (const node of reached) for (const other of next(node)) reached.add(other)
  return reached
}

/** Sequence flows connect two elements of one scope, in the direction that the elements allow. */
export function* checkFlows(diagram: Diagram): Generator<Finding> {
  const connected = new Set(diagram.flows.map((flow) => flow.element))
  for (const element of diagram.flowElements) {
    if (connected.has(element)) continue
    const message = `The sequence flow ${element.id ?? ''} does not connect two elements of the process.`
    yield error('loose-flow', element, message, 'Connect both ends or remove it.')
  }
  for (const { element, source, target } of diagram.flows) {
    const ends = `${nameOf(source.element)} and ${nameOf(target.element)}`
    if (source.scope !== target.scope) {
      yield error('flow-across-scopes', element, `The flow between ${ends} crosses the border of a sub-process.`, 'Use events.')
    } else if (source.type === 'EndEvent') {
      yield error('flow-direction', element, `A flow leaves the end event ${nameOf(source.element)}.`, 'Remove it.')
    } else if (target.type === 'StartEvent' || target.type === 'BoundaryEvent' || isLinkCatch(target)) {
      yield error('flow-direction', element, `A flow leads into ${nameOf(target.element)}, which starts a path.`, 'Remove it.')
    } else if (isEventSubProcess(source) || isEventSubProcess(target)) {
      yield error('flow-direction', element, `The flow between ${ends} touches an event sub-process.`, 'Remove it.')
    } else if (isLinkThrow(source)) {
      yield error('flow-direction', element, `A flow leaves the link ${nameOf(source.element)}.`, 'Draw it from the link catch event.')
    }
  }
}
