import { type Diagram, eventKind, type Flow, type FlowNode, nameOf } from '../diagram.ts'
import { error, type Finding, warning } from '../finding.ts'
import { elementOf } from '../moddle.ts'

/** Gateways decide in a way that always has an answer. */
export function* checkGateways(diagram: Diagram): Generator<Finding> {
  for (const node of diagram.nodes) {
    yield* checkDefault(node)
    if (node.type === 'ExclusiveGateway' || node.type === 'InclusiveGateway') yield* checkDecision(node)
    else if (node.type === 'ParallelGateway' || node.type === 'EventBasedGateway') yield* checkUnconditional(node)
    else if (node.outgoing.some((flow) => flow.condition)) yield* checkConditionalNode(node)
    if (node.type === 'EventBasedGateway') yield* checkEventBased(node)
  }
}

const decides = (flow: Flow) => flow.condition !== null && !flow.isDefault

function* checkDecision(node: FlowNode): Generator<Finding> {
  const { element, outgoing } = node
  if (outgoing.length < 2 && !outgoing.some(decides)) return
  const open = outgoing.filter((flow) => !flow.condition && !flow.isDefault)
  for (const flow of open) {
    const message = `The flow from ${nameOf(element)} to ${nameOf(flow.target.element)} has no condition.`
    yield error('flow-without-condition', flow.element, message, 'Give it a condition or make it the default flow.')
  }
  if (open.length === 0 && !outgoing.some((flow) => flow.isDefault)) yield noDefault(node)
}

/** A task or event with conditional flows works like an inclusive gateway. */
function* checkConditionalNode(node: FlowNode): Generator<Finding> {
  if (node.outgoing.every(decides)) yield noDefault(node)
}

function noDefault({ element }: FlowNode): Finding {
  const message = `All flows out of ${nameOf(element)} have conditions; when none holds, the process fails.`
  return warning('missing-default', element, message, 'Make one of them the default flow.')
}

function* checkDefault({ element, outgoing }: FlowNode): Generator<Finding> {
  const byDefault = elementOf(element, 'default')
  if (!byDefault) return
  const flow = outgoing.find((other) => other.isDefault)
  if (!flow) {
    const message = `The default flow of ${nameOf(element)} does not leave it.`
    yield error('wrong-default', element, message, 'Choose one of its outgoing flows.')
  } else if (flow.condition) {
    const message = `The default flow of ${nameOf(element)} has a condition, which is never looked at.`
    yield warning('condition-ignored', flow.element, message, 'Remove the condition.')
  }
}

function* checkUnconditional({ element, outgoing, type }: FlowNode): Generator<Finding> {
  for (const flow of outgoing) {
    if (!flow.condition) continue
    const message = `The condition on the flow from ${nameOf(element)} is never looked at.`
    const hint = type === 'ParallelGateway' ? 'Use an inclusive gateway or remove the condition.' : 'Remove the condition.'
    yield error('condition-ignored', flow.element, message, hint)
  }
}

const caught = new Set(['Message', 'Timer', 'Signal'])

function* checkEventBased({ element, outgoing }: FlowNode): Generator<Finding> {
  if (outgoing.length < 2) {
    const message = `${nameOf(element)} waits for ${outgoing.length} events; at least two are needed.`
    yield error('event-based-gateway', element, message, 'Add events or remove the gateway.')
  }
  for (const { target } of outgoing) {
    const catches = target.type === 'ReceiveTask' || (target.type === 'IntermediateCatchEvent' && caught.has(eventKind(target) ?? ''))
    if (catches && target.incoming.length === 1) continue
    const message = catches
      ? `${nameOf(target.element)} is reached from ${nameOf(element)} and from elsewhere.`
      : `${nameOf(element)} leads to ${nameOf(target.element)}, which waits for nothing.`
    yield error('event-based-gateway', element, message, 'Lead it only to catch events and receive tasks of its own.')
  }
}
