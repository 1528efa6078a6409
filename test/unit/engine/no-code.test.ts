import t from 'tap'
import { diagram, end, flowIf, flows, message, onMessage, receive, start, startInstance, t0, zeebe } from './support.ts'

/** Set by any code of a diagram or of a customer that would run. */
const marker = globalThis as { escaped?: boolean }
t.afterEach(() => {
  t.equal(marker.escaped, undefined, 'nothing ran')
  delete marker.escaped
})

const payload = 'this.constructor.constructor(&quot;globalThis.escaped = true&quot;)()'

t.test('an implementation attribute is never read', async (t) => {
  const expression = `\${environment.services.constructor.constructor(globalThis.escaped = true)}`
  const unbound = `<bpmn:serviceTask id="do" implementation="${expression}"/>`
  await t.rejects(startInstance(diagram(`${start}${unbound}${end}${flows('start > do > end')}`)), {
    code: 'ENGINE_FAILED',
    elementId: 'do',
  })
  const bound = `<bpmn:serviceTask id="do" implementation="${expression}">${zeebe({ type: 'chat.note' })}</bpmn:serviceTask>`
  const { calls } = await startInstance(diagram(`${start}${bound}${end}${flows('start > do > end')}`))
  t.same(calls, ['do'], 'only the task type counts')
})

t.test('scripts in JavaScript do not run', async (t) => {
  const script =
    '<bpmn:scriptTask id="do" scriptFormat="javascript"><bpmn:script>globalThis.escaped = true; next()</bpmn:script></bpmn:scriptTask>'
  await t.rejects(startInstance(diagram(`${start}${script}${end}${flows('start > do > end')}`)), { code: 'ENGINE_FAILED', elementId: 'do' })
  const condition = `<bpmn:sequenceFlow id="x_end" sourceRef="x" targetRef="end"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression" language="javascript">globalThis.escaped = true; next(null, true)</bpmn:conditionExpression></bpmn:sequenceFlow>`
  await t.rejects(startInstance(diagram(`${start}<bpmn:exclusiveGateway id="x"/>${end}${flows('start > x')}${condition}`)), {
    code: 'EXPRESSION_FAILED',
  })
})

t.test('expressions of other engines are text', async (t) => {
  const input = `<bpmn:serviceTask id="do">${zeebe({ type: 'x', inputs: [['text', `\${${payload}}`]] })}</bpmn:serviceTask>`
  const { last } = await startInstance(diagram(`${start}${input}${end}${flows('start > do > end')}`), {
    runTask: async ({ inputs }) => ({ status: 'completed', outputs: inputs }),
  })
  t.match(last.variables.text, /^\$\{/)
  await t.rejects(
    startInstance(diagram(`${start}<bpmn:exclusiveGateway id="x"/>${end}${flows('start > x')}${flowIf('x', 'end', `\${true}`)}`)),
    { code: 'EXPRESSION_FAILED' },
  )
})

t.test('FEEL reaches no JavaScript', async (t) => {
  for (const source of [
    'now.constructor',
    '"".constructor',
    'x.__proto__',
    'x.constructor.constructor("globalThis.escaped = true")()',
    'count.constructor',
  ]) {
    const script = `<bpmn:scriptTask id="do">${zeebe({ more: `<zeebe:script expression="=${source.replaceAll('"', '&quot;')}" resultVariable="got"/>` })}</bpmn:scriptTask>`
    const outcome = await startInstance(diagram(`${start}${script}${end}${flows('start > do > end')}`), { variables: { x: {} } }).then(
      ({ last }) => last.variables.got,
      ({ code }: { code: string }) => code,
    )
    t.ok(outcome === null || outcome === 'EXPRESSION_FAILED', `${source}: ${String(outcome)}`)
  }
})

t.test('what customers write is never evaluated', async (t) => {
  const hostile = [`\${environment.variables}`, `\${${payload}}`, '=1 + 1', '{{chat.number}}', '"; =now()', '="x"', `\${\${a}}`]
  for (const text of hostile) {
    const capture = `<bpmn:receiveTask id="wait" messageRef="message_a">${zeebe({
      outputs: [
        ['said', '=event.text'],
        ['all', '=event'],
      ],
    })}</bpmn:receiveTask>`
    const use = `<bpmn:serviceTask id="use">${zeebe({
      type: 'x',
      inputs: [
        ['text', '=said'],
        ['joined', '="<" + said + ">"'],
        ['given', '=input'],
      ],
    })}</bpmn:serviceTask>`
    const throwing = `<bpmn:endEvent id="end">${zeebe({ inputs: [['text', '=said']] })}${onMessage('b')}</bpmn:endEvent>`
    const xml = diagram(
      `${start}${capture}${receive('again', 'a')}${use}${throwing}${flows('start > wait > again > use > end')}`,
      message('a') + message('b'),
    )
    const seen: unknown[] = []
    const instance = await startInstance(xml, {
      variables: { input: text, [text]: text },
      scope: { chat: { number: 7, contact: { name: text } } },
      runTask: async ({ inputs }) => {
        seen.push(inputs)
        return { status: 'completed', outputs: { answer: text } }
      },
    })
    await instance.at('wait', {}, { event: { text } })
    await instance.at('again', {}, { event: { text } })
    t.same(seen, [{ text, joined: `<${text}>`, given: text }])
    t.same(instance.last.variables, { input: text, [text]: text, said: text, all: { text }, answer: text })
    t.same(instance.last.thrown, [{ eventName: 'b', elementId: 'end', payload: { text } }])
  }
})

t.test('text that looks like a saved date stays text', async (t) => {
  const loop = `<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>`
  const ask = `<bpmn:userTask id="ask">${zeebe({ inputs: [['given', '=item']] })}${loop}</bpmn:userTask>`
  const items = [{ $date: '2026-01-01T00:00:00.000Z' }, { $literal: { $date: 'x' } }, t0, { nested: [t0] }]
  const instance = await startInstance(
    diagram(
      `${start}${receive('wait', 'a')}${ask}${end}<bpmn:parallelGateway id="fork"/>${flows('start > fork > wait > end', 'fork > ask > end')}`,
      message('a'),
    ),
    { variables: { items } },
  )
  await instance.at('wait')
  t.same(
    instance.last.waits.map((wait) => wait.kind === 'form' && wait.inputs.given),
    items,
    'types survive the saved state',
  )
})
