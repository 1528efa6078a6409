import type { ContextBehaviour, WithExtensions, ZeebeValue } from './context-types.ts'
import type { Called, FlowNode, Loop, TaskBinding } from './types.ts'

const extension = (owner: WithExtensions, type: string): ZeebeValue | undefined =>
  owner.extensionElements?.values?.find((value) => value.$type === `zeebe:${type}`)

/** zeebe:ioMapping; a mapping without a target cannot be drawn in the editor and is dropped. */
export function readIo(behaviour: ContextBehaviour): FlowNode['io'] {
  const mapping = extension(behaviour, 'IoMapping')
  const read = (parameters: { source?: string; target?: string }[] | undefined) =>
    (parameters ?? []).flatMap(({ source, target }) => (target ? [{ source: source ?? '', target }] : []))
  return { inputs: read(mapping?.inputParameters), outputs: read(mapping?.outputParameters) }
}

/** zeebe:taskDefinition with zeebe:taskHeaders. */
export function readTask(behaviour: ContextBehaviour): TaskBinding | null {
  const task = extension(behaviour, 'TaskDefinition')
  if (!task?.type) return null
  const headers: { [key: string]: string } = {}
  for (const { key, value } of extension(behaviour, 'TaskHeaders')?.values ?? []) {
    if (key) Object.defineProperty(headers, key, { value: value ?? '', enumerable: true })
  }
  return { type: task.type, retries: task.retries ?? null, headers }
}

/** zeebe:script: a FEEL expression and the variable that takes its value. */
export function readScript(behaviour: ContextBehaviour): FlowNode['script'] {
  const script = extension(behaviour, 'Script')
  return script?.expression ? { expression: script.expression, resultVariable: script.resultVariable ?? null } : null
}

/** zeebe:formDefinition. */
export function readForm(behaviour: ContextBehaviour): string | null {
  const form = extension(behaviour, 'FormDefinition')
  return form?.formId ?? form?.formKey ?? null
}

/** zeebe:calledElement; both propagations are on unless switched off, as in Camunda 8. */
export function readCalled(behaviour: ContextBehaviour): Called | null {
  const called = extension(behaviour, 'CalledElement')
  if (!called) return null
  return {
    processId: called.processId ?? called.processIdExpression ?? null,
    propagateAllParentVariables: called.propagateAllParentVariables !== false,
    propagateAllChildVariables: called.propagateAllChildVariables !== false,
  }
}

/** bpmn:multiInstanceLoopCharacteristics (with zeebe:loopCharacteristics) or bpmn:standardLoopCharacteristics. */
export function readLoop(behaviour: ContextBehaviour): Loop | null {
  const loop = behaviour.loopCharacteristics
  if (!loop) return null
  const zeebe = extension(loop.behaviour, 'LoopCharacteristics')
  const maximum = loop.behaviour.loopMaximum
  return {
    kind: loop.type === 'bpmn:StandardLoopCharacteristics' ? 'standard' : 'multi-instance',
    sequential: loop.behaviour.isSequential === true || loop.type === 'bpmn:StandardLoopCharacteristics',
    inputCollection: zeebe?.inputCollection ?? null,
    inputElement: zeebe?.inputElement ?? null,
    outputCollection: zeebe?.outputCollection ?? null,
    outputElement: zeebe?.outputElement ?? null,
    cardinality: loop.behaviour.loopCardinality ?? null,
    completionCondition: loop.behaviour.completionCondition ?? null,
    loopCondition: loop.behaviour.loopCondition ?? null,
    testBefore: loop.behaviour.testBefore === true,
    loopMaximum: maximum == null ? null : Number(maximum),
  }
}
