import t from 'tap'
import { diagram, end, flowIf, flows, message, onMessage, onTimer, receive, start, startInstance, task } from './support.ts'

const messages = message('a') + message('b') + message('c')
const gateway = (kind: string, id: string, extra = '') => `<bpmn:${kind}Gateway id="${id}" name="${id}" ${extra}/>`

t.test('an exclusive gateway takes the first condition that holds', async (t) => {
  const xml = diagram(
    start +
      gateway('exclusive', 'x', 'default="x_other"') +
      task('one') +
      task('two') +
      task('other') +
      end +
      flows('start > x', 'x > other > end', 'one > end', 'two > end') +
      flowIf('x', 'one', '=n &gt; 1') +
      flowIf('x', 'two', '=n &gt; 0'),
  )
  t.same((await startInstance(xml, { variables: { n: 5 } })).calls, ['one'])
  t.same((await startInstance(xml, { variables: { n: 1 } })).calls, ['two'])
  t.same((await startInstance(xml, { variables: { n: 0 } })).calls, ['other'])
  t.same((await startInstance(xml, {})).calls, ['other'], 'a condition that yields null counts as false')
})

t.test('a gateway without a way out fails at the gateway', async (t) => {
  const xml = diagram(start + gateway('exclusive', 'x') + end + flows('start > x') + flowIf('x', 'end', '=false'))
  await t.rejects(startInstance(xml), { code: 'EXPRESSION_FAILED', elementId: 'x' })
  const text = diagram(start + gateway('exclusive', 'x') + end + flows('start > x') + flowIf('x', 'end', '="yes"'))
  await t.rejects(startInstance(text), { code: 'EXPRESSION_FAILED', elementId: 'x' }, 'a condition must be true or false')
})

t.test('a parallel gateway takes every path and joins them', async (t) => {
  const xml = diagram(
    start +
      gateway('parallel', 'fork') +
      receive('ra', 'a') +
      receive('rb', 'b') +
      gateway('parallel', 'join') +
      task('after') +
      end +
      flows('start > fork > ra > join', 'fork > rb > join > after > end'),
    messages,
  )
  const instance = await startInstance(xml)
  t.same(instance.waits(), ['ra', 'rb'])
  await instance.at('ra')
  t.same(instance.calls, [])
  t.same(instance.waits(), ['rb'])
  await instance.at('rb')
  t.same(instance.calls, ['after'])
  t.equal(instance.last.outcome, 'completed')
})

t.test('a parallel join does not count a skipped branch', async (t) => {
  const xml = diagram(
    start +
      gateway('parallel', 'fork') +
      receive('ra', 'a') +
      gateway('exclusive', 'x', 'default="x_done"') +
      gateway('parallel', 'join') +
      task('after') +
      '<bpmn:endEvent id="done"/>' +
      end +
      flows('start > fork > ra > join', 'fork > x > done', 'join > after > end') +
      flowIf('x', 'join', '=false'),
    messages,
  )
  const instance = await startInstance(xml)
  await t.rejects(instance.at('ra'), { code: 'ENGINE_FAILED', elementId: 'join' }, 'the token that cannot come is reported')
  t.same(instance.calls, [], 'and the join does not go on')
})

t.test('two tokens on one flow are two executions', async (t) => {
  const xml = diagram(
    start +
      gateway('parallel', 'fork') +
      gateway('exclusive', 'merge') +
      receive('wait', 'a') +
      task('after') +
      end +
      flows('start > fork > merge > wait > after > end') +
      '<bpmn:sequenceFlow id="second" sourceRef="fork" targetRef="merge"/>',
    messages,
  )
  const instance = await startInstance(xml)
  t.same(instance.waits(), ['wait', 'wait'], 'both wait at the same time')
  const [first, second] = instance.last.waits
  await instance.send({ kind: 'message', eventName: 'a', waitId: first?.id ?? '' })
  t.same(
    instance.last.waits.map(({ id }) => id),
    [second?.id],
  )
  await instance.send({ kind: 'message', eventName: 'a' })
  t.same(instance.calls, ['after', 'after'])
  t.equal(instance.last.outcome, 'completed')
})

const inclusive = diagram(
  start +
    gateway('inclusive', 'split', 'default="split_none"') +
    receive('ra', 'a') +
    receive('rb', 'b') +
    task('none') +
    gateway('inclusive', 'join') +
    task('after') +
    end +
    flows('start > split', 'ra > join', 'rb > join', 'split > none > join', 'join > after > end') +
    flowIf('split', 'ra', '=a') +
    flowIf('split', 'rb', '=b'),
  messages,
)

t.test('an inclusive gateway takes every condition that holds, and its join waits for those only', async (t) => {
  const both = await startInstance(inclusive, { variables: { a: true, b: true } })
  t.same(both.waits(), ['ra', 'rb'])
  await both.at('ra')
  t.same(both.calls, [])
  await both.at('rb')
  t.same(both.calls, ['after'], 'once')

  const one = await startInstance(inclusive, { variables: { a: true, b: false } })
  await one.at('ra')
  t.same(one.calls, ['after'])
  t.equal(one.last.outcome, 'completed')

  const none = await startInstance(inclusive, { variables: { a: false, b: false } })
  t.same(none.calls, ['none', 'after'])
})

t.test('an inclusive join waits for a token that is still far away, also through a boundary event', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="late" attachedToRef="first">${onTimer('Duration', 'PT1H')}</bpmn:boundaryEvent>`
  const xml = diagram(
    start +
      gateway('parallel', 'fork') +
      receive('first', 'a') +
      boundary +
      receive('second', 'b') +
      gateway('inclusive', 'join') +
      task('after') +
      '<bpmn:endEvent id="elsewhere"/>' +
      end +
      task('quick') +
      flows('start > fork > first > second > elsewhere', 'fork > quick > join > after > end', 'late > join'),
    messages,
  )
  const instance = await startInstance(xml)
  t.same(instance.calls, ['quick'], 'the boundary event may still bring a token')
  await instance.at('first')
  t.same(instance.calls, ['quick', 'after'], 'now none can come')
})

t.test('an event-based gateway follows the event that comes first', async (t) => {
  const xml = diagram(
    start +
      gateway('eventBased', 'race') +
      `<bpmn:intermediateCatchEvent id="on_a">${onMessage('a')}</bpmn:intermediateCatchEvent>` +
      `<bpmn:intermediateCatchEvent id="on_time">${onTimer('Duration', 'PT5M')}</bpmn:intermediateCatchEvent>` +
      receive('on_b', 'b') +
      task('a_came') +
      task('time_came') +
      task('b_came') +
      end +
      flows('start > race > on_a > a_came > end', 'race > on_time > time_came > end', 'race > on_b > b_came > end'),
    messages,
  )
  for (const [event, expected] of [
    ['on_a', 'a_came'],
    ['on_time', 'time_came'],
    ['on_b', 'b_came'],
  ] as const) {
    const instance = await startInstance(xml)
    t.same(instance.waits(), ['on_a', 'on_b', 'on_time'])
    await instance.at(event)
    t.same(instance.calls, [expected])
    t.same(instance.entered, [event, expected, 'end'])
    t.equal(instance.last.outcome, 'completed')
  }
})

t.test('a loop through an event-based gateway waits anew each time', async (t) => {
  const xml = diagram(
    start +
      gateway('exclusive', 'again') +
      gateway('eventBased', 'race') +
      `<bpmn:intermediateCatchEvent id="on_a">${onMessage('a')}</bpmn:intermediateCatchEvent>` +
      `<bpmn:intermediateCatchEvent id="on_b">${onMessage('b')}</bpmn:intermediateCatchEvent>` +
      end +
      flows('start > again > race > on_a > again', 'race > on_b > end'),
    messages,
  )
  const instance = await startInstance(xml)
  for (let round = 0; round < 3; round += 1) {
    await instance.at('on_a')
    t.same(instance.waits(), ['on_a', 'on_b'])
  }
  await instance.at('on_b')
  t.equal(instance.last.outcome, 'completed')
})

t.test('conditional flows after a task, with its default', async (t) => {
  const xml = diagram(
    start +
      '<bpmn:task id="choose" default="choose_other"/>' +
      task('one') +
      task('two') +
      task('other') +
      end +
      flows('start > choose', 'choose > other > end', 'one > end', 'two > end') +
      flowIf('choose', 'one', '=n &gt; 0') +
      flowIf('choose', 'two', '=n &gt; 1'),
  )
  t.same((await startInstance(xml, { variables: { n: 2 } })).calls, ['one', 'two'])
  t.same((await startInstance(xml, { variables: { n: 0 } })).calls, ['other'])
})
