import t from 'tap'
import { supportedElements } from '../../../src/engine/supported-elements.ts'
import {
  diagram,
  end,
  error,
  flowIf,
  flows,
  message,
  onError,
  onMessage,
  onSignal,
  onTimer,
  receive,
  signal,
  start,
  startInstance,
  task,
  zeebe,
} from './support.ts'

const roots = message('a') + message('b') + signal('s') + error('E1')
const link = '<bpmn:linkEventDefinition name="there"/>'
const events: { [kind: string]: string } = {
  None: '',
  Message: onMessage('a'),
  Signal: onSignal('s'),
  Timer: onTimer('Duration', 'PT1M'),
  Error: onError('E1'),
  Terminate: '<bpmn:terminateEventDefinition/>',
  Link: link,
  Conditional: '<bpmn:conditionalEventDefinition><bpmn:condition>=true</bpmn:condition></bpmn:conditionalEventDefinition>',
  Escalation: '<bpmn:escalationEventDefinition/>',
  Compensate: '<bpmn:compensateEventDefinition/>',
  Cancel: '<bpmn:cancelEventDefinition/>',
}

const loop = (content: string) => `<bpmn:serviceTask id="x">${zeebe({ type: 'note' })}${content}</bpmn:serviceTask>`

/** The smallest diagram with the element; the element has the id "x". */
function smallest(type: string): string {
  const [name = '', kind = 'None'] = type.split(':')
  const event = events[kind] ?? ''
  switch (name) {
    case 'StartEvent':
      return `<bpmn:startEvent id="x">${event}</bpmn:startEvent>${end}${flows('x > end')}`
    case 'EndEvent':
      return kind === 'Error'
        ? `${start}<bpmn:subProcess id="sub"><bpmn:endEvent id="x">${event}</bpmn:endEvent></bpmn:subProcess><bpmn:boundaryEvent id="caught" attachedToRef="sub">${onError()}</bpmn:boundaryEvent>${end}${flows('start > sub > end', 'caught > end')}`
        : `${start}<bpmn:endEvent id="x">${event}</bpmn:endEvent>${flows('start > x')}`
    case 'BoundaryEvent':
      return `${start}${kind === 'Error' ? task('host') : receive('host', 'b')}<bpmn:boundaryEvent id="x" attachedToRef="host">${event}</bpmn:boundaryEvent>${end}${flows('start > host > end', 'x > end')}`
    case 'IntermediateThrowEvent':
      return kind === 'Link'
        ? `${start}<bpmn:intermediateThrowEvent id="x">${link}</bpmn:intermediateThrowEvent><bpmn:intermediateCatchEvent id="there">${link}</bpmn:intermediateCatchEvent>${end}${flows('start > x', 'there > end')}`
        : `${start}<bpmn:intermediateThrowEvent id="x">${event}</bpmn:intermediateThrowEvent>${end}${flows('start > x > end')}`
    case 'IntermediateCatchEvent':
      return kind === 'Link'
        ? `${start}<bpmn:intermediateThrowEvent id="go">${link}</bpmn:intermediateThrowEvent><bpmn:intermediateCatchEvent id="x">${link}</bpmn:intermediateCatchEvent>${end}${flows('start > go', 'x > end')}`
        : `${start}<bpmn:intermediateCatchEvent id="x">${event}</bpmn:intermediateCatchEvent>${end}${flows('start > x > end')}`
    case 'EventSubProcess':
      return `${start}${kind === 'Error' ? task('host') : receive('host', 'b')}${end}${flows('start > host > end')}<bpmn:subProcess id="sub" triggeredByEvent="true"><bpmn:startEvent id="x">${event}</bpmn:startEvent></bpmn:subProcess>`
    case 'ServiceTask':
      return `${start}${task('x')}${end}${flows('start > x > end')}`
    case 'SendTask':
      return `${start}<bpmn:sendTask id="x" messageRef="message_a"/>${end}${flows('start > x > end')}`
    case 'ReceiveTask':
      return `${start}${receive('x', 'a')}${end}${flows('start > x > end')}`
    case 'ScriptTask':
      return `${start}<bpmn:scriptTask id="x">${zeebe({ more: '<zeebe:script expression="=1" resultVariable="one"/>' })}</bpmn:scriptTask>${end}${flows('start > x > end')}`
    case 'SubProcess':
      return `${start}<bpmn:subProcess id="x"><bpmn:startEvent id="in"/></bpmn:subProcess>${end}${flows('start > x > end')}`
    case 'CallActivity':
      return `${start}<bpmn:callActivity id="x"><bpmn:extensionElements><zeebe:calledElement processId="called"/></bpmn:extensionElements></bpmn:callActivity>${end}${flows('start > x > end')}`
    case 'ExclusiveGateway':
    case 'InclusiveGateway':
    case 'ComplexGateway':
    case 'ParallelGateway':
      return `${start}<bpmn:${lower(name)} id="x"/>${end}${flows('start > x')}${name === 'ExclusiveGateway' ? flowIf('x', 'end', '=true') : flows('x > end')}`
    case 'EventBasedGateway':
      return `${start}<bpmn:eventBasedGateway id="gate"/><bpmn:intermediateCatchEvent id="x">${onMessage('a')}</bpmn:intermediateCatchEvent>${end}${flows('start > gate > x > end')}`
    case 'MultiInstanceLoopCharacteristics':
      return `${start}${loop('<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=[1, 2]"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>')}${end}${flows('start > x > end')}`
    case 'StandardLoopCharacteristics':
      return `${start}${loop('<bpmn:standardLoopCharacteristics loopMaximum="2"/>')}${end}${flows('start > x > end')}`
    default:
      return `${start}<bpmn:${lower(name)} id="x"/>${end}${flows('start > x > end')}`
  }
}

const lower = (name: string) => name[0]?.toLowerCase() + name.slice(1)

const xmlOf = (type: string) =>
  diagram(smallest(type), roots).replace(
    '</bpmn:definitions>',
    '<bpmn:process id="called"><bpmn:startEvent id="called_start"/></bpmn:process></bpmn:definitions>',
  )

/** Starts it, lets what it waits for happen, and answers the elements entered. */
async function through(type: string): Promise<string[]> {
  const runTask = async () =>
    type.endsWith(':Error') ? { status: 'error' as const, code: 'E1', message: '' } : { status: 'completed' as const, outputs: {} }
  const instance = await startInstance(xmlOf(type), {
    runTask,
    delivery: { kind: 'start', elementId: type.startsWith('StartEvent') ? 'x' : null },
  })
  const entered = [...instance.entered]
  if (instance.last.outcome === 'running') {
    await instance.at('x')
    entered.push(...instance.entered)
  }
  if (instance.last.outcome !== 'completed') throw new Error(`${type} does not end: ${instance.waits()}`)
  return entered
}

for (const { type, support } of supportedElements) {
  if (support === 'runs') {
    t.test(`${type} runs`, async (t) => {
      t.ok((await through(type)).includes('x'))
    })
  } else if (!['Task', 'ManualTask'].includes(type)) {
    t.test(`${type} never passes in silence`, async (t) => {
      await t.rejects(through(type), { code: 'ENGINE_FAILED' })
    })
  }
}

t.test('each row is there once', (t) => {
  const types = supportedElements.map(({ type }) => type)
  t.same(types, [...new Set(types)])
  t.end()
})

t.test('attributes that change what an element means never pass in silence', async (t) => {
  const refusals = [
    `<bpmn:intermediateCatchEvent id="x" parallelMultiple="true">${onMessage('a')}${onSignal('s')}</bpmn:intermediateCatchEvent>`,
    '<bpmn:receiveTask id="x" instantiate="true" messageRef="message_a"/>',
    '<bpmn:userTask id="x" isForCompensation="true"/>',
    '<bpmn:userTask id="x" completionQuantity="2"/>',
    '<bpmn:userTask id="x"><bpmn:multiInstanceLoopCharacteristics behavior="One"><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>',
    `<bpmn:intermediateCatchEvent id="x"><bpmn:timerEventDefinition><bpmn:timeDate>2026-01-01</bpmn:timeDate><bpmn:timeDuration>PT1M</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>`,
    `<bpmn:subProcess id="x"><bpmn:startEvent id="in"/><bpmn:startEvent id="on_a">${onMessage('a')}</bpmn:startEvent></bpmn:subProcess>`,
  ]
  for (const element of refusals) {
    await t.rejects(
      startInstance(diagram(`${start}${element}${end}${flows('start > x > end')}`, roots)),
      { code: 'ENGINE_FAILED', elementId: 'x' },
      element,
    )
  }
})
