import { type Diagram, eventKind, type FlowNode, isEventSubProcess, nameOf } from '../diagram.ts'
import { error, type Finding } from '../finding.ts'
import { contentOf, elementsOf, type ModdleElement, typeOf } from '../moddle.ts'
import { supportedElements } from '../supported.ts'

const support = new Map(supportedElements.map((entry) => [entry.type, entry]))
const events = new Set(['StartEvent', 'IntermediateCatchEvent', 'IntermediateThrowEvent', 'BoundaryEvent', 'EndEvent'])

/** Everything in the process and beside it must be something that runs as BPMN says, or is only drawn. */
export function* checkElements(diagram: Diagram): Generator<Finding> {
  const nodes = new Map(diagram.nodes.map((node) => [node.element, node]))
  const open: ModdleElement[] = [diagram.process, ...elementsOf(diagram.definitions, 'rootElements').filter(isNoProcess)]
  for (let element = open.pop(); element; element = open.pop()) {
    const node = nodes.get(element)
    yield* node && events.has(node.type) ? checkEvent(node) : checkType(element)
    if (element.$type !== 'bpmn:ExtensionElements') open.push(...contentOf(element).toReversed())
  }
}

function isNoProcess(element: ModdleElement): boolean {
  return element.$type !== 'bpmn:Process'
}

function* checkType(element: ModdleElement): Generator<Finding> {
  const type = typeOf(element)
  const entry = support.get(type)
  if (entry && entry.support !== 'refused') return
  const hint = entry?.reason ?? 'Replace it by an element of the table of supported elements.'
  yield error('unsupported-element', element, `${nameOf(element)} is a ${type}, which is not supported.`, hint)
}

function* checkEvent(node: FlowNode): Generator<Finding> {
  const definitions = node.eventDefinitions.length + elementsOf(node.element, 'eventDefinitionRef').length
  if (elementsOf(node.element, 'eventDefinitionRef').length > 0) {
    const message = `${nameOf(node.element)} refers to a shared event definition.`
    yield error('shared-event-definition', node.element, message, 'Put the event definition into the event itself.')
    return
  }
  if (definitions > 1) {
    const message = `${nameOf(node.element)} has ${definitions} event definitions; one is allowed.`
    yield error('several-event-definitions', node.element, message, 'Draw one event for each of them.')
    return
  }
  const kind = eventKind(node) ?? 'None'
  const entry = support.get(`${node.type}:${kind}`)
  const isMisplaced = node.type === 'StartEvent' && kind === 'Error' && !(node.scope.owner && isEventSubProcess(node.scope.owner))
  if (entry && entry.support !== 'refused' && !isMisplaced) return
  const hint = entry?.reason || 'Choose a kind of event from the table of supported elements.'
  const message = `${nameOf(node.element)} is a ${node.type} of kind ${kind}, which is not supported.`
  yield error('unsupported-element', node.element, message, hint)
}
