import type { ContextActivity, ContextEventDefinition, DefinitionContext, Ref } from './context-types.ts'
import type { EventDefinition, TimerSource } from './types.ts'

/** The event definitions of one event, with the names and codes their references point at. */
export function readEventDefinitions(context: DefinitionContext, activity: ContextActivity): EventDefinition[] {
  return (activity.behaviour.eventDefinitions ?? []).map((definition) => readEventDefinition(context, definition))
}

function readEventDefinition(context: DefinitionContext, { type, behaviour }: ContextEventDefinition): EventDefinition {
  switch (type) {
    case 'bpmn:MessageEventDefinition':
      return { kind: 'message', name: referenced(context, behaviour.messageRef)?.name ?? null }
    case 'bpmn:SignalEventDefinition':
      return { kind: 'signal', name: referenced(context, behaviour.signalRef)?.name ?? null }
    case 'bpmn:ErrorEventDefinition': {
      const error = referenced(context, behaviour.errorRef)
      return { kind: 'error', code: error ? (error.behaviour.errorCode ?? error.name ?? null) : null }
    }
    case 'bpmn:TimerEventDefinition': {
      const timer = readTimer(behaviour)
      return timer ? { kind: 'timer', timer } : { kind: 'unsupported', type: 'TimerEventDefinition without exactly one time' }
    }
    case 'bpmn:LinkEventDefinition':
      return { kind: 'link', name: behaviour.name ?? null }
    case 'bpmn:TerminateEventDefinition':
      return { kind: 'terminate' }
    default:
      return { kind: 'unsupported', type: type.replace('bpmn:', '') }
  }
}

function referenced(context: DefinitionContext, ref: Ref | undefined) {
  return ref && context.elements.activities.find((element) => element.id === ref.id)
}

function readTimer(behaviour: ContextEventDefinition['behaviour']): TimerSource | null {
  const sources = [
    ['date', behaviour.timeDate],
    ['duration', behaviour.timeDuration],
    ['cycle', behaviour.timeCycle],
  ] as const
  const drawn = sources.flatMap(([kind, source]) => {
    const expression = typeof source === 'string' ? source : source?.body
    return expression === undefined ? [] : [{ kind, expression: expression.trim() }]
  })
  return drawn.length === 1 ? (drawn[0] ?? null) : null
}
