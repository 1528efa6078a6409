/**
 * The part of a serialized moddle context (moddle-context-serializer) that the model is built from.
 * Shapes as bpmn-moddle writes them with the Zeebe descriptor.
 */

export interface Ref {
  id: string
  type: string
  name?: string
}

interface Expression {
  body?: string
}

export interface ZeebeValue {
  $type: string
  type?: string
  retries?: string
  inputParameters?: { source?: string; target?: string }[]
  outputParameters?: { source?: string; target?: string }[]
  values?: { key?: string; value?: string }[]
  expression?: string
  resultVariable?: string
  formId?: string
  formKey?: string
  processId?: string
  processIdExpression?: string
  propagateAllParentVariables?: boolean
  propagateAllChildVariables?: boolean
  inputCollection?: string
  inputElement?: string
  outputCollection?: string
  outputElement?: string
}

export interface WithExtensions {
  extensionElements?: { values?: ZeebeValue[] }
}

export interface ContextEventDefinition {
  type: string
  behaviour: {
    messageRef?: Ref
    signalRef?: Ref
    errorRef?: Ref
    name?: string
    timeDate?: string | Expression
    timeDuration?: string | Expression
    timeCycle?: string | Expression
  }
}

export interface ContextLoop {
  type: string
  behaviour: WithExtensions & {
    isSequential?: boolean
    loopCardinality?: string
    completionCondition?: string
    loopCondition?: string
    testBefore?: boolean
    loopMaximum?: number | string | null
    behavior?: string
  }
}

export interface ContextBehaviour extends WithExtensions {
  isExecutable?: boolean
  cancelActivity?: boolean
  isInterrupting?: boolean
  triggeredByEvent?: boolean
  attachedTo?: Ref
  messageRef?: Ref
  errorCode?: string
  parallelMultiple?: boolean
  instantiate?: boolean
  isForCompensation?: boolean
  startQuantity?: number
  completionQuantity?: number
  eventDefinitions?: ContextEventDefinition[]
  loopCharacteristics?: ContextLoop
  conditionExpression?: Expression
}

export interface ContextElement {
  id: string
  type: string
  name?: string
  parent: { id: string; type: string }
  behaviour: ContextBehaviour
  Behaviour?: unknown
}

export type ContextActivity = ContextElement

export interface ContextFlow extends ContextElement {
  sourceId: string
  targetId: string
  isDefault?: boolean
}

/** What moddle-context-serializer's `deserialize` returns. */
export interface DefinitionContext {
  id: string
  elements: {
    activities: ContextActivity[]
    processes: ContextElement[]
    sequenceFlows: ContextFlow[]
  }
}
