import type { Catalog } from '../types.ts'
import { elementOf, elementsOf, flagOf, type ModdleElement, textOf, typeOf } from './moddle.ts'
import type { XmlDocument } from './xml.ts'

/** A sequence flow whose two ends exist. */
export interface Flow {
  element: ModdleElement
  source: FlowNode
  target: FlowNode
  condition: ModdleElement | null
  isDefault: boolean
}

/** A node of the flow with its connections. */
export interface FlowNode {
  element: ModdleElement
  /** BPMN type without prefix. */
  type: string
  scope: FlowScope
  /** The process or sub-process this node opens, if it is one. */
  inner: FlowScope | null
  incoming: Flow[]
  outgoing: Flow[]
  eventDefinitions: ModdleElement[]
  /** Boundary events on this activity. */
  boundaries: FlowNode[]
  /** The activity a boundary event sits on. */
  host: FlowNode | null
}

/** A process or sub-process. */
export interface FlowScope {
  element: ModdleElement
  /** The sub-process node, null for the process itself. */
  owner: FlowNode | null
  nodes: FlowNode[]
}

/** What the rules look at: the executable process as a graph, the raw definitions and the host's catalogue. */
export interface Diagram {
  xml: XmlDocument
  definitions: ModdleElement
  process: ModdleElement
  scopes: FlowScope[]
  nodes: FlowNode[]
  flows: Flow[]
  /** Sequence flows as read, including those that connect nothing. */
  flowElements: ModdleElement[]
  catalog: Catalog
  /** The process is called by another one of the file and gets its variables from there. */
  isCalled: boolean
}

const notNodes = new Set(['SequenceFlow', 'DataObject', 'DataObjectReference', 'DataStoreReference'])

/** Builds the graph of one process. Sequence flows without both ends are left out of it (other rules report them). */
export function buildDiagram(definitions: ModdleElement, process: ModdleElement, xml: XmlDocument, catalog: Catalog): Diagram {
  const scopes: FlowScope[] = []
  const nodes = new Map<ModdleElement, FlowNode>()
  const flowElements: ModdleElement[] = []
  const open: FlowScope[] = [{ element: process, owner: null, nodes: [] }]
  for (let scope = open.pop(); scope; scope = open.pop()) {
    scopes.push(scope)
    for (const element of elementsOf(scope.element, 'flowElements')) {
      if (element.$type === 'bpmn:SequenceFlow') flowElements.push(element)
      if (notNodes.has(typeOf(element))) continue
      const node = makeNode(element, scope)
      scope.nodes.push(node)
      nodes.set(element, node)
      if (node.inner) open.push(node.inner)
    }
  }
  attachBoundaries(nodes)
  const flows = connect(flowElements, nodes)
  return { xml, definitions, process, scopes, nodes: [...nodes.values()], flows, flowElements, catalog, isCalled: false }
}

function makeNode(element: ModdleElement, scope: FlowScope): FlowNode {
  const node: FlowNode = {
    ...{ element, type: typeOf(element), scope, inner: null, incoming: [], outgoing: [], boundaries: [], host: null },
    eventDefinitions: elementsOf(element, 'eventDefinitions'),
  }
  if (Array.isArray((element as { flowElements?: unknown }).flowElements) || node.type === 'SubProcess') {
    node.inner = { element, owner: node, nodes: [] }
  }
  return node
}

function attachBoundaries(nodes: Map<ModdleElement, FlowNode>): void {
  for (const node of nodes.values()) {
    const attachedTo = elementOf(node.element, 'attachedToRef')
    node.host = (attachedTo && nodes.get(attachedTo)) ?? null
    node.host?.boundaries.push(node)
  }
}

function connect(flowElements: ModdleElement[], nodes: Map<ModdleElement, FlowNode>): Flow[] {
  const flows: Flow[] = []
  for (const element of flowElements) {
    const sourceElement = elementOf(element, 'sourceRef')
    const targetElement = elementOf(element, 'targetRef')
    const source = sourceElement && nodes.get(sourceElement)
    const target = targetElement && nodes.get(targetElement)
    if (!source || !target) continue
    const isDefault = elementOf(source.element, 'default') === element
    const flow: Flow = { element, source, target, condition: elementOf(element, 'conditionExpression') ?? null, isDefault }
    source.outgoing.push(flow)
    target.incoming.push(flow)
    flows.push(flow)
  }
  return flows
}

/** An event sub-process: started by an event, not by a flow. */
export function isEventSubProcess(node: FlowNode): boolean {
  return node.inner !== null && flagOf(node.element, 'triggeredByEvent', false)
}

/** The node's only event definition without "EventDefinition", e.g. "Message"; null for a none event or anything else. */
export function eventKind(node: FlowNode): string | null {
  const definition = node.eventDefinitions[0]
  return definition ? typeOf(definition).replace(/EventDefinition$/, '') : null
}

/** The nodes with which a scope begins when it is entered by a flow or started: its start events, else nodes nothing leads to. */
export function entriesOf(scope: FlowScope): FlowNode[] {
  const starts = scope.nodes.filter((node) => node.type === 'StartEvent')
  if (starts.length > 0) return starts
  return scope.nodes.filter(
    (node) => node.incoming.length === 0 && node.type !== 'BoundaryEvent' && !isEventSubProcess(node) && !isLinkCatch(node),
  )
}

/** A link catch event is entered from the throw event of the same name. */
export function isLinkCatch(node: FlowNode): boolean {
  return node.type === 'IntermediateCatchEvent' && eventKind(node) === 'Link'
}

/** Where a token can go from a node within its scope: along flows, to its boundary events, and from a link throw to its catch. */
export function successorsOf(node: FlowNode): FlowNode[] {
  const next = node.outgoing.filter((flow) => flow.target.scope === node.scope).map((flow) => flow.target)
  next.push(...node.boundaries)
  if (node.type === 'IntermediateThrowEvent' && eventKind(node) === 'Link') {
    const name = textOf(node.eventDefinitions[0], 'name')
    next.push(...node.scope.nodes.filter((other) => isLinkCatch(other) && textOf(other.eventDefinitions[0], 'name') === name))
  }
  return next
}

/** How a message calls a node: its name in quotes, else its type. */
export function nameOf(element: ModdleElement): string {
  return element.name ? `"${element.name.replace(/\s+/g, ' ')}"` : `the ${typeOf(element)} without a name`
}
