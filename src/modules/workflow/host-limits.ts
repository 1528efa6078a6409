import type { CompiledDefinition, Problem } from '../../engine/index.ts'

const noSignals = 'Nothing in Parley raises signals, so it would wait for ever. Use a message with the name of an event.'
const noSchedule = 'Processes of chats start on events or by an agent; there is no schedule that would start this one.'

/** What the engine can run and the host cannot serve: better refused at upload than waiting for ever. */
export const unservedElements: ReadonlyMap<string, string> = new Map([
  ['StartEvent:Timer', noSchedule],
  ['StartEvent:Signal', noSignals],
  ['IntermediateCatchEvent:Signal', noSignals],
  ['BoundaryEvent:Signal', noSignals],
  ['EventSubProcess:Signal', noSignals],
])

/** Problems of a definition that only show in this host. */
export function hostProblems(definition: CompiledDefinition): Problem[] {
  const problems: Problem[] = []
  const refuse = (elementId: string | null, rule: string, message: string, hint: string): void => {
    const element = definition.elements.find((item) => item.id === elementId)
    problems.push({ severity: 'error', rule, elementId, elementName: element?.name ?? null, line: null, column: null, message, hint })
  }
  for (const start of definition.starts) {
    if (start.kind === 'timer') refuse(start.elementId, 'timer-start-not-served', 'A process cannot start on a schedule.', noSchedule)
  }
  if (definition.context.includes('bpmn:SignalEventDefinition')) {
    refuse(null, 'signal-not-raised', 'The process starts on or waits for a signal.', noSignals)
  }
  return problems
}
