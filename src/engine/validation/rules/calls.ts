import { type Diagram, type FlowNode, nameOf } from '../diagram.ts'
import { isFeel } from '../feel.ts'
import { error, type Finding } from '../finding.ts'
import { elementsOf, extensionsOf, type ModdleElement, textOf } from '../moddle.ts'

/** Deepest chain of processes that call each other. */
export const maxCallDepth = 8

/** The processes of the file that a process calls, directly or not, itself excluded. */
export function calledProcesses(definitions: ModdleElement, process: ModdleElement): ModdleElement[] {
  const byId = processesOf(definitions)
  const found = new Set([process])
  for (const caller of found) {
    for (const activity of callActivitiesOf(caller)) {
      const called = byId.get(calledBy(activity) ?? '')
      if (called) found.add(called)
    }
  }
  found.delete(process)
  return [...found]
}

function processesOf(definitions: ModdleElement): Map<string, ModdleElement> {
  const processes = elementsOf(definitions, 'rootElements').filter((element) => element.$type === 'bpmn:Process')
  return new Map(processes.map((process) => [process.id ?? '', process]))
}

function callActivitiesOf(process: ModdleElement): ModdleElement[] {
  const found: ModdleElement[] = []
  const open = elementsOf(process, 'flowElements').slice()
  for (let element = open.pop(); element; element = open.pop()) {
    if (element.$type === 'bpmn:CallActivity') found.push(element)
    for (const child of elementsOf(element, 'flowElements')) open.push(child)
  }
  return found
}

function calledBy(activity: ModdleElement): string | null {
  return textOf(extensionsOf(activity, 'zeebe:CalledElement')[0], 'processId')?.trim() || null
}

/** Call activities call a process of the file, and the chain of calls ends. */
export function* checkCalls(diagrams: Diagram[]): Generator<Finding> {
  const byId = new Map(diagrams.map((diagram) => [diagram.process.id ?? '', diagram]))
  for (const diagram of diagrams) {
    for (const node of diagram.nodes) if (node.type === 'CallActivity') yield* checkCall(node, byId)
  }
  const main = diagrams[0]
  if (!main) return
  const tooDeep = findTooDeep(main, byId)
  if (!tooDeep) return
  const message = `The processes call each other more than ${maxCallDepth} deep, or without end, at ${nameOf(tooDeep)}.`
  yield error('call-depth', tooDeep, message, 'Call fewer processes, or draw a loop with a wait instead.')
}

function* checkCall({ element }: FlowNode, byId: Map<string, Diagram>): Generator<Finding> {
  const called = calledBy(element)
  if (called === null) {
    yield error('called-process', element, `${nameOf(element)} calls no process.`, 'Name it in zeebe:calledElement.')
    return
  }
  if (isFeel(called)) {
    yield error('called-process', element, `The process that ${nameOf(element)} calls is an expression.`, 'Name the process itself.')
    return
  }
  const diagram = byId.get(called)
  if (!diagram) {
    yield error('called-process', element, `The process "${called}" is not in this file.`, 'Put the called process into the same file.')
  } else if (!diagram.nodes.some((node) => node.type === 'StartEvent' && !node.scope.owner && node.eventDefinitions.length === 0)) {
    yield error('called-process', element, `The process "${called}" has no start event without a trigger.`, 'Draw one.')
  }
}

/** The call activity that goes too deep; chains are followed at most one call further than allowed. */
function findTooDeep(main: Diagram, byId: Map<string, Diagram>): ModdleElement | null {
  let level = new Set([main])
  for (let depth = 1; depth <= maxCallDepth + 1; depth += 1) {
    const next = new Set<Diagram>()
    for (const diagram of level) {
      for (const { type, element } of diagram.nodes) {
        const called = type === 'CallActivity' ? byId.get(calledBy(element) ?? '') : undefined
        if (called && depth > maxCallDepth) return element
        if (called) next.add(called)
      }
    }
    level = next
  }
  return null
}
