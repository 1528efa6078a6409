/** Whether an element of a diagram runs, is only drawn, or is refused. */
export type Support = 'runs' | 'drawn' | 'refused'

const runs = (...types: string[]) => types.map((type) => ({ type, support: 'runs' as const, reason: '' }))
const drawn = (...types: string[]) =>
  types.map((type) => ({ type, support: 'drawn' as const, reason: 'It explains the diagram and does nothing when it runs.' }))

/**
 * What of BPMN runs. `type` is the BPMN type without prefix; events are followed by ":" and the kind of their event
 * definition, or ":None". What is not listed is refused.
 */
export const supportedElements: { type: string; support: Support; reason: string }[] = [
  ...runs('Process', 'SequenceFlow', 'FormalExpression', 'Expression', 'MultiInstanceLoopCharacteristics', 'StandardLoopCharacteristics'),
  ...runs('ServiceTask', 'SendTask', 'ReceiveTask', 'UserTask', 'ScriptTask', 'SubProcess', 'CallActivity'),
  ...runs('ExclusiveGateway', 'ParallelGateway', 'InclusiveGateway', 'EventBasedGateway'),
  ...runs('StartEvent:None', 'StartEvent:Message', 'StartEvent:Signal', 'StartEvent:Timer', 'StartEvent:Error'),
  ...runs('IntermediateCatchEvent:Message', 'IntermediateCatchEvent:Timer', 'IntermediateCatchEvent:Link'),
  ...runs('IntermediateThrowEvent:None', 'IntermediateThrowEvent:Message', 'IntermediateThrowEvent:Link'),
  ...runs('BoundaryEvent:Message', 'BoundaryEvent:Timer', 'BoundaryEvent:Error', 'BoundaryEvent:Signal'),
  ...runs('EndEvent:None', 'EndEvent:Message', 'EndEvent:Error', 'EndEvent:Terminate'),
  ...runs('MessageEventDefinition', 'TimerEventDefinition', 'SignalEventDefinition', 'ErrorEventDefinition'),
  ...runs('LinkEventDefinition', 'TerminateEventDefinition', 'Message', 'Signal', 'Error'),
  ...drawn('Collaboration', 'Participant', 'Lane', 'LaneSet', 'Group', 'Category', 'CategoryValue', 'TextAnnotation', 'Association'),
  ...drawn('DataObject', 'DataObjectReference', 'DataStore', 'DataStoreReference', 'DataInputAssociation', 'DataOutputAssociation'),
  ...drawn('Documentation', 'ExtensionElements'),
  refuse('BusinessRuleTask', 'Decisions are not supported yet. Write the rule as a FEEL script task.'),
  refuse('Task', 'A task without a kind does nothing. Make it a service, user, receive or script task.'),
  refuse('ManualTask', 'Nothing would wait for it. Use a user task.'),
  refuse('ComplexGateway', 'Its activation rule cannot be run. Use an exclusive, inclusive or parallel gateway.'),
  refuse('Transaction', 'Compensation is not supported. Use a sub-process with an error boundary event.'),
  refuse('AdHocSubProcess', 'Its tasks have no order. Draw the order with sequence flows.'),
  refuse('MessageFlow', 'Messages between pools are not exchanged. Use message events.'),
]

function refuse(type: string, reason: string): { type: string; support: Support; reason: string } {
  return { type, support: 'refused', reason }
}
