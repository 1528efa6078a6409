import t from 'tap'
import { diagram, end, error, flows, message, onError, onMessage, start, startInstance, type Variables, zeebe } from './support.ts'

const roots = message('a') + message('b') + error('E1')

interface MultiInstance {
  sequential?: boolean
  zeebe?: string
  condition?: string
  cardinality?: string
}

const quoted = (text: string) => text.replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const expression = (name: string, text: string | undefined) =>
  text ? `<bpmn:${name} xsi:type="bpmn:tFormalExpression">${quoted(text)}</bpmn:${name}>` : ''
const multi = (options: MultiInstance) =>
  `<bpmn:multiInstanceLoopCharacteristics isSequential="${options.sequential === true}"><bpmn:extensionElements><zeebe:loopCharacteristics ${options.zeebe ?? ''}/></bpmn:extensionElements>${expression('loopCardinality', options.cardinality)}${expression('completionCondition', options.condition)}</bpmn:multiInstanceLoopCharacteristics>`
const over = 'inputCollection="=agents" inputElement="name" outputCollection="answers" outputElement="=name + string(loopCounter)"'
const ask = (loop: string) => `<bpmn:userTask id="ask">${zeebe({ inputs: [['who', '=name']] })}${loop}</bpmn:userTask>`
const each = (loop: string, more = '') => diagram(`${start}${ask(loop)}${more}${end}${flows('start > ask > end')}`, roots)
const variables = { agents: ['Ann', 'Bea', 'Cid'] }

t.test('parallel instances run at the same time and collect in order', async (t) => {
  const instance = await startInstance(each(multi({ zeebe: over })), { variables })
  t.same(
    instance.last.waits.map((wait) => wait.kind === 'form' && wait.inputs),
    [{ who: 'Ann' }, { who: 'Bea' }, { who: 'Cid' }],
  )
  const ids = instance.last.waits.map(({ id }) => id)
  for (const id of [ids[2], ids[0], ids[1]]) await instance.send({ kind: 'form.completed', waitId: id ?? '', variables: { ignored: true } })
  t.equal(instance.last.outcome, 'completed')
  t.same(instance.last.variables, { ...variables, answers: ['Ann1', 'Bea2', 'Cid3'] })
})

t.test('sequential instances run one after the other', async (t) => {
  const instance = await startInstance(each(multi({ sequential: true, zeebe: over })), { variables })
  for (const who of ['Ann', 'Bea', 'Cid']) {
    t.match(instance.wait('ask'), { inputs: { who } })
    await instance.at('ask')
  }
  t.equal(instance.last.outcome, 'completed')
  t.same(instance.last.variables.answers, ['Ann1', 'Bea2', 'Cid3'])
})

t.test('a completion condition ends the rest', async (t) => {
  for (const sequential of [true, false]) {
    const loop = multi({ sequential, zeebe: over, condition: '=numberOfCompletedInstances >= 2' })
    const instance = await startInstance(each(loop), { variables })
    await instance.send({ kind: 'form.completed', waitId: instance.last.waits[0]?.id ?? '', variables: {} })
    t.equal(instance.last.outcome, 'running')
    await instance.send({ kind: 'form.completed', waitId: instance.last.waits[0]?.id ?? '', variables: {} })
    t.equal(instance.last.outcome, 'completed')
    t.same(instance.last.variables.answers, ['Ann1', 'Bea2', null])
    t.equal(
      instance.last.log.some(({ kind }) => kind === 'discarded'),
      !sequential,
    )
  }
})

t.test('an empty collection is passed, a wrong one is an error', async (t) => {
  for (const sequential of [true, false]) {
    const loop = multi({ sequential, zeebe: over })
    const { last } = await startInstance(each(loop), { variables: { agents: [] } })
    t.equal(last.outcome, 'completed')
    t.same(last.variables.answers, [])
    await t.rejects(startInstance(each(loop)), { code: 'EXPRESSION_FAILED', elementId: 'ask' })
    await t.rejects(startInstance(each(loop), { variables: { agents: 'Ann' } }), { code: 'EXPRESSION_FAILED', elementId: 'ask' })
  }
})

t.test('a cardinality runs that many', async (t) => {
  const instance = await startInstance(each(multi({ cardinality: '=2' })), { variables: { name: 'all' } })
  t.same(instance.waits(), ['ask', 'ask'])
  await t.rejects(startInstance(each(multi({ cardinality: '=-1' }))), { code: 'EXPRESSION_FAILED' })
})

t.test('too many instances are refused at once', async (t) => {
  const options = { variables: { agents: Array.from({ length: 501 }, () => 'x') } }
  await t.rejects(startInstance(each(multi({ zeebe: over })), options), { code: 'STEP_LIMIT', elementId: 'ask' })
  await t.rejects(startInstance(each(multi({ cardinality: '=1000000000' }))), { code: 'STEP_LIMIT' })
})

t.test('boundary events belong to all instances together', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="stop" attachedToRef="ask">${onMessage('b')}</bpmn:boundaryEvent><bpmn:endEvent id="stopped"/>${flows('stop > stopped')}`
  const instance = await startInstance(each(multi({ zeebe: over }), boundary), { variables })
  t.same(instance.waits(), ['ask', 'ask', 'ask', 'stop'])
  await instance.at('stop')
  t.equal(instance.last.outcome, 'completed')
  t.notOk('answers' in instance.last.variables)
})

t.test('an error in one instance ends all, at the boundary of the whole', async (t) => {
  const boundary = `<bpmn:boundaryEvent id="caught" attachedToRef="do">${onError('E1')}</bpmn:boundaryEvent><bpmn:endEvent id="stopped"/>${flows('caught > stopped')}`
  const xml = diagram(
    `${start}<bpmn:serviceTask id="do">${zeebe({ type: 'x', inputs: [['who', '=name']] })}${multi({ zeebe: over })}</bpmn:serviceTask>${boundary}${end}${flows('start > do > end')}`,
    roots,
  )
  const instance = await startInstance(xml, {
    variables,
    runTask: async ({ inputs }) =>
      inputs.who === 'Bea' ? { status: 'error', code: 'E1', message: '' } : { status: 'completed', outputs: {} },
  })
  t.same(instance.calls, ['do', 'do'])
  t.same(instance.entered.at(-1), 'stopped')
})

t.test('a sub-process per element keeps each its own variables', async (t) => {
  const inner = `<bpmn:startEvent id="in"/><bpmn:userTask id="ask">${zeebe({ inputs: [['who', '=name']], outputs: [['said', '=text']] })}</bpmn:userTask>${flows('in > ask')}`
  const loop = multi({ zeebe: 'inputCollection="=agents" inputElement="name" outputCollection="answers" outputElement="=name + said"' })
  const xml = diagram(
    `${start}<bpmn:subProcess id="sub">${zeebe({ inputs: [['said', '=null']] })}${inner}${loop}</bpmn:subProcess>${end}${flows('start > sub > end')}`,
  )
  const instance = await startInstance(xml, { variables })
  const ids = instance.last.waits.map(({ id }) => id)
  for (const [index, id] of ids.entries()) await instance.send({ kind: 'form.completed', waitId: id, variables: { text: `-${index}` } })
  t.same(instance.last.variables, { ...variables, answers: ['Ann-0', 'Bea-1', 'Cid-2'] })
})

const standard = (attributes: string, condition?: string) =>
  `<bpmn:standardLoopCharacteristics ${attributes}>${expression('loopCondition', condition)}</bpmn:standardLoopCharacteristics>`
const counting = (loop: string) =>
  diagram(
    `${start}<bpmn:serviceTask id="do">${zeebe({ type: 'x', outputs: [['n', '=n + 1']] })}${loop}</bpmn:serviceTask>${end}${flows('start > do > end')}`,
  )
const runs = async (loop: string, start: Variables) => (await startInstance(counting(loop), { variables: start })).calls.length

t.test('a standard loop repeats while its condition holds', async (t) => {
  t.equal(await runs(standard('testBefore="false"', '=n < 3'), { n: 0 }), 3)
  t.equal(await runs(standard('testBefore="false"', '=n < 3'), { n: 9 }), 1, 'tested after: at least once')
  t.equal(await runs(standard('testBefore="true"', '=n < 3'), { n: 0 }), 3)
  t.equal(await runs(standard('testBefore="true"', '=n < 3'), { n: 9 }), 0, 'tested before: maybe never')
  t.equal(await runs(standard('loopMaximum="2"', '=true'), { n: 0 }), 2)
  t.equal(await runs(standard('loopMaximum="4"'), { n: 0 }), 4)
  await t.rejects(runs(standard('', '=true'), { n: 0 }), { code: 'STEP_LIMIT' })
})

t.test('a standard loop can wait in each round', async (t) => {
  const xml = diagram(`${start}<bpmn:userTask id="ask">${standard('', '=not(done)')}</bpmn:userTask>${end}${flows('start > ask > end')}`)
  const instance = await startInstance(xml)
  await instance.at('ask', { variables: { done: false } })
  await instance.at('ask', { variables: { done: false } })
  t.equal(instance.last.outcome, 'running')
  await instance.at('ask', { variables: { done: true } })
  t.equal(instance.last.outcome, 'completed')
})
