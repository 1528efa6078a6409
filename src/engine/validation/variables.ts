import type { TaskTypeInfo } from '../types.ts'
import type { Diagram, FlowNode } from './diagram.ts'
import { elementOf, elementsOf, extensionsOf, type ModdleElement, textOf } from './moddle.ts'

/** What every expression may read. */
export const scopeRoots = ['chat', 'event', 'agent'] as const

/** What a repeated activity and its conditions may read (BPMN 2.0, table 10.28). */
const loopNames = [
  'loopCounter',
  'numberOfInstances',
  'numberOfActiveInstances',
  'numberOfCompletedInstances',
  'numberOfTerminatedInstances',
]

export interface Mapping {
  source: string
  target: string
}

/** The input or output mappings of an element. */
export function mappingsOf(element: ModdleElement, direction: 'inputParameters' | 'outputParameters'): Mapping[] {
  return extensionsOf(element, 'zeebe:IoMapping')
    .flatMap((mapping) => elementsOf(mapping, direction))
    .map((item) => ({ source: textOf(item, 'source') ?? '', target: textOf(item, 'target') ?? '' }))
}

/** The task type a service, send or script task is bound to; null when it is bound to none. */
export function taskTypeOf(node: FlowNode): string | null {
  return textOf(extensionsOf(node.element, 'zeebe:TaskDefinition')[0], 'type')?.trim() || null
}

export interface KnownNames {
  names: Set<string>
  /** Nothing else can supply a variable: no form, no inputs of a start, no called process, no task with free outputs. */
  complete: boolean
}

/** The variables that something in the definition supplies. */
export function knownNames(diagram: Diagram): KnownNames {
  const names = new Set<string>(scopeRoots)
  const tasks = new Map(diagram.catalog.tasks.map((task) => [task.type, task]))
  let complete = !diagram.isCalled
  for (const element of [diagram.process, ...diagram.nodes.map((node) => node.element)]) {
    for (const direction of ['inputParameters', 'outputParameters'] as const) {
      for (const { target } of mappingsOf(element, direction)) names.add(target.split('.', 1)[0] ?? target)
    }
  }
  for (const node of diagram.nodes) {
    addLoopNames(node, names)
    const result = textOf(extensionsOf(node.element, 'zeebe:Script')[0], 'resultVariable')
    if (result) names.add(result)
    const task = tasks.get(taskTypeOf(node) ?? '')
    for (const output of Object.keys(task?.outputSchema.properties ?? {})) names.add(output)
    if (suppliesUnknown(node, task)) complete = false
  }
  return { names, complete }
}

function addLoopNames(node: FlowNode, names: Set<string>): void {
  const loop = elementOf(node.element, 'loopCharacteristics')
  if (!loop) return
  for (const name of loopNames) names.add(name)
  for (const zeebe of extensionsOf(loop, 'zeebe:LoopCharacteristics')) {
    for (const key of ['inputElement', 'outputCollection']) {
      const name = textOf(zeebe, key)
      if (name) names.add(name)
    }
  }
}

function suppliesUnknown(node: FlowNode, task: TaskTypeInfo | undefined): boolean {
  if (node.type === 'UserTask') return mappingsOf(node.element, 'outputParameters').length === 0
  if (node.type === 'StartEvent') return node.eventDefinitions.length === 0 && node.scope.owner === null
  if (node.type === 'CallActivity') return true
  return task !== undefined && !!task.outputSchema.additionalProperties
}
