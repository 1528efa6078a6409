import { type Diagram, entriesOf, eventKind, type FlowNode, type FlowScope, isEventSubProcess, nameOf, successorsOf } from '../diagram.ts'
import { error, type Finding } from '../finding.ts'
import { elementOf, numberOf, typeOf } from '../moddle.ts'
import { taskTypeOf } from '../variables.ts'
import { reach } from './reachability.ts'

/** Most rounds of a standard loop around something that does not wait. */
export const maxLoopRounds = 100

/** A circle in which nothing waits would run for ever. */
export function* checkCycles(diagram: Diagram): Generator<Finding> {
  const remote = new Set(diagram.catalog.tasks.filter((task) => task.kind === 'remote').map((task) => task.type))
  const waiting = findWaiting(diagram, remote)
  const next = (node: FlowNode) => successorsOf(node).filter((other) => !waiting.has(other))
  const told = new Set<FlowNode>()
  for (const node of diagram.nodes) {
    if (!waiting.has(node)) yield* checkStandardLoop(node)
    if (waiting.has(node) || told.has(node)) continue
    const ahead = reach(next(node), next)
    if (!ahead.has(node)) continue
    for (const other of ahead) told.add(other)
    const message = `The circle through ${nameOf(node.element)} contains nothing that waits, so it would never stop.`
    yield error('loop-without-wait', node.element, message, 'Put a receive task, a user task or a timer into the circle.')
  }
}

/** Nodes at which a token certainly stays until something outside happens. Sub-processes are decided from the inside out. */
function findWaiting(diagram: Diagram, remote: ReadonlySet<string>): Set<FlowNode> {
  const waiting = new Set(diagram.nodes.filter((node) => waitsItself(node, remote)))
  for (const scope of diagram.scopes.toReversed()) {
    if (scope.owner && !isEventSubProcess(scope.owner) && waitsInside(scope, waiting)) waiting.add(scope.owner)
  }
  return waiting
}

function waitsItself(node: FlowNode, remote: ReadonlySet<string>): boolean {
  switch (node.type) {
    case 'ReceiveTask':
    case 'UserTask':
    case 'EventBasedGateway':
    case 'CallActivity':
      return true
    case 'IntermediateCatchEvent':
      return eventKind(node) !== 'Link'
    case 'BoundaryEvent':
      return eventKind(node) !== 'Error'
    case 'ServiceTask':
    case 'SendTask':
      return remote.has(taskTypeOf(node) ?? '')
    default:
      return false
  }
}

function waitsInside(scope: FlowScope, waiting: ReadonlySet<FlowNode>): boolean {
  const entries = entriesOf(scope).filter((node) => !waiting.has(node))
  const passed = reach(entries, (node) => successorsOf(node).filter((other) => !waiting.has(other)))
  return scope.nodes.length > 0 && ![...passed].some((node) => node.outgoing.length === 0)
}

function* checkStandardLoop({ element }: FlowNode): Generator<Finding> {
  const loop = elementOf(element, 'loopCharacteristics')
  if (!loop || typeOf(loop) !== 'StandardLoopCharacteristics') return
  const maximum = numberOf(loop, 'loopMaximum')
  if (maximum !== null && maximum <= maxLoopRounds) return
  const message = `${nameOf(element)} repeats without waiting and without a limit of at most ${maxLoopRounds} rounds.`
  yield error('loop-without-wait', element, message, 'Set loopMaximum.')
}
