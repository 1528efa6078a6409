import { supportedElements } from '../../supported-elements.ts'
import { type Diagram, eventKind, type FlowNode, isEventSubProcess, nameOf } from '../diagram.ts'
import { error, type Finding } from '../finding.ts'
import { contentOf, elementsOf, flagOf, type ModdleElement, numberOf, typeOf } from '../moddle.ts'

const support = new Map(supportedElements.map((entry) => [entry.type, entry]))

/** What belongs to elements that run. */
const parts = [
  ...['Process', 'SequenceFlow', 'FormalExpression', 'Expression', 'Message', 'Signal', 'Error', 'ExtensionElements'],
  ...['MessageEventDefinition', 'TimerEventDefinition', 'SignalEventDefinition', 'ErrorEventDefinition'],
  ...['LinkEventDefinition', 'TerminateEventDefinition'],
]

/** What explains a diagram and does nothing when it runs. */
const drawings = [
  ...['Collaboration', 'Participant', 'Lane', 'LaneSet', 'Group', 'Category', 'CategoryValue', 'TextAnnotation', 'Association'],
  ...['Documentation', 'DataObject', 'DataObjectReference', 'DataStore', 'DataStoreReference', 'DataInputAssociation'],
  ...['DataOutputAssociation', 'Property', 'InputOutputSpecification', 'DataInput', 'DataOutput', 'InputSet', 'OutputSet'],
]
const harmless = new Set([...parts, ...drawings])
const events = new Set(['StartEvent', 'IntermediateCatchEvent', 'IntermediateThrowEvent', 'BoundaryEvent', 'EndEvent'])

/** Everything in the process and beside it must be something that runs as BPMN says, or is only drawn. */
export function* checkElements(diagram: Diagram): Generator<Finding> {
  const nodes = new Map(diagram.nodes.map((node) => [node.element, node]))
  const open: ModdleElement[] = [diagram.process, ...elementsOf(diagram.definitions, 'rootElements').filter(isBeside)]
  for (let element = open.pop(); element; element = open.pop()) {
    const node = nodes.get(element)
    if (node) yield* checkAttributes(node)
    yield* node && events.has(node.type) ? checkEvent(node) : checkType(element)
    if (element.$type !== 'bpmn:ExtensionElements') open.push(...contentOf(element).toReversed())
  }
}

/** Other processes are looked at when they are called; event definitions here are told where they are used. */
function isBeside(element: ModdleElement): boolean {
  return element.$type !== 'bpmn:Process' && !element.$type.endsWith('EventDefinition')
}

function* checkType(element: ModdleElement): Generator<Finding> {
  const type = typeOf(element)
  const entry = support.get(type)
  if (harmless.has(type) || entry?.support === 'runs') return
  const hint = entry?.reason ?? 'Replace it by an element of the table of supported elements.'
  yield error('unsupported-element', element, `${nameOf(element)} is a ${type}, which is not supported.`, hint)
}

function* checkEvent(node: FlowNode): Generator<Finding> {
  const { element, eventDefinitions } = node
  if (elementsOf(element, 'eventDefinitionRef').length > 0) {
    const message = `${nameOf(element)} refers to a shared event definition.`
    yield error('shared-event-definition', element, message, 'Put the event definition into the event itself.')
    return
  }
  if (eventDefinitions.length > 1) {
    const message = `${nameOf(element)} has ${eventDefinitions.length} event definitions; one is allowed.`
    yield error('several-event-definitions', element, message, 'Draw one event for each of them.')
    return
  }
  const kind = eventKind(node) ?? 'None'
  // That a start event of an event sub-process needs a trigger is told with the sub-process.
  const startsSubProcess = node.type === 'StartEvent' && kind !== 'None' && node.scope.owner !== null && isEventSubProcess(node.scope.owner)
  const entry = support.get(`${startsSubProcess ? 'EventSubProcess' : node.type}:${kind}`)
  if (entry?.support === 'runs') return
  const hint = entry?.reason ?? 'Choose a kind of event from the table of supported elements.'
  yield error('unsupported-element', element, `${nameOf(element)} is a ${node.type} of kind ${kind}, which is not supported.`, hint)
}

/** Attributes that change what an element means and that the engine does not follow. */
function* checkAttributes({ element }: FlowNode): Generator<Finding> {
  const refused: [string, boolean, string][] = [
    ['parallelMultiple', flagOf(element, 'parallelMultiple', false), 'Draw a parallel gateway with one event on each branch.'],
    ['instantiate', flagOf(element, 'instantiate', false), 'Use a message start event.'],
    ['isForCompensation', flagOf(element, 'isForCompensation', false), 'Compensation is not supported. Draw the steps that undo.'],
    ['startQuantity', (numberOf(element, 'startQuantity') ?? 1) !== 1, 'Each token is one execution.'],
    ['completionQuantity', (numberOf(element, 'completionQuantity') ?? 1) !== 1, 'Each token is one execution.'],
  ]
  for (const [name, isSet, hint] of refused) {
    if (isSet) yield error('unsupported-attribute', element, `The attribute ${name} of ${nameOf(element)} is not supported.`, hint)
  }
}
