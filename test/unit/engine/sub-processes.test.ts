import t from 'tap'
import {
  diagram,
  end,
  error,
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
const sub = (id: string, content: string, attributes = '') =>
  `<bpmn:subProcess id="${id}" name="${id}" ${attributes}>${content}</bpmn:subProcess>`
const eventSub = (id: string, event: string, content: string, interrupting = true) =>
  sub(
    id,
    `<bpmn:startEvent id="${id}_start" isInterrupting="${interrupting}">${event}</bpmn:startEvent>${content}`,
    'triggeredByEvent="true"',
  )

t.test('a sub-process has variables of its own and completes when nothing is left in it', async (t) => {
  const inner =
    zeebe({ inputs: [['local', '=name']], outputs: [['seen', '=local']] }) +
    `<bpmn:startEvent id="in"/>${receive('wait', 'a')}${task('change')}<bpmn:endEvent id="out"/>${flows('in > wait > change > out')}`
  const xml = diagram(start + sub('sub', inner) + task('after') + end + flows('start > sub > after > end'), roots)
  const instance = await startInstance(xml, {
    variables: { name: 'Ann' },
    runTask: async ({ elementId }) => ({ status: 'completed', outputs: elementId === 'change' ? { local: 'Bea', fresh: 1 } : {} }),
  })
  await instance.at('wait')
  t.same(instance.calls, ['change', 'after'])
  t.same(
    instance.last.variables,
    { name: 'Ann', seen: 'Bea', fresh: 1 },
    'a name of the sub-process is changed there, others in the process',
  )
})

t.test('a process drawn without start events begins wherever nothing leads to', async (t) => {
  const instance = await startInstance(diagram(task('one') + task('two') + end + flows('one > end', 'two > end')))
  t.same(instance.calls, ['one', 'two'])
  t.equal(instance.last.outcome, 'completed')
})

t.test('an empty sub-process passes', async (t) => {
  t.equal((await startInstance(diagram(start + sub('sub', '') + end + flows('start > sub > end')))).last.outcome, 'completed')
})

for (const [event, kind] of [
  [onMessage('b'), 'message'],
  [onSignal('s'), 'signal'],
  [onTimer('Duration', 'PT1H'), 'timer'],
] as const) {
  t.test(`an event sub-process on a ${kind}`, async (t) => {
    const handler = (interrupting: boolean) =>
      eventSub(
        'handle',
        event,
        task('handled') + receive('inside', 'a') + '<bpmn:endEvent id="done"/>' + flows('handle_start > handled > inside > done'),
        interrupting,
      )
    const interrupting = await startInstance(
      diagram(start + receive('wait', 'a') + task('after') + end + handler(true) + flows('start > wait > after > end'), roots),
    )
    t.match(interrupting.wait('handle_start'), { kind, attachedToId: 'process', elementType: 'StartEvent' })
    await interrupting.at('handle_start')
    t.same(interrupting.waits(), ['inside'], 'everything else in the process has ended')
    await interrupting.at('inside')
    t.same(interrupting.calls, ['handled'])
    t.equal(interrupting.last.outcome, 'completed')

    const beside = await startInstance(
      diagram(start + receive('wait', 'b') + task('after') + end + handler(false) + flows('start > wait > after > end'), roots),
    )
    const repeats = kind === 'timer' ? 1 : 2
    for (let count = 0; count < repeats; count += 1) {
      const { id } = beside.wait('handle_start')
      await (kind === 'message' ? beside.send({ kind, eventName: 'b', waitId: id }) : beside.at('handle_start'))
    }
    t.same(beside.waits(), [...(kind === 'timer' ? [] : ['handle_start']), ...Array(repeats).fill('inside'), 'wait'].sort())
    await beside.send({ kind: 'message', eventName: 'a' })
    await beside.send({ kind: 'message', eventName: 'b', waitId: beside.wait('wait').id })
    t.equal(beside.last.outcome, 'completed', 'the process is done when its own tokens are')
  })
}

t.test('an event sub-process keeps its process alive', async (t) => {
  const handler = eventSub('handle', onMessage('b'), receive('inside', 'a') + flows('handle_start > inside'), false)
  const instance = await startInstance(diagram(start + receive('wait', 'a') + end + handler + flows('start > wait > end'), roots))
  await instance.at('handle_start')
  await instance.send({ kind: 'message', eventName: 'a', waitId: instance.wait('wait').id })
  t.same(instance.waits(), ['handle_start', 'inside'])
  await instance.at('inside')
  t.equal(instance.last.outcome, 'completed')
})

t.test('an event sub-process of a sub-process ends only that', async (t) => {
  const handler = eventSub('handle', onMessage('b'), task('handled') + flows('handle_start > handled'))
  const inner = sub('sub', `<bpmn:startEvent id="in"/>${receive('wait', 'a')}${flows('in > wait')}${handler}`)
  const instance = await startInstance(
    diagram(
      start +
        '<bpmn:parallelGateway id="fork"/>' +
        inner +
        receive('other', 'a') +
        task('after') +
        end +
        flows('start > fork > sub > after > end', 'fork > other > end'),
      roots,
    ),
  )
  t.equal(instance.wait('handle_start').attachedToId, 'sub')
  await instance.at('handle_start')
  t.same(instance.calls, ['handled', 'after'])
  t.same(instance.waits(), ['other'])
})

t.test('an error event sub-process catches what is thrown beside it, not what it throws', async (t) => {
  const handler = (throws: boolean) =>
    eventSub(
      'handle',
      onError('E1'),
      task('handled') + `<bpmn:endEvent id="done">${throws ? onError('E1') : ''}</bpmn:endEvent>` + flows('handle_start > handled > done'),
    )
  const runTask = async ({ elementId }: { elementId: string }) =>
    elementId === 'try' ? { status: 'error' as const, code: 'E1', message: '' } : { status: 'completed' as const, outputs: {} }
  const caught = await startInstance(
    diagram(start + task('try') + task('after') + end + handler(false) + flows('start > try > after > end'), roots),
    { runTask },
  )
  t.same(caught.calls, ['try', 'handled'])
  t.equal(caught.last.outcome, 'completed')
  await t.rejects(startInstance(diagram(start + task('try') + end + handler(true) + flows('start > try > end'), roots), { runTask }), {
    code: 'UNCAUGHT_ERROR',
    elementId: 'done',
  })
})

const calling = (extension: string, content: string, extra = '') =>
  diagram(
    `${start}<bpmn:callActivity id="call" name="call"><bpmn:extensionElements>${extension}</bpmn:extensionElements></bpmn:callActivity>${extra}${task('after')}${end}${flows('start > call > after > end')}`,
    roots,
  ).replace('</bpmn:definitions>', `<bpmn:process id="called" name="Called">${content}</bpmn:process></bpmn:definitions>`)
const body = `<bpmn:startEvent id="in"/>${receive('wait', 'a')}${task('inner')}<bpmn:endEvent id="out"/>${flows('in > wait > inner > out')}`

t.test('a call activity runs another process of the file with variables of its own', async (t) => {
  const runTask = async ({ elementId }: { elementId: string }) => ({
    status: 'completed' as const,
    outputs: elementId === 'inner' ? { result: 7, name: 'inside' } : {},
  })
  const all = await startInstance(calling('<zeebe:calledElement processId="called"/>', body), { variables: { name: 'outside' }, runTask })
  t.match(all.wait('wait'), { elementName: 'wait', kind: 'message' })
  await all.at('wait')
  t.same(all.last.variables, { name: 'inside', result: 7 })
  t.same(all.calls, ['inner', 'after'])

  const mapping =
    '<zeebe:calledElement processId="called" propagateAllParentVariables="false" propagateAllChildVariables="false"/><zeebe:ioMapping><zeebe:input source="=name" target="given"/><zeebe:output source="=string(result) + given" target="answer"/></zeebe:ioMapping>'
  const mapped = await startInstance(calling(mapping, body), { variables: { name: 'outside' }, runTask })
  await mapped.at('wait')
  t.same(mapped.last.variables, { name: 'outside', answer: '7outside' })
})

t.test('a boundary event ends a called process, and catches its errors', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="out_of_call" attachedToRef="call">${onMessage('b')}</bpmn:boundaryEvent><bpmn:boundaryEvent id="caught" attachedToRef="call">${onError('E1')}</bpmn:boundaryEvent>${task('instead')}${flows('out_of_call > instead > end', 'caught > instead')}`
  const xml = calling('<zeebe:calledElement processId="=which"/>', body, boundary)
  const options = {
    variables: { which: 'called' },
    runTask: async ({ elementId }: { elementId: string }) =>
      elementId === 'inner' ? { status: 'error' as const, code: 'E1', message: '' } : { status: 'completed' as const, outputs: {} },
  }
  const ended = await startInstance(xml, options)
  t.equal(ended.wait('out_of_call').attachedToId, 'call')
  await ended.at('out_of_call')
  t.same(ended.calls, ['instead'])
  const failed = await startInstance(xml, options)
  await failed.at('wait')
  t.same(failed.calls, ['inner', 'instead'])
})

t.test('a process that calls itself for ever is stopped', async (t) => {
  const again =
    '<bpmn:startEvent id="in"/><bpmn:callActivity id="again"><bpmn:extensionElements><zeebe:calledElement processId="called"/></bpmn:extensionElements></bpmn:callActivity>' +
    flows('in > again')
  await t.rejects(startInstance(calling('<zeebe:calledElement processId="called"/>', again)), { code: 'STEP_LIMIT', elementId: 'again' })
  await t.rejects(startInstance(calling('<zeebe:calledElement processId="elsewhere"/>', body)), {
    code: 'ENGINE_FAILED',
    elementId: 'call',
  })
})
