import { type Diagram, eventKind, type FlowNode, isEventSubProcess, isLinkCatch, nameOf } from '../diagram.ts'
import { isFeel } from '../feel.ts'
import { error, type Finding, warning } from '../finding.ts'
import { elementOf, flagOf, textOf } from '../moddle.ts'
import { closest } from '../suggest.ts'
import { taskTypeOf } from '../variables.ts'

/** Events know what they wait for or cause. */
export function* checkEvents(diagram: Diagram): Generator<Finding> {
  const known = new Set([...diagram.catalog.events, ...diagram.nodes.filter(throwsMessage).flatMap((node) => messageName(node) ?? [])])
  for (const node of diagram.nodes) {
    if (isMessageNode(node)) yield* checkMessage(node, known)
    if (eventKind(node) === 'Signal') yield* checkReference(node, 'signalRef', 'signal')
    if (eventKind(node) === 'Error') yield* checkError(node, diagram)
    if (eventKind(node) === 'Link') yield* checkLink(node)
    if (node.type === 'BoundaryEvent') yield* checkBoundary(node)
  }
  for (const scope of diagram.scopes) yield* checkStarts(scope.nodes, scope.owner)
}

function isMessageNode(node: FlowNode): boolean {
  return node.type === 'ReceiveTask' || eventKind(node) === 'Message' || throwsMessage(node)
}

function throwsMessage(node: FlowNode): boolean {
  if (node.type === 'SendTask') return taskTypeOf(node) === null && elementOf(node.element, 'messageRef') !== undefined
  return (node.type === 'IntermediateThrowEvent' || node.type === 'EndEvent') && eventKind(node) === 'Message'
}

function messageName(node: FlowNode): string | null {
  const holder = node.type.endsWith('Task') ? node.element : node.eventDefinitions[0]
  return elementOf(holder, 'messageRef')?.name?.trim() || null
}

function* checkMessage(node: FlowNode, known: ReadonlySet<string>): Generator<Finding> {
  const { element } = node
  const name = messageName(node)
  if (name === null) {
    const message = `${nameOf(element)} has no message with a name.`
    yield error('message-name', element, message, 'Choose a message named like an event, e.g. "message.received".')
  } else if (isFeel(name)) {
    yield error('message-name', element, `The message of ${nameOf(element)} is an expression.`, 'Name the event itself.')
  } else if (!known.has(name)) {
    const meant = closest(name, known)
    const hint = meant ? `Did you mean "${meant}"?` : 'It is heard only when another process throws it.'
    yield warning('unknown-event', element, `${nameOf(element)} waits for "${name}", which is no event of Parley.`, hint)
  }
}

function* checkReference(node: FlowNode, property: string, what: string): Generator<Finding> {
  if (elementOf(node.eventDefinitions[0], property)?.name?.trim()) return
  yield error(`${what}-name`, node.element, `${nameOf(node.element)} has no ${what} with a name.`, `Choose a ${what}.`)
}

function* checkError(node: FlowNode, diagram: Diagram): Generator<Finding> {
  const { element, type, host } = node
  const reference = elementOf(node.eventDefinitions[0], 'errorRef')
  const code = textOf(reference, 'errorCode')?.trim() || null
  if (reference === undefined && type !== 'EndEvent') return
  if (code === null || isFeel(code)) {
    const what = code === null ? 'has no error with a code' : 'has an expression for an error code'
    yield error('error-code', element, `${nameOf(element)} ${what}.`, 'Give the error a code, e.g. "CONTACT_NOT_FOUND".')
    return
  }
  if (type !== 'BoundaryEvent' || !host || host.inner || (host.type !== 'ServiceTask' && host.type !== 'SendTask')) return
  const task = diagram.catalog.tasks.find((item) => item.type === taskTypeOf(host))
  if (!task || task.kind === 'remote' || task.errors.includes(code)) return
  const hint = task.errors.length > 0 ? `It throws ${task.errors.join(', ')}.` : 'It throws no errors.'
  yield warning('error-never-thrown', element, `${task.type} never throws "${code}".`, hint)
}

function* checkLink(node: FlowNode): Generator<Finding> {
  const { element, scope } = node
  const name = textOf(node.eventDefinitions[0], 'name')?.trim()
  if (!name) {
    yield error('link', element, `The link ${nameOf(element)} has no name.`, 'Name it like its other end.')
    return
  }
  const same = scope.nodes.filter((other) => eventKind(other) === 'Link' && textOf(other.eventDefinitions[0], 'name')?.trim() === name)
  const catches = same.filter(isLinkCatch)
  if (catches.length > 1 && catches[0] !== node && isLinkCatch(node)) {
    yield error('link', element, `The link "${name}" ends in ${catches.length} places.`, 'Keep one catch event.')
  } else if (same.length === catches.length) {
    yield error('link', element, `Nothing throws the link "${name}".`, 'Draw a throw event with the same link name.')
  } else if (catches.length === 0) {
    yield error('link', element, `Nothing catches the link "${name}".`, 'Draw a catch event with the same link name.')
  }
}

function* checkBoundary(node: FlowNode): Generator<Finding> {
  const { element, host } = node
  if (!host || host.scope !== node.scope || !isActivity(host)) {
    yield error('boundary', element, `${nameOf(element)} is not attached to a task or sub-process.`, 'Attach it to one.')
  } else if (eventKind(node) === 'Error' && !flagOf(element, 'cancelActivity', true)) {
    yield error('boundary', element, `The error event ${nameOf(element)} cannot be non-interrupting.`, 'Make it interrupting.')
  }
}

function isActivity(node: FlowNode): boolean {
  return (node.type.endsWith('Task') || node.type === 'CallActivity' || node.inner !== null) && !isEventSubProcess(node)
}

function* checkStarts(nodes: FlowNode[], owner: FlowNode | null): Generator<Finding> {
  const starts = nodes.filter((node) => node.type === 'StartEvent')
  if (owner && isEventSubProcess(owner)) {
    if (starts.length === 1 && starts[0]?.eventDefinitions.length === 1) return
    const message = `The event sub-process ${nameOf(owner.element)} needs exactly one start event, which says what starts it.`
    yield error('start-events', owner.element, message, 'Draw one message, timer or error start event in it.')
    return
  }
  const seen = new Set<string>()
  for (const start of starts) {
    const kind = eventKind(start)
    if (owner && kind !== null) {
      const message = `${nameOf(start.element)} starts a sub-process, which starts when the flow reaches it.`
      yield error('start-events', start.element, message, 'Make it a none start event.')
    }
    const trigger = kind === null ? 'nothing' : kind === 'Message' ? messageName(start) : null
    if (trigger !== null && seen.has(trigger)) {
      const message = `${nameOf(start.element)} starts on the same as another start event.`
      yield error('start-events', start.element, message, 'Keep one of them.')
    }
    if (trigger !== null) seen.add(trigger)
  }
}
