import t from 'tap'
import type { TaskCall } from '../../../src/engine/index.ts'
import { diagram, end, flows, message, onMessage, receive, start, startInstance, t0, task, zeebe } from './support.ts'

const roots = message('a') + message('b')
const one = (element: string, id: string, more = '') => diagram(start + element + end + flows(`start > ${id} > end`) + more, roots)

t.test('a service task gets its inputs, headers, retries and an id that stays', async (t) => {
  const calls: TaskCall[] = []
  const more = '<zeebe:taskHeaders><zeebe:header key="tone" value="kind"/></zeebe:taskHeaders>'
  const extension = `<bpmn:extensionElements><zeebe:taskDefinition type="chat.note" retries="=1 + 1"/>${more}<zeebe:ioMapping><zeebe:input source="=chat.number + 1" target="number"/><zeebe:input source="literal" target="text"/><zeebe:input source="=text" target="nested.copy"/></zeebe:ioMapping></bpmn:extensionElements>`
  const xml = one(`<bpmn:serviceTask id="do" name="Do it">${extension}</bpmn:serviceTask>`, 'do')
  const options = {
    scope: { chat: { number: 4 } },
    runTask: async (call: TaskCall) => {
      calls.push(call)
      return { status: 'completed' as const, outputs: {} }
    },
  }
  const { last } = await startInstance(xml, options)
  await startInstance(xml, options)
  t.match(calls[0], {
    taskType: 'chat.note',
    elementId: 'do',
    elementName: 'Do it',
    inputs: { number: 5, text: 'literal', nested: { copy: 'literal' } },
    headers: { tone: 'kind' },
    retries: 2,
  })
  t.equal(calls[0]?.executionId, calls[1]?.executionId, 'every attempt at the same step has the same id')
  t.same(last.variables, {}, "inputs are the task's own")
  t.match(
    last.log.find(({ elementId, kind }) => elementId === 'do' && kind === 'entered'),
    { inputs: { number: 5 } },
  )
})

t.test('without output mappings all outputs become variables, with them only what they say', async (t) => {
  const runTask = async () => ({ status: 'completed' as const, outputs: { caseId: 'c1', at: t0, list: [1] } })
  const plain = await startInstance(one(task('do'), 'do'), { runTask, variables: { kept: true } })
  t.same(plain.last.variables, { kept: true, caseId: 'c1', at: t0, list: [1] })
  const mapped = `<bpmn:serviceTask id="do">${zeebe({
    type: 'x',
    inputs: [['prefix', 'No. ']],
    outputs: [
      ['case.label', '=prefix + caseId'],
      ['copy', '=case.label'],
    ],
  })}</bpmn:serviceTask>`
  const chosen = await startInstance(one(mapped, 'do'), { runTask, variables: { case: { open: true } } })
  t.same(chosen.last.variables, { case: { open: true, label: 'No. c1' }, copy: 'No. c1' })
})

t.test('a chat that a task changed is what later expressions see', async (t) => {
  const xml = diagram(
    `${start}${task('change')}<bpmn:scriptTask id="read">${zeebe({ more: '<zeebe:script expression="=chat.status" resultVariable="status"/>' })}</bpmn:scriptTask>${end}${flows('start > change > read > end')}`,
  )
  const { last } = await startInstance(xml, {
    scope: { chat: { status: 'waiting' } },
    runTask: async () => ({ status: 'completed', outputs: {}, chat: { status: 'in_progress' } }),
  })
  t.same(last.variables, { status: 'in_progress' })
})

t.test('a remote task parks, is not called again, and goes on when it is done', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="failed" attachedToRef="call">${zeebe({ outputs: [['why', '=errorCode']] })}<bpmn:errorEventDefinition errorRef="error_NO"/></bpmn:boundaryEvent>`
  const call = `<bpmn:serviceTask id="call">${zeebe({ type: 'http.request', inputs: [['url', '=base + "/x"']], outputs: [['answer', '=body']] })}</bpmn:serviceTask>`
  const xml = diagram(
    `${start}<bpmn:parallelGateway id="fork"/>${call}${boundary}${receive('wait', 'a')}${end}<bpmn:endEvent id="bad"/>${flows('start > fork > call > end', 'fork > wait > end', 'failed > bad')}`,
    `${roots}<bpmn:error id="error_NO" errorCode="NO"/>`,
  )
  const options = { variables: { base: 'http://h' }, runTask: async () => ({ status: 'parked' as const }) }
  const done = await startInstance(xml, options)
  t.match(done.wait('call'), { kind: 'task', taskType: 'http.request', inputs: { url: 'http://h/x' }, retries: 3, headers: {} })
  const { id } = done.wait('call')
  await done.at('wait')
  t.equal(done.wait('call').id, id)
  t.same(done.calls, ['call'], 'recovering does not call it again')
  await done.at('call', { outputs: { body: 'hello', status: 200 } })
  t.same(done.last.variables, { base: 'http://h', answer: 'hello' })
  t.equal(done.last.outcome, 'completed')

  const failed = await startInstance(xml, options)
  await failed.at('call', { code: 'NO' })
  t.same(failed.last.variables, { base: 'http://h', why: 'NO' })
  const uncaught = await startInstance(xml, options)
  await t.rejects(uncaught.at('call', { code: 'OTHER' }), { code: 'UNCAUGHT_ERROR', bpmnErrorCode: 'OTHER', elementId: 'call' })
})

t.test('a runner that rejects fails the whole step', async (t) => {
  const cause = new Error('database is gone')
  const xml = diagram(start + task('one') + task('two') + end + flows('start > one > two > end'))
  await t.rejects(
    startInstance(xml, {
      runTask: async ({ elementId }) => (elementId === 'two' ? Promise.reject(cause) : { status: 'completed', outputs: {} }),
    }),
    {
      code: 'TASK_FAILED',
      elementId: 'two',
      cause,
    },
  )
})

t.test('a user task waits for its form', async (t) => {
  const form = `<bpmn:userTask id="ask" name="Ask">${zeebe({ inputs: [['phone', '=chat.phone']], more: '<zeebe:formDefinition formId="callback"/>' })}</bpmn:userTask>`
  const instance = await startInstance(one(form, 'ask'), { scope: { chat: { phone: '+1' } } })
  t.match(instance.wait('ask'), { kind: 'form', formId: 'callback', inputs: { phone: '+1' }, elementName: 'Ask' })
  await instance.at('ask', { variables: { when: t0, note: 'call' } })
  t.same(instance.last.variables, { when: t0, note: 'call' })

  const mapped = form.replace('</zeebe:ioMapping>', '<zeebe:output source="=note" target="summary"/></zeebe:ioMapping>')
  const chosen = await startInstance(one(mapped, 'ask'), { scope: { chat: { phone: '+1' } } })
  await chosen.at('ask', { variables: { when: t0, note: 'call' } })
  t.same(chosen.last.variables, { summary: 'call' })
})

t.test('a receive task maps what its message brings', async (t) => {
  const wait = `<bpmn:receiveTask id="wait" messageRef="message_a">${zeebe({
    outputs: [
      ['said', '=event.text'],
      ['also', '=text'],
    ],
  })}</bpmn:receiveTask>`
  const instance = await startInstance(one(wait, 'wait'))
  await instance.at('wait', {}, { event: { text: 'hello' } })
  t.same(instance.last.variables, { said: 'hello', also: 'hello' })
  const plain = await startInstance(one(receive('wait', 'a'), 'wait'))
  await plain.at('wait', {}, { event: { text: 'hello' } })
  t.same(plain.last.variables, {}, 'without mappings an event writes nothing')
})

t.test('a start event maps what its message brings', async (t) => {
  const xml = diagram(
    `<bpmn:startEvent id="start">${zeebe({ outputs: [['from', '=event.sender']] })}${onMessage('a')}</bpmn:startEvent>${end}${flows('start > end')}`,
    roots,
  )
  const { last } = await startInstance(xml, { delivery: { kind: 'start', elementId: 'start' }, scope: { event: { sender: 'Ann' } } })
  t.same(last.variables, { from: 'Ann' })
})

t.test('a script task is FEEL; its value may be mapped', async (t) => {
  const script = (more: [string, string][] = []) =>
    one(
      `<bpmn:scriptTask id="sum">${zeebe({ inputs: [['n', '=2']], outputs: more, more: '<zeebe:script expression="=n * 21" resultVariable="answer"/>' }).replace('<zeebe:ioMapping>', '<zeebe:ioMapping>')}</bpmn:scriptTask>`,
      'sum',
    )
  t.same((await startInstance(script([['total', '=answer']]))).last.variables, { total: 42 })
  const plain = one(
    `<bpmn:scriptTask id="sum">${zeebe({ more: '<zeebe:script expression="=now()" resultVariable="at"/>' })}</bpmn:scriptTask>`,
    'sum',
  )
  t.same((await startInstance(plain)).last.variables, { at: t0 })
})

t.test('a send task bound to a task type is done by the host', async (t) => {
  const instance = await startInstance(one(`<bpmn:sendTask id="send">${zeebe({ type: 'message.send' })}</bpmn:sendTask>`, 'send'))
  t.same(instance.calls, ['send'])
  t.same(instance.last.thrown, [])
})

t.test('a task without a kind passes', async (t) => {
  t.same((await startInstance(one('<bpmn:task id="plain"/>', 'plain'))).entered, ['start', 'plain', 'end'])
  t.same((await startInstance(one('<bpmn:manualTask id="hand"/>', 'hand'))).entered, ['start', 'hand', 'end'])
})

t.test('the log tells only what was executed', async (t) => {
  const xml = diagram(start + task('do') + receive('wait', 'a') + task('never') + end + flows('start > do > wait > never > end'), roots)
  const { last } = await startInstance(xml, { runTask: async () => ({ status: 'completed', outputs: { x: 1 } }) })
  t.same(
    last.log.map(({ elementId, kind, outputs }) => [elementId, kind, outputs]),
    [
      ['start', 'entered', undefined],
      ['start', 'left', undefined],
      ['do', 'entered', undefined],
      ['do', 'left', { x: 1 }],
      ['wait', 'entered', undefined],
      ['wait', 'waiting', undefined],
    ],
  )
  t.equal(last.executions, 3)
})
