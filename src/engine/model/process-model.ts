import type { StartInfo } from '../types.ts'
import type { ContextActivity, ContextBehaviour, ContextFlow, DefinitionContext } from './context-types.ts'
import { readEventDefinitions } from './event-definitions.ts'
import { readCalled, readForm, readIo, readLoop, readScript, readTask } from './extensions.ts'
import type { EventDefinition, Flow, FlowNode, ProcessModel, Scope } from './types.ts'

/** Elements a token can stand on; everything else of a diagram is drawing, data or a reference. */
const flowNodeTypes = new Set([
  'StartEvent',
  'EndEvent',
  'IntermediateCatchEvent',
  'IntermediateThrowEvent',
  'BoundaryEvent',
  'Task',
  'ManualTask',
  'ServiceTask',
  'SendTask',
  'ReceiveTask',
  'UserTask',
  'ScriptTask',
  'BusinessRuleTask',
  'CallActivity',
  'SubProcess',
  'Transaction',
  'AdHocSubProcess',
  'ExclusiveGateway',
  'ParallelGateway',
  'InclusiveGateway',
  'EventBasedGateway',
  'ComplexGateway',
])

const withoutPrefix = (type: string) => type.slice(type.indexOf(':') + 1)

/**
 * Builds the graph that tokens run on from the serialized moddle context of one process.
 * Done once per definition version; a step only reads it.
 */
export function buildProcessModel(context: DefinitionContext, processId: string): ProcessModel {
  const process = context.elements.processes.find((candidate) => candidate.id === processId)
  if (!process) throw new Error(`The definition has no process "${processId}"`)

  const root: Scope = { id: process.id, nodes: [], starts: [], eventSubProcesses: [] }
  const model: ProcessModel = {
    id: process.id,
    name: process.name ?? process.id,
    root,
    nodes: new Map(),
    scopes: new Map([[root.id, root]]),
  }

  for (const activity of childActivities(context, processId)) addNode(context, model, activity)
  for (const node of model.nodes.values()) placeInScope(model, node)
  for (const flow of context.elements.sequenceFlows) connect(model, flow)
  for (const activity of context.elements.activities) attachBoundary(model, activity)
  for (const scope of model.scopes.values()) scope.starts = findStarts(scope)
  return model
}

/** How instances of this process may begin. */
export function startsOf(model: ProcessModel): StartInfo[] {
  return model.root.nodes
    .filter((node) => node.type === 'StartEvent')
    .map((node): StartInfo => {
      const event = node.events[0]
      const base = { elementId: node.id, eventName: null, timer: null }
      if (event?.kind === 'message' || event?.kind === 'signal') return { ...base, kind: event.kind, eventName: event.name }
      if (event?.kind === 'timer') return { ...base, kind: 'timer', timer: event.timer }
      return { ...base, kind: 'none' }
    })
}

function childActivities(context: DefinitionContext, processId: string): ContextActivity[] {
  const inside = new Set([processId])
  const found: ContextActivity[] = []
  // Parents precede their children in a serialized context.
  for (const activity of context.elements.activities) {
    if (!inside.has(activity.parent.id) || !flowNodeTypes.has(withoutPrefix(activity.type))) continue
    inside.add(activity.id)
    found.push(activity)
  }
  return found
}

function addNode(context: DefinitionContext, model: ProcessModel, activity: ContextActivity) {
  const behaviour = activity.behaviour
  const events: EventDefinition[] = readEventDefinitions(context, activity)
  const node: FlowNode = {
    id: activity.id,
    name: activity.name ?? activity.id,
    type: withoutPrefix(activity.type),
    scopeId: activity.parent.id,
    behaviour: activity.Behaviour,
    incoming: [],
    outgoing: [],
    boundaries: [],
    attachedTo: null,
    interrupting: (behaviour.cancelActivity ?? behaviour.isInterrupting) !== false,
    triggeredByEvent: behaviour.triggeredByEvent === true,
    events,
    messageName: behaviour.messageRef ? (nameOf(context, behaviour.messageRef.id) ?? null) : null,
    io: readIo(behaviour),
    task: readTask(behaviour),
    script: readScript(behaviour),
    formId: readForm(behaviour),
    called: readCalled(behaviour),
    loop: readLoop(behaviour),
    refusal: refusalOf(behaviour),
  }
  model.nodes.set(node.id, node)
}

/** Attributes that change what an element means and that the engine does not follow. */
function refusalOf(behaviour: ContextBehaviour): string | null {
  if (behaviour.parallelMultiple === true) return 'an event that waits for all of its events is not supported'
  if (behaviour.instantiate === true) return 'it cannot start an instance; use a message start event'
  if (behaviour.isForCompensation === true) return 'compensation is not supported'
  if ((behaviour.startQuantity ?? 1) !== 1 || (behaviour.completionQuantity ?? 1) !== 1) return 'quantities of tokens are not supported'
  if ((behaviour.loopCharacteristics?.behaviour.behavior ?? 'All') !== 'All') return 'events of single instances are not supported'
  return null
}

function nameOf(context: DefinitionContext, id: string | undefined) {
  return context.elements.activities.find((element) => element.id === id)?.name
}

function placeInScope(model: ProcessModel, node: FlowNode) {
  scopeOf(model, node.scopeId).nodes.push(node)
  if (node.type === 'SubProcess') {
    const inner = scopeOf(model, node.id)
    if (node.triggeredByEvent) scopeOf(model, node.scopeId).eventSubProcesses.push({ node, scope: inner })
  }
}

function scopeOf(model: ProcessModel, id: string): Scope {
  let scope = model.scopes.get(id)
  if (!scope) {
    scope = { id, nodes: [], starts: [], eventSubProcesses: [] }
    model.scopes.set(id, scope)
  }
  return scope
}

function connect(model: ProcessModel, drawn: ContextFlow) {
  const source = model.nodes.get(drawn.sourceId)
  const target = model.nodes.get(drawn.targetId)
  if (!source || !target) return
  const flow: Flow = {
    id: drawn.id,
    source,
    target,
    isDefault: drawn.isDefault === true,
    condition: drawn.behaviour.conditionExpression?.body ?? null,
  }
  source.outgoing.push(flow)
  target.incoming.push(flow)
}

function attachBoundary(model: ProcessModel, activity: ContextActivity) {
  const node = model.nodes.get(activity.id)
  const host = activity.behaviour.attachedTo && model.nodes.get(activity.behaviour.attachedTo.id)
  if (node?.type !== 'BoundaryEvent' || !host) return
  node.attachedTo = host
  host.boundaries.push(node)
}

/**
 * Where a token starts when the scope is entered without an event: the none start event, or,
 * in a scope drawn without start events, every node nothing leads to (BPMN 2.0, 13.3.2).
 */
function findStarts(scope: Scope): FlowNode[] {
  const starts = scope.nodes.filter((node) => node.type === 'StartEvent')
  if (starts.length > 0) return starts.filter((node) => node.events.length === 0).slice(0, 1)
  return scope.nodes.filter(
    (node) => node.incoming.length === 0 && node.type !== 'BoundaryEvent' && !node.triggeredByEvent && !isLinkTarget(node),
  )
}

const isLinkTarget = (node: FlowNode) => node.type === 'IntermediateCatchEvent' && node.events.some((event) => event.kind === 'link')
