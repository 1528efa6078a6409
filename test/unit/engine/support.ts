import { compileUnchecked } from '../../../src/engine/compile.ts'
import {
  type CompiledDefinition,
  createInlineEngine,
  type Delivery,
  type Scope,
  type StepResult,
  type TaskRunner,
  type Value,
  type Wait,
} from '../../../src/engine/index.ts'

export type Variables = { [key: string]: Value }

/** A definitions document around the given content of one process; messages and errors come before it. */
export function diagram(process: string, roots = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="test">
${roots}<bpmn:process id="process" name="Process" isExecutable="true">${process}</bpmn:process></bpmn:definitions>`
}

/** Sequence flows "a > b > c" written short; each gets the id "a_b". */
export function flows(...paths: string[]): string {
  return paths
    .flatMap((path) => {
      const nodes = path.split('>').map((node) => node.trim())
      return nodes
        .slice(1)
        .map((node, index) => `<bpmn:sequenceFlow id="${nodes[index]}_${node}" sourceRef="${nodes[index]}" targetRef="${node}"/>`)
    })
    .join('')
}

/** A conditional flow with the id "from_to". */
export const flowIf = (from: string, to: string, condition: string) =>
  `<bpmn:sequenceFlow id="${from}_${to}" sourceRef="${from}" targetRef="${to}"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${condition}</bpmn:conditionExpression></bpmn:sequenceFlow>`

export const message = (name: string) => `<bpmn:message id="message_${name.replaceAll('.', '_')}" name="${name}"/>`
export const signal = (name: string) => `<bpmn:signal id="signal_${name.replaceAll('.', '_')}" name="${name}"/>`
export const error = (code: string) => `<bpmn:error id="error_${code}" name="${code}" errorCode="${code}"/>`

export const onMessage = (name: string) => `<bpmn:messageEventDefinition messageRef="message_${name.replaceAll('.', '_')}"/>`
export const onSignal = (name: string) => `<bpmn:signalEventDefinition signalRef="signal_${name.replaceAll('.', '_')}"/>`
export const onError = (code?: string) => `<bpmn:errorEventDefinition${code ? ` errorRef="error_${code}"` : ''}/>`
export const onTimer = (kind: 'Date' | 'Duration' | 'Cycle', expression: string) =>
  `<bpmn:timerEventDefinition><bpmn:time${kind} xsi:type="bpmn:tFormalExpression">${expression}</bpmn:time${kind}></bpmn:timerEventDefinition>`

/** Zeebe extension elements: inputs and outputs as [target, source] pairs, anything else as XML. */
export function zeebe(options: { type?: string; inputs?: [string, string][]; outputs?: [string, string][]; more?: string }): string {
  const task = options.type ? `<zeebe:taskDefinition type="${options.type}"/>` : ''
  const mappings = (kind: string, pairs: [string, string][] = []) =>
    pairs
      .map(([target, source]) => `<zeebe:${kind} target="${target}" source="${source.replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"/>`)
      .join('')
  const io =
    options.inputs || options.outputs
      ? `<zeebe:ioMapping>${mappings('input', options.inputs)}${mappings('output', options.outputs)}</zeebe:ioMapping>`
      : ''
  return `<bpmn:extensionElements>${task}${io}${options.more ?? ''}</bpmn:extensionElements>`
}

/** A service task of the type "note", which the test's task runner answers by element id. */
export const task = (id: string, extra = '') =>
  `<bpmn:serviceTask id="${id}" name="${id}">${zeebe({ type: 'note' })}${extra}</bpmn:serviceTask>`

export const receive = (id: string, name: string, extra = '') =>
  `<bpmn:receiveTask id="${id}" name="${id}" messageRef="message_${name.replaceAll('.', '_')}">${extra}</bpmn:receiveTask>`

export const start = '<bpmn:startEvent id="start"/>'
export const end = '<bpmn:endEvent id="end"/>'

export const t0 = new Date('2026-03-02T09:00:00.000Z')

/** An instance that a test drives; every step goes through JSON text and a new engine. */
export interface Instance {
  last: StepResult
  /** Ids of the elements entered in the last step, in order. */
  entered: string[]
  /** Element ids of the service tasks called so far, in order. */
  calls: string[]
  send(delivery: Delivery, scope?: Partial<Scope>): Promise<StepResult>
  /** Delivers to the one wait at this element. */
  at(
    elementId: string,
    delivery?: { outputs?: Variables; variables?: Variables; code?: string },
    scope?: Partial<Scope>,
  ): Promise<StepResult>
  wait(elementId: string): Wait
  waits(): string[]
}

export interface InstanceOptions {
  variables?: Variables
  scope?: Partial<Scope>
  delivery?: Delivery
  runTask?: TaskRunner
}

/** Compiles without validating, starts an instance, and remembers what a host would. */
export async function startInstance(xml: string, options: InstanceOptions = {}): Promise<Instance> {
  const definition = await compileUnchecked(xml)
  return resumeInstance(definition, null, options)
}

/** Drives an instance of a compiled definition from a saved state. */
export async function resumeInstance(
  definition: CompiledDefinition,
  saved: string | null,
  options: InstanceOptions = {},
): Promise<Instance> {
  const calls: string[] = []
  const runTask: TaskRunner = async (call) => {
    calls.push(call.elementId)
    return options.runTask ? options.runTask(call) : { status: 'completed', outputs: {} }
  }
  let state = saved
  let variables: Variables = options.variables ?? {}
  const scope: Scope = { chat: null, event: null, agent: null, now: t0, ...options.scope }
  const instance: Instance = {
    last: { outcome: 'running', state, variables, waits: [], thrown: [], log: [], executions: 0 },
    entered: [],
    calls,
    async send(delivery, override = {}) {
      const engine = createInlineEngine()
      const request = {
        definition: { checksum: 'x', context: definition.context, key: definition.key },
        instanceId: 'i1',
        state,
        variables,
        delivery,
      }
      const result = await engine.step({ ...request, scope: { ...scope, ...override } }, runTask)
      await engine.close()
      state = result.state
      variables = result.variables
      instance.last = result
      instance.entered = result.log.filter(({ kind }) => kind === 'entered').map(({ elementId }) => elementId)
      return result
    },
    async at(elementId, delivery = {}, override = {}) {
      const wait = instance.wait(elementId)
      if (wait.kind === 'message') return instance.send({ kind: 'message', eventName: wait.eventName, waitId: wait.id }, override)
      if (wait.kind === 'signal') return instance.send({ kind: 'signal', eventName: wait.eventName }, override)
      if (wait.kind === 'timer') return instance.send({ kind: 'timer', waitId: wait.id }, override)
      if (wait.kind === 'form')
        return instance.send({ kind: 'form.completed', waitId: wait.id, variables: delivery.variables ?? {} }, override)
      if (delivery.code) return instance.send({ kind: 'task.failed', waitId: wait.id, code: delivery.code, message: '' }, override)
      return instance.send({ kind: 'task.completed', waitId: wait.id, outputs: delivery.outputs ?? {} }, override)
    },
    wait(elementId) {
      const found = instance.last.waits.filter((wait) => wait.elementId === elementId)
      if (found.length !== 1 || !found[0]) throw new Error(`${found.length} waits at ${elementId}, of ${instance.waits().join(', ')}`)
      return found[0]
    },
    waits: () => instance.last.waits.map(({ elementId }) => elementId).sort(),
  }
  await instance.send(options.delivery ?? { kind: 'start', elementId: null })
  return instance
}
