/** What of BPMN the engine runs. Validation refuses the rest and the editor's documentation shows this table. */

export interface SupportedElement {
  /** BPMN type without prefix; an event's kind follows after ":" ("None" for one without an event definition). */
  type: string
  support: 'runs' | 'refused'
  /** For what runs: what is special about it; for what is refused: why, and what to draw instead. */
  reason: string
}

const runs = (type: string, reason = ''): SupportedElement => ({ type, support: 'runs', reason })
const refused = (type: string, reason: string): SupportedElement => ({ type, support: 'refused', reason })

/** Each row that runs has its diagram in test/unit/engine/supported-elements.test.ts. */
export const supportedElements: readonly SupportedElement[] = [
  runs('StartEvent:None'),
  runs('StartEvent:Message', 'Each such message starts an instance.'),
  runs('StartEvent:Signal'),
  runs('StartEvent:Timer', 'The schedule starts instances; the engine only names it.'),
  runs('IntermediateCatchEvent:Message'),
  runs('IntermediateCatchEvent:Signal'),
  runs('IntermediateCatchEvent:Timer'),
  runs('IntermediateCatchEvent:Link'),
  runs('IntermediateThrowEvent:None'),
  runs('IntermediateThrowEvent:Message', 'Its payload is what its input mappings yield.'),
  runs('IntermediateThrowEvent:Link'),
  runs('BoundaryEvent:Message', 'Interrupting, or firing every time.'),
  runs('BoundaryEvent:Signal', 'Interrupting, or firing every time.'),
  runs('BoundaryEvent:Timer', 'Interrupting or not; a cycle that does not interrupt fires as often as it says.'),
  runs('BoundaryEvent:Error', 'By code, or for every error when it refers to none.'),
  runs('EndEvent:None'),
  runs('EndEvent:Message', 'Its payload is what its input mappings yield.'),
  runs('EndEvent:Error'),
  runs('EndEvent:Terminate', 'Ends its process or sub-process, nothing around it.'),
  runs('ServiceTask', 'Bound to a task by zeebe:taskDefinition.'),
  runs('SendTask', 'Bound to a task by zeebe:taskDefinition, else it throws its message.'),
  runs('ReceiveTask'),
  runs('UserTask'),
  runs('ScriptTask', 'FEEL only (zeebe:script).'),
  runs('SubProcess'),
  runs('EventSubProcess:Message', 'Interrupting, or starting every time.'),
  runs('EventSubProcess:Signal', 'Interrupting, or starting every time.'),
  runs('EventSubProcess:Timer', 'Interrupting or not.'),
  runs('EventSubProcess:Error', 'Always interrupting.'),
  runs('CallActivity', 'Calls a process of the same file, up to eight deep.'),
  runs('ExclusiveGateway'),
  runs('ParallelGateway', 'A join waits for a token on every incoming flow; a skipped branch brings none.'),
  runs('InclusiveGateway', 'A join waits while another token can still come.'),
  runs('EventBasedGateway'),
  runs('MultiInstanceLoopCharacteristics', 'Parallel or sequential, over a collection or a cardinality.'),
  runs('StandardLoopCharacteristics', 'Repeats while its condition holds, at most loopMaximum times.'),
  refused('Task', 'A task without a kind does nothing. Make it a service, user, receive or script task.'),
  refused('ManualTask', 'Nothing would wait for it. Use a user task.'),
  refused('BusinessRuleTask', 'Decisions are not supported. Write the rule as a FEEL script task.'),
  refused('ComplexGateway', 'Its activation rule cannot be run. Use an exclusive, inclusive or parallel gateway.'),
  refused('Transaction', 'Compensation is not supported. Use a sub-process with an error boundary event.'),
  refused('AdHocSubProcess', 'Its tasks have no order. Draw the order with sequence flows.'),
  refused('IntermediateThrowEvent:Signal', 'Signals come from outside. Throw a message instead.'),
  refused('EndEvent:Signal', 'Signals come from outside. Throw a message instead.'),
  refused('StartEvent:Conditional', 'Conditions are not watched. Start on a message and check the condition.'),
  refused('IntermediateCatchEvent:Conditional', 'Conditions are not watched. Wait for a message and check the condition.'),
  refused('BoundaryEvent:Conditional', 'Conditions are not watched. Wait for a message and check the condition.'),
  refused('EventSubProcess:Conditional', 'Conditions are not watched. Start on a message and check the condition.'),
  refused('IntermediateThrowEvent:Escalation', 'Escalations are not supported. Throw a message or an error.'),
  refused('EndEvent:Escalation', 'Escalations are not supported. Throw a message or an error.'),
  refused('BoundaryEvent:Escalation', 'Escalations are not supported. Catch a message or an error.'),
  refused('EventSubProcess:Escalation', 'Escalations are not supported. Catch a message or an error.'),
  refused('IntermediateThrowEvent:Compensate', 'Compensation is not supported. Draw the steps that undo.'),
  refused('EndEvent:Compensate', 'Compensation is not supported. Draw the steps that undo.'),
  refused('BoundaryEvent:Compensate', 'Compensation is not supported. Draw the steps that undo.'),
  refused('EventSubProcess:Compensate', 'Compensation is not supported. Draw the steps that undo.'),
  refused('EndEvent:Cancel', 'Transactions are not supported. Use an error end event.'),
  refused('BoundaryEvent:Cancel', 'Transactions are not supported. Use an error boundary event.'),
]

/** Attributes that change what an element means and that the engine does not follow, with the value that is refused. */
export const refusedAttributes: readonly { attribute: string; on: string; reason: string }[] = [
  { attribute: 'parallelMultiple="true"', on: 'catch and start events', reason: 'It waits for the first of its events, not for all.' },
  { attribute: 'instantiate="true"', on: 'receive tasks and event-based gateways', reason: 'Use a message start event.' },
  { attribute: 'isForCompensation="true"', on: 'activities', reason: 'Compensation is not supported.' },
  { attribute: 'behavior other than All', on: 'multi-instance activities', reason: 'Events of single instances are not thrown.' },
  { attribute: 'startQuantity, completionQuantity other than 1', on: 'activities', reason: 'Each token is one execution.' },
]
