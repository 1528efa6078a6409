import t from 'tap'
import { createInlineEngine, type Scope } from '../../../src/engine/index.ts'
import { timerReads } from '../../../src/engine/timer.ts'
import { diagram, end, flows, message, onTimer, receive, start, startInstance, t0, task, type Variables, zeebe } from './support.ts'

const engine = createInlineEngine()
const chat = { number: 7, timeoutAt: new Date('2026-03-02T10:00:00.000Z'), acceptedAt: null, queue: { minutes: 30 }, tags: ['vip'] }
const scope: Scope = { chat, event: { text: 'hi' }, agent: { name: 'Ann' }, now: t0 }
const evaluate = (expression: string, variables: Variables = {}) => engine.evaluate(expression, scope, variables)
const minutes = (count: number) => new Date(t0.getTime() + count * 60_000)

t.test('the roots and the variables of the instance', async (t) => {
  t.equal(await evaluate('=chat.number + n', { n: 1 }), 8)
  t.equal(await evaluate('event.text', {}), 'hi', 'with or without "="')
  t.equal(await evaluate('agent.name'), 'Ann')
  t.equal(await evaluate('list contains(chat.tags, "vip")'), true)
  t.equal(await evaluate('missing'), null)
  t.equal(await evaluate('chat.number', { chat: { number: 'forged' }, now: 1 }), 7, 'variables cannot hide a root')
  t.equal(await evaluate('first name', { 'first name': 'Bea' }), 'Bea', 'names may have spaces')
  t.same(await evaluate('get entries(chat)[key = "number"].value'), [7], 'the chat as a whole')
})

t.test('times', async (t) => {
  t.same(await evaluate('now()'), t0)
  t.equal(await evaluate('today()'), '2026-03-02')
  t.equal(await evaluate('chat.timeoutAt > now()'), true)
  t.same(await evaluate('chat.timeoutAt + duration("PT5M")'), minutes(65))
  t.equal(await evaluate('duration("PT90M")'), 'PT1H30M')
  t.equal(await evaluate('chat.timeoutAt - now()'), 'PT1H')
  t.equal(await evaluate('date(chat.timeoutAt)'), '2026-03-02')
  t.equal(await evaluate('chat.timeoutAt.hour'), 10)
  t.same(await evaluate('@"2026-03-02T10:00:00@Europe/Berlin"'), minutes(0), 'a zoned time is an instant')
  t.same(await evaluate('{at: now(), list: [now()]}'), { at: t0, list: [t0] })
})

t.test('what does not work says so', async (t) => {
  for (const expression of ['1 +', '', '=', 'nosuch(1)', 'if', 'function(x) x']) {
    await t.rejects(evaluate(expression), { code: 'EXPRESSION_FAILED' }, expression)
  }
})

t.test('a name in a value is data, whatever it is called', async (t) => {
  const forged = JSON.parse('{"__proto__": {"admin": true}, "constructor": "c"}') as Variables
  t.equal(await evaluate('x.admin', { x: forged }), null)
  t.equal(await evaluate('admin', forged), null)
  t.equal(await evaluate('x.constructor', { x: forged }), 'c')
  t.equal(await evaluate('x.toString', { x: {} }), null)
  t.equal(({} as Record<string, unknown>).admin, undefined)
})

t.test('due times', async (t) => {
  const due = (kind: 'date' | 'duration' | 'cycle', expression: string) => engine.dueAt({ kind, expression }, scope, { n: 5 })
  t.same(await due('date', '=chat.timeoutAt'), chat.timeoutAt)
  t.same(await due('duration', '=chat.timeoutAt'), chat.timeoutAt, 'a date-time is the due time whatever was drawn')
  t.same(await due('cycle', '=chat.timeoutAt'), chat.timeoutAt)
  t.equal(await due('date', '=chat.acceptedAt'), null, 'null switches the timer off')
  t.equal(await due('duration', '=chat.acceptedAt'), null)
  t.same(await due('duration', 'PT15M'), minutes(15))
  t.same(await due('duration', '=duration("PT1H")'), minutes(60))
  t.same(await due('duration', '="PT" + string(n) + "M"'), minutes(5))
  t.same(await due('duration', 'P1M'), new Date('2026-04-02T09:00:00.000Z'), 'a month is a calendar month')
  t.same(await due('date', '2026-03-02T12:00:00+01:00'), new Date('2026-03-02T11:00:00.000Z'))
  t.same(await due('date', '2026-03-03'), new Date('2026-03-03T00:00:00.000Z'))
  t.same(await due('date', '=date(now())'), new Date('2026-03-02T00:00:00.000Z'))
  t.same(await due('cycle', 'R3/PT10M'), minutes(10))
  t.same(await due('cycle', 'R/2026-03-02T08:55:00Z/PT10M'), minutes(5), 'a start in the past is counted on from')
  t.same(await due('cycle', 'R/2026-03-02T10:00:00Z/PT10M'), minutes(60))
  for (const [kind, expression] of [
    ['date', 'tomorrow'],
    ['duration', 'soon'],
    ['duration', '=5'],
    ['cycle', 'R3'],
    ['cycle', 'R/PT0S'],
    ['date', 'PT5M'],
    ['date', '=true'],
  ] as const) {
    await t.rejects(due(kind, expression), { code: 'EXPRESSION_FAILED' }, expression)
  }
})

t.test('the fields of the chat a timer reads', (t) => {
  t.same(timerReads('=chat.timeoutAt'), ['timeoutAt'])
  t.same(timerReads('=chat.acceptedAt + duration("PT" + string(chat.queue.minutes) + "M")'), ['acceptedAt', 'queue.minutes'])
  t.same(timerReads('=other.chat.x'), [])
  t.same(timerReads('=get value(chat, "x")'), ['*'])
  t.same(timerReads('chat.timeoutAt'), [], 'literal text reads nothing')
  t.end()
})

t.test('a waiting timer follows the chat', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="timeout" attachedToRef="wait">${onTimer('Date', '=chat.timeoutAt')}</bpmn:boundaryEvent>`
  const relative = `<bpmn:boundaryEvent id="later" attachedToRef="wait" cancelActivity="false">${onTimer('Duration', '=duration("PT" + string(chat.minutes) + "M")')}</bpmn:boundaryEvent>`
  const xml = diagram(
    `${start}${receive('wait', 'a')}${boundary}${relative}<bpmn:boundaryEvent id="note" attachedToRef="wait" cancelActivity="false"><bpmn:messageEventDefinition messageRef="message_b"/></bpmn:boundaryEvent>${task('do')}${end}${flows('start > wait > end', 'timeout > end', 'note > do', 'later > do')}`,
    message('a') + message('b'),
  )
  const instance = await startInstance(xml, { scope: { chat: { timeoutAt: null, minutes: 10 } } })
  const { id } = instance.wait('timeout')
  t.match(instance.wait('timeout'), { timer: { dueAt: null, reads: ['timeoutAt'] } })
  await instance.at('note', {}, { chat: { timeoutAt: minutes(90), minutes: 20 }, now: minutes(5) })
  t.match(instance.wait('timeout'), { id, timer: { dueAt: minutes(90) } })
  t.match(instance.wait('later'), { timer: { dueAt: minutes(20) } }, 'a duration still counts from when the activity was entered')
  await instance.at('timeout', {}, { chat: { timeoutAt: null, minutes: 20 } })
  t.equal(instance.last.outcome, 'completed')
})

t.test('an expression that fails names its element', async (t) => {
  const broken = (id: string, element: string) =>
    t.rejects(
      startInstance(diagram(`${start}${element}${end}${flows(`start > ${id} > end`)}`, message('a'))),
      { code: 'EXPRESSION_FAILED', elementId: id },
      element,
    )
  await broken('do', `<bpmn:serviceTask id="do">${zeebe({ type: 'x', inputs: [['a', '=nosuch(1)']] })}</bpmn:serviceTask>`)
  await broken('do', `<bpmn:serviceTask id="do">${zeebe({ type: 'x', outputs: [['a', '=1 +']] })}</bpmn:serviceTask>`)
  await broken(
    'do',
    '<bpmn:serviceTask id="do"><bpmn:extensionElements><zeebe:taskDefinition type="x" retries="=&quot;many&quot;"/></bpmn:extensionElements></bpmn:serviceTask>',
  )
  await broken(
    'script',
    `<bpmn:scriptTask id="script">${zeebe({ more: '<zeebe:script expression="=1 +" resultVariable="x"/>' })}</bpmn:scriptTask>`,
  )
  await broken('time', `<bpmn:intermediateCatchEvent id="time">${onTimer('Duration', '=5')}</bpmn:intermediateCatchEvent>`)
})
