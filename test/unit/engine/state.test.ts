import t from 'tap'
import { compileUnchecked } from '../../../src/engine/compile.ts'
import { createInlineEngine } from '../../../src/engine/index.ts'
import { diagram, end, flows, message, onMessage, receive, resumeInstance, start, startInstance, t0, task } from './support.ts'

const roots = message('a')
const waiting = (id: string) => diagram(`${start}${receive(id, 'a')}${task('after')}${end}${flows(`start > ${id} > after > end`)}`, roots)

t.test("variables are the host's; the state holds neither them nor the chat", async (t) => {
  const instance = await startInstance(waiting('wait'), {
    variables: { secret: 'variable-text', at: t0 },
    scope: { chat: { name: 'chat-text' }, event: { text: 'event-text' } },
  })
  const state = instance.last.state ?? ''
  for (const text of ['variable-text', 'chat-text', 'event-text']) t.notOk(state.includes(text), text)
  t.same(instance.last.variables, { secret: 'variable-text', at: t0 })
  t.ok(state.length < 4_000, `${state.length} characters`)
})

t.test('what the host changes in the variables counts', async (t) => {
  const definition = await compileUnchecked(waiting('wait'))
  const first = await resumeInstance(definition, null, { variables: { n: 1 } })
  const engine = createInlineEngine()
  const request = {
    definition: { checksum: 'x', context: definition.context, key: definition.key },
    instanceId: 'i1',
    scope: { chat: null, event: null, agent: null, now: t0 },
  }
  const result = await engine.step(
    { ...request, state: first.last.state, variables: { n: 2, added: true }, delivery: { kind: 'message', eventName: 'a' } },
    async () => ({ status: 'completed', outputs: {} }),
  )
  t.same(result.variables, { n: 2, added: true })
})

t.test('a state moves to another version that has the elements it stands on', async (t) => {
  const first = await startInstance(waiting('wait'))
  const newer = await compileUnchecked(
    waiting('wait')
      .replace('id="definitions"', 'id="other"')
      .replaceAll('"after"', '"renamed"')
      .replaceAll('wait_after', 'wait_renamed')
      .replaceAll('after_end', 'renamed_end'),
  )
  const engine = createInlineEngine()
  const request = {
    definition: { checksum: 'y', context: newer.context, key: newer.key },
    instanceId: 'i1',
    variables: {},
    scope: { chat: null, event: null, agent: null, now: t0 },
  }
  const called: string[] = []
  const result = await engine.step(
    { ...request, state: first.last.state, delivery: { kind: 'message', eventName: 'a' } },
    async ({ elementId }) => {
      called.push(elementId)
      return { status: 'completed', outputs: {} }
    },
  )
  t.equal(result.outcome, 'completed')
  t.same(called, ['renamed'])

  const without = await compileUnchecked(waiting('elsewhere'))
  const bad = {
    ...request,
    definition: { checksum: 'z', context: without.context, key: without.key },
    delivery: { kind: 'message', eventName: 'a' } as const,
  }
  await t.rejects(
    engine.step({ ...bad, state: first.last.state }, async () => ({ status: 'parked' })),
    { code: 'STATE_INVALID' },
  )
  for (const state of ['', 'null', '{}', '{"version":1}', '{"version":99,"definition":{}}']) {
    await t.rejects(
      engine.step({ ...bad, state }, async () => ({ status: 'parked' })),
      { code: 'STATE_INVALID' },
      state,
    )
  }
})

t.test('the same step attempted again gives the same ids', async (t) => {
  const definition = await compileUnchecked(
    diagram(`${start}${receive('wait', 'a')}${task('do')}${receive('next', 'a')}${end}${flows('start > wait > do > next > end')}`, roots),
  )
  const { last } = await resumeInstance(definition, null)
  const attempt = async () => {
    const ids: string[] = []
    const again = createInlineEngine()
    const result = await again.step(
      {
        definition: { checksum: 'x', context: definition.context, key: definition.key },
        instanceId: 'i1',
        state: last.state,
        variables: {},
        delivery: { kind: 'message', eventName: 'a' },
        scope: { chat: null, event: null, agent: null, now: t0 },
      },
      async ({ executionId }) => {
        ids.push(executionId)
        return { status: 'completed', outputs: {} }
      },
    )
    return [...ids, ...result.waits.map(({ id }) => id)]
  }
  const [first, second] = [await attempt(), await attempt()]
  t.same(first, second)
  t.equal(new Set(first).size, first.length)
})

t.test('a definition tells what the host needs to know of it', async (t) => {
  const xml = diagram(
    `<bpmn:startEvent id="begin" name="Begin">${onMessage('a')}</bpmn:startEvent><bpmn:subProcess id="sub"><bpmn:startEvent id="in"/><bpmn:userTask id="ask"><bpmn:extensionElements><zeebe:formDefinition formId="form"/></bpmn:extensionElements></bpmn:userTask>${flows('in > ask')}</bpmn:subProcess>${task('do')}${receive('wait', 'b')}${end}${flows('begin > sub > do > wait > end')}`,
    message('a') + message('b'),
  )
  const { context, ...definition } = await compileUnchecked(xml)
  t.match(definition, {
    key: 'process',
    name: 'Process',
    starts: [{ elementId: 'begin', kind: 'message', eventName: 'a', timer: null }],
    hears: ['a', 'b'],
    taskTypes: ['note'],
    formIds: ['form'],
  })
  t.match(
    definition.elements.find(({ id }) => id === 'ask'),
    { name: 'ask', type: 'UserTask', parentId: 'sub' },
  )
  t.notOk(context.includes('definitions>'), 'the context is no XML')
})

t.test('sequence flows need no id', async (t) => {
  const xml = diagram(
    `${start}<bpmn:exclusiveGateway id="x"/>${task('one')}${end}<bpmn:sequenceFlow sourceRef="start" targetRef="x"/><bpmn:sequenceFlow sourceRef="x" targetRef="one"/><bpmn:sequenceFlow sourceRef="one" targetRef="end"/>`,
  )
  t.same((await startInstance(xml)).calls, ['one'])
})

t.test('what is only drawn does not matter', async (t) => {
  const drawn = `<bpmn:laneSet id="lanes"><bpmn:lane id="lane"><bpmn:flowNodeRef>do</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>`
  const more = `<bpmn:dataObjectReference id="data_ref" dataObjectRef="data"/><bpmn:dataObject id="data"/><bpmn:textAnnotation id="note"><bpmn:text>note</bpmn:text></bpmn:textAnnotation><bpmn:association id="link" sourceRef="do" targetRef="note"/><bpmn:group id="group"/>`
  const pools =
    '<bpmn:collaboration id="pools"><bpmn:participant id="pool" processRef="process"/><bpmn:participant id="customer"/><bpmn:messageFlow id="says" sourceRef="customer" targetRef="pool"/></bpmn:collaboration>'
  const instance = await startInstance(diagram(`${drawn}${start}${task('do')}${end}${flows('start > do > end')}${more}`, pools))
  t.equal(instance.last.outcome, 'completed')
})

t.test('an engine bug is an error of the step', async (t) => {
  const engine = createInlineEngine()
  const request = {
    definition: { checksum: 'x', context: '{"broken"', key: 'p' },
    instanceId: 'i1',
    state: null,
    variables: {},
    delivery: { kind: 'start', elementId: null } as const,
    scope: { chat: null, event: null, agent: null, now: t0 },
  }
  await t.rejects(
    engine.step(request, async () => ({ status: 'parked' })),
    { name: 'StepError', code: 'ENGINE_FAILED' },
  )
})
