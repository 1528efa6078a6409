import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import * as stockElements from 'bpmn-elements'
import { Engine } from 'bpmn-engine'
import { BpmnModdle } from 'bpmn-moddle'
import serialize, { deserialize, TypeResolver } from 'moddle-context-serializer'
import { compileUnchecked } from '../../src/engine/compile.ts'
import { createInlineEngine } from '../../src/engine/index.ts'

/**
 * What one step costs: recover from JSON, resume, deliver a message, run a service task and a gateway,
 * save to JSON; on a diagram of ten nodes. Raw bpmn-engine does the same with its own elements and
 * expressions, from the same cached context, without our guarantees (see src/engine/README.md).
 */

interface Dialect {
  service(id: string): string
  condition: string
}

const parley: Dialect = {
  service: (id) =>
    `<bpmn:serviceTask id="${id}"><bpmn:extensionElements><zeebe:taskDefinition type="bench"/></bpmn:extensionElements></bpmn:serviceTask>`,
  condition: '=again',
}
const raw: Dialect = {
  service: (id) => `<bpmn:serviceTask id="${id}" implementation="\${environment.services.bench}"/>`,
  condition: `\${environment.variables.again}`,
}

const flow = (from: string, to: string) => `<bpmn:sequenceFlow id="${from}_${to}" sourceRef="${from}" targetRef="${to}"/>`

/** The shape of the chat lifecycle: a task, a wait with two ways out, back again on one condition. */
const diagram = ({ service, condition }: Dialect) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="bench" targetNamespace="bench">
<bpmn:message id="go" name="go"/><bpmn:message id="stop" name="stop"/><bpmn:message id="other" name="other"/>
<bpmn:process id="process" isExecutable="true">
<bpmn:startEvent id="start"/>${service('find')}<bpmn:receiveTask id="wait" messageRef="go"/>
<bpmn:boundaryEvent id="stopped" attachedToRef="wait"><bpmn:messageEventDefinition messageRef="stop"/></bpmn:boundaryEvent>
<bpmn:boundaryEvent id="passed_on" attachedToRef="wait"><bpmn:messageEventDefinition messageRef="other"/></bpmn:boundaryEvent>
${service('own')}<bpmn:exclusiveGateway id="again" default="again_done"/>${service('complete')}${service('pass')}<bpmn:endEvent id="done"/>
${flow('start', 'find')}${flow('find', 'wait')}${flow('wait', 'own')}${flow('own', 'again')}${flow('again', 'done')}
<bpmn:sequenceFlow id="again_wait" sourceRef="again" targetRef="wait"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${condition}</bpmn:conditionExpression></bpmn:sequenceFlow>
${flow('stopped', 'complete')}${flow('passed_on', 'pass')}${flow('complete', 'done')}${flow('pass', 'done')}
</bpmn:process></bpmn:definitions>`

type Step = (state: string | null) => Promise<string>

async function parleyStep(): Promise<Step> {
  const { context, key } = await compileUnchecked(diagram(parley))
  const engine = createInlineEngine()
  const scope = { chat: null, event: {}, agent: null, now: new Date() }
  const request = { definition: { checksum: 'bench', context, key }, instanceId: 'bench', variables: { again: true }, scope }
  return async (state) => {
    const delivery = state === null ? ({ kind: 'start', elementId: null } as const) : ({ kind: 'message', eventName: 'go' } as const)
    const result = await engine.step({ ...request, state, delivery }, async () => ({ status: 'completed', outputs: {} }))
    if (result.state === null) throw new Error('The benchmark ended too early')
    return result.state
  }
}

async function rawStep(): Promise<Step> {
  const moddleContext = await new BpmnModdle().fromXML(diagram(raw))
  const resolver = TypeResolver({ ...stockElements } as never)
  const text = serialize(moddleContext as never, resolver).serialize()
  const sourceContext = deserialize(JSON.parse(text), resolver)
  const services = { bench: (_scope: unknown, done: () => void) => done() }
  return async (state) => {
    const engine = new Engine({ name: 'bench', sourceContext, services, variables: { again: true } } as never)
    if (state === null) await engine.execute()
    else {
      engine.recover(JSON.parse(state))
      const execution = await engine.resume()
      execution.signal({ id: 'go' })
    }
    return rawState(engine)
  }
}

/** The state without the source, which is cached beside it as in Parley. */
function rawState(engine: Engine): string {
  const [definition] = engine.execution.definitions
  if (!definition?.isRunning) throw new Error('The benchmark ended too early')
  return JSON.stringify({ name: 'bench', definitions: [definition.getState()] })
}

async function median(step: Step, rounds: number): Promise<number> {
  const state = await step(null)
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now()
    await step(state)
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

/** Median milliseconds of one step, raw bpmn-engine and Parley; the two alternate so that noise meets both. */
export async function measureEngineStep(): Promise<{ rawMs: number; parleyMs: number }> {
  const steps = { raw: await rawStep(), parley: await parleyStep() }
  const samples: { raw: number[]; parley: number[] } = { raw: [], parley: [] }
  for (let block = 0; block < 6; block += 1) {
    samples.raw.push(await median(steps.raw, 60))
    samples.parley.push(await median(steps.parley, 60))
  }
  // The first block warms up.
  return { rawMs: middle(samples.raw.slice(1)), parleyMs: middle(samples.parley.slice(1)) }
}

const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { rawMs, parleyMs } = await measureEngineStep()
  console.log(`raw bpmn-engine ${rawMs.toFixed(2)} ms, Parley ${parleyMs.toFixed(2)} ms, ${(parleyMs / rawMs).toFixed(2)} of raw`)
}
