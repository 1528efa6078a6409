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
  t0,
  task,
  zeebe,
} from './support.ts'

const roots = message('a') + message('b') + signal('s') + error('E1') + error('E2')
const boundary = (id: string, host: string, event: string, extra = '') =>
  `<bpmn:boundaryEvent id="${id}" attachedToRef="${host}" ${extra}>${event}</bpmn:boundaryEvent>`
const keep = 'cancelActivity="false"'
const minutes = (count: number) => new Date(t0.getTime() + count * 60_000)

t.test('an instance starts through the start event it is told', async (t) => {
  const xml = diagram(
    start +
      `<bpmn:startEvent id="on_a">${onMessage('a')}</bpmn:startEvent><bpmn:startEvent id="on_s">${onSignal('s')}</bpmn:startEvent>` +
      `<bpmn:startEvent id="on_time">${onTimer('Cycle', 'R/P1D')}</bpmn:startEvent>` +
      task('none') +
      task('a') +
      task('s') +
      task('time') +
      end +
      flows('start > none > end', 'on_a > a > end', 'on_s > s > end', 'on_time > time > end'),
    roots,
  )
  t.same((await startInstance(xml)).calls, ['none'])
  t.same((await startInstance(xml, { delivery: { kind: 'start', elementId: 'on_a' } })).calls, ['a'])
  t.same((await startInstance(xml, { delivery: { kind: 'start', elementId: 'on_s' } })).calls, ['s'])
  t.same((await startInstance(xml, { delivery: { kind: 'start', elementId: 'on_time' } })).calls, ['time'])
  await t.rejects(startInstance(xml, { delivery: { kind: 'start', elementId: 'end' } }), { code: 'NOT_WAITING' })
  await t.rejects(startInstance(xml, { delivery: { kind: 'message', eventName: 'a' } }), { code: 'NOT_WAITING' })
})

t.test('what the instance does not wait for is refused and changes nothing', async (t) => {
  const instance = await startInstance(diagram(start + receive('wait', 'a') + end + flows('start > wait > end'), roots))
  const { id } = instance.wait('wait')
  for (const delivery of [
    { kind: 'message', eventName: 'b' },
    { kind: 'message', eventName: 'a', waitId: 'other' },
    { kind: 'signal', eventName: 'a' },
    { kind: 'timer', waitId: id },
    { kind: 'task.completed', waitId: id, outputs: {} },
    { kind: 'form.completed', waitId: id, variables: {} },
    { kind: 'start', elementId: null },
  ] as const) {
    await t.rejects(instance.send(delivery), { code: 'NOT_WAITING' }, JSON.stringify(delivery))
  }
  await instance.at('wait')
  t.equal(instance.last.outcome, 'completed')
})

t.test('intermediate events wait for messages, signals and times', async (t) => {
  const catching = (id: string, event: string) => `<bpmn:intermediateCatchEvent id="${id}">${event}</bpmn:intermediateCatchEvent>`
  const xml = diagram(
    start +
      catching('m', onMessage('a')) +
      catching('s', onSignal('s')) +
      catching('time', onTimer('Duration', 'PT10M')) +
      '<bpmn:intermediateThrowEvent id="nothing"/>' +
      end +
      flows('start > m > s > time > nothing > end'),
    roots,
  )
  const instance = await startInstance(xml)
  await instance.at('m')
  await instance.at('s')
  t.match(instance.wait('time'), { kind: 'timer', timer: { kind: 'duration', dueAt: minutes(10), remaining: 1, reads: [] } })
  await instance.at('time')
  t.equal(instance.last.outcome, 'completed')
})

t.test('a message reaches everything that waits for it', async (t) => {
  const xml = diagram(
    start +
      '<bpmn:parallelGateway id="fork"/>' +
      receive('one', 'a') +
      receive('two', 'a') +
      '<bpmn:parallelGateway id="join"/>' +
      receive('three', 'a') +
      end +
      flows('start > fork > one > join', 'fork > two > join > three > end'),
    roots,
  )
  const instance = await startInstance(xml)
  await instance.send({ kind: 'message', eventName: 'a' })
  t.same(instance.waits(), ['three'], 'but not what begins to wait because of it')
})

t.test('an interrupting boundary event ends its activity', async (t) => {
  for (const [event, name] of [
    [onMessage('b'), 'message'],
    [onSignal('s'), 'signal'],
    [onTimer('Duration', 'PT1M'), 'timer'],
  ] as const) {
    const xml = diagram(
      start +
        receive('wait', 'a') +
        boundary('out', 'wait', event) +
        task('after') +
        task('instead') +
        end +
        flows('start > wait > after > end', 'out > instead > end'),
      roots,
    )
    const instance = await startInstance(xml)
    t.match(instance.wait('out'), { kind: name, attachedToId: 'wait' })
    await instance.at('out')
    t.same(instance.calls, ['instead'])
    t.equal(instance.last.outcome, 'completed')
    t.match(instance.last.log[0], { kind: 'discarded', elementId: 'wait' })
  }
})

t.test('a boundary event can lead back to its activity', async (t) => {
  const xml = diagram(
    start +
      task('offer') +
      receive('wait', 'a') +
      boundary('expired', 'wait', onMessage('b')) +
      end +
      flows('start > offer > wait > end', 'expired > offer'),
    roots,
  )
  const instance = await startInstance(xml)
  const first = instance.wait('wait').id
  await instance.at('expired')
  await instance.at('expired')
  t.same(instance.calls, ['offer', 'offer', 'offer'])
  t.not(instance.wait('wait').id, first)
  await instance.at('wait')
  t.equal(instance.last.outcome, 'completed')
})

t.test('a boundary event that does not interrupt fires every time', async (t) => {
  for (const event of [onMessage('b'), onSignal('s')]) {
    const xml = diagram(
      start +
        receive('wait', 'a') +
        boundary('also', 'wait', event, keep) +
        receive('follow', 'a') +
        end +
        '<bpmn:endEvent id="done"/>' +
        flows('start > wait > end', 'also > follow > done'),
      roots,
    )
    const instance = await startInstance(xml)
    await instance.at('also')
    await instance.at('also')
    await instance.at('also')
    t.same(instance.waits(), ['also', 'follow', 'follow', 'follow', 'wait'])
    await instance.send({ kind: 'message', eventName: 'a' })
    t.equal(instance.last.outcome, 'completed')
  }
})

t.test('a timer that repeats fires as often as it says', async (t) => {
  const xml = diagram(
    start +
      receive('wait', 'a') +
      boundary('remind', 'wait', onTimer('Cycle', 'R3/PT10M'), keep) +
      task('note') +
      end +
      '<bpmn:endEvent id="done"/>' +
      flows('start > wait > end', 'remind > note > done'),
    roots,
  )
  const instance = await startInstance(xml)
  t.match(instance.wait('remind'), { timer: { dueAt: minutes(10), remaining: 3 } })
  const first = instance.wait('remind').id
  await instance.at('remind', {}, { now: minutes(12) })
  t.match(instance.wait('remind'), { timer: { dueAt: minutes(20), remaining: 2 } }, 'a late wake-up does not shift the next')
  await t.rejects(instance.send({ kind: 'timer', waitId: first }), { code: 'NOT_WAITING' }, 'a wake-up delivered twice fires once')
  await instance.at('remind', {}, { now: minutes(20) })
  await instance.at('remind', {}, { now: minutes(30) })
  t.same(instance.calls, ['note', 'note', 'note'])
  t.same(instance.waits(), ['wait'])
})

t.test('a duration that does not interrupt fires once', async (t) => {
  const xml = diagram(
    start +
      receive('wait', 'a') +
      boundary('remind', 'wait', onTimer('Duration', 'PT10M'), keep) +
      task('note') +
      end +
      '<bpmn:endEvent id="done"/>' +
      flows('start > wait > end', 'remind > note > done'),
    roots,
  )
  const instance = await startInstance(xml)
  await instance.at('remind')
  t.same(instance.calls, ['note'])
  t.same(instance.waits(), ['wait'])
})

t.test('a boundary event on a sub-process ends everything in it', async (t) => {
  const inner = `<bpmn:subProcess id="sub"><bpmn:startEvent id="in"/><bpmn:parallelGateway id="fork"/>${receive('one', 'a')}${receive('two', 'a')}${flows('in > fork > one', 'fork > two')}</bpmn:subProcess>`
  const xml = diagram(
    start +
      inner +
      boundary('out', 'sub', onMessage('b')) +
      task('after') +
      task('instead') +
      end +
      flows('start > sub > after > end', 'out > instead > end'),
    roots,
  )
  const instance = await startInstance(xml)
  t.same(instance.waits(), ['one', 'out', 'two'])
  await instance.at('out')
  t.same(instance.calls, ['instead'])
  t.equal(instance.last.outcome, 'completed')
})

t.test('errors go to the boundary event with their code, else to the one for all', async (t) => {
  const xml = diagram(
    start +
      task('try', '') +
      boundary('any', 'try', onError()) +
      boundary('e1', 'try', onError('E1')) +
      task('after') +
      task('caught_any') +
      task('caught_e1') +
      end +
      flows('start > try > after > end', 'any > caught_any > end', 'e1 > caught_e1 > end'),
    roots,
  )
  const failing = (code: string) =>
    startInstance(xml, {
      runTask: async ({ elementId }) =>
        elementId === 'try' ? { status: 'error', code, message: 'no' } : { status: 'completed', outputs: {} },
    })
  t.same((await failing('E1')).calls, ['try', 'caught_e1'])
  t.same((await failing('OTHER')).calls, ['try', 'caught_any'])
  t.same((await startInstance(xml)).calls, ['try', 'after'])
})

t.test('an error nobody catches fails the step', async (t) => {
  const xml = diagram(start + task('try') + boundary('e1', 'try', onError('E1')) + end + flows('start > try > end', 'e1 > end'), roots)
  await t.rejects(startInstance(xml, { runTask: async () => ({ status: 'error', code: 'E2', message: 'gone' }) }), {
    code: 'UNCAUGHT_ERROR',
    elementId: 'try',
    bpmnErrorCode: 'E2',
    log: [
      { elementId: 'start' },
      { elementId: 'start' },
      { elementId: 'try', kind: 'entered' },
      { elementId: 'try', kind: 'error', message: 'E2: gone' },
    ],
  })
})

t.test('an error end event leaves its sub-process by the boundary event', async (t) => {
  const inner = `<bpmn:subProcess id="sub"><bpmn:startEvent id="in"/><bpmn:parallelGateway id="fork"/>${receive('other', 'a')}<bpmn:endEvent id="fail">${onError('E1')}</bpmn:endEvent>${flows('in > fork > other', 'fork > fail')}</bpmn:subProcess>`
  const outer = `<bpmn:subProcess id="outer"><bpmn:startEvent id="out_in"/>${inner}${flows('out_in > sub')}</bpmn:subProcess>`
  const caught = `<bpmn:boundaryEvent id="e1" attachedToRef="outer">${zeebe({ outputs: [['code', '=errorCode']] })}${onError('E1')}</bpmn:boundaryEvent>`
  const xml = diagram(start + outer + caught + task('instead') + end + flows('start > outer > end', 'e1 > instead > end'), roots)
  const instance = await startInstance(xml)
  t.same(instance.calls, ['instead'])
  t.equal(instance.last.outcome, 'completed')
  t.same(instance.last.variables, { code: 'E1' })
})

t.test('messages are thrown with the values of their inputs', async (t) => {
  const throwing = (id: string, kind: string, name: string) =>
    `<bpmn:${kind} id="${id}">${zeebe({
      inputs: [
        ['who', '=name'],
        ['from', id],
      ],
    })}${onMessage(name)}</bpmn:${kind}>`
  const send = `<bpmn:sendTask id="send" messageRef="message_a">${zeebe({ inputs: [['who', '=name']] })}</bpmn:sendTask>`
  const xml = diagram(
    start + throwing('mid', 'intermediateThrowEvent', 'a') + send + throwing('stop', 'endEvent', 'b') + flows('start > mid > send > stop'),
    roots,
  )
  const { last } = await startInstance(xml, { variables: { name: 'Ann' } })
  t.same(last.thrown, [
    { eventName: 'a', elementId: 'mid', payload: { who: 'Ann', from: 'mid' } },
    { eventName: 'a', elementId: 'send', payload: { who: 'Ann' } },
    { eventName: 'b', elementId: 'stop', payload: { who: 'Ann', from: 'stop' } },
  ])
})

t.test('a terminate end event ends its scope and nothing around it', async (t) => {
  const inner = `<bpmn:subProcess id="sub"><bpmn:startEvent id="in"/><bpmn:parallelGateway id="fork"/>${receive('other', 'a')}<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>${flows('in > fork > other', 'fork > stop')}</bpmn:subProcess>`
  const xml = diagram(start + inner + task('after') + end + flows('start > sub > after > end'), roots)
  const instance = await startInstance(xml)
  t.same(instance.calls, ['after'])
  const whole = diagram(
    start +
      '<bpmn:parallelGateway id="fork"/>' +
      receive('other', 'a') +
      task('do') +
      '<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>' +
      flows('start > fork > other', 'fork > do > stop'),
    roots,
  )
  t.equal((await startInstance(whole)).last.outcome, 'completed')
})

t.test('a link goes on at its catch event', async (t) => {
  const link = (kind: string, id: string) => `<bpmn:${kind} id="${id}"><bpmn:linkEventDefinition name="there"/></bpmn:${kind}>`
  const xml = diagram(
    start +
      link('intermediateThrowEvent', 'go') +
      link('intermediateCatchEvent', 'come') +
      task('after') +
      end +
      flows('start > go', 'come > after > end'),
  )
  const instance = await startInstance(xml)
  t.same(instance.calls, ['after'])
  t.same(instance.entered, ['start', 'go', 'come', 'after', 'end'])
  t.equal(instance.last.outcome, 'completed')
})

t.test('of several events in one, the first wins', async (t) => {
  const xml = diagram(
    start +
      `<bpmn:intermediateCatchEvent id="either">${onMessage('a')}${onTimer('Duration', 'PT1M')}</bpmn:intermediateCatchEvent>` +
      end +
      flows('start > either > end'),
    roots,
  )
  const instance = await startInstance(xml)
  t.same(
    instance.last.waits.map(({ kind }) => kind),
    ['message', 'timer'],
  )
  await instance.send({ kind: 'timer', waitId: instance.last.waits[1]?.id ?? '' })
  t.equal(instance.last.outcome, 'completed')
})

t.test('an event defined at the root works as if drawn in place', async (t) => {
  const shared = `<bpmn:messageEventDefinition id="shared" messageRef="message_a"/>`
  const xml = diagram(
    start +
      '<bpmn:intermediateCatchEvent id="on_a"><bpmn:eventDefinitionRef>shared</bpmn:eventDefinitionRef></bpmn:intermediateCatchEvent>' +
      end +
      flows('start > on_a > end'),
    roots + shared,
  )
  const instance = await startInstance(xml)
  t.match(instance.wait('on_a'), { kind: 'message', eventName: 'a' })
})

t.test('a message name may be FEEL', async (t) => {
  const xml = diagram(
    start + '<bpmn:receiveTask id="wait" messageRef="dynamic"/>' + end + flows('start > wait > end'),
    '<bpmn:message id="dynamic" name="=&quot;order.&quot; + kind"/>',
  )
  t.match((await startInstance(xml, { variables: { kind: 'paid' } })).wait('wait'), { eventName: 'order.paid' })
  await t.rejects(startInstance(xml), { code: 'EXPRESSION_FAILED', elementId: 'wait' })
})
