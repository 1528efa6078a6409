import t from 'tap'
import { compileUnchecked } from '../../../src/engine/compile.ts'
import {
  createEnginePool,
  type Delivery,
  type Engine,
  type StepError,
  type StepRequest,
  type TaskRunner,
} from '../../../src/engine/index.ts'
import { diagram, end, flowIf, flows, start, t0, task, zeebe } from './support.ts'

const noTasks: TaskRunner = async () => ({ status: 'completed', outputs: {} })
let nextChecksum = 0

async function requestFor(xml: string, delivery: Delivery = { kind: 'start', elementId: null }): Promise<StepRequest> {
  const { context, key } = await compileUnchecked(xml)
  nextChecksum += 1
  const scope = { chat: null, event: null, agent: null, now: t0 }
  return { definition: { checksum: `c${nextChecksum}`, context, key }, instanceId: 'i1', state: null, variables: {}, delivery, scope }
}

const script = (expression: string) => {
  const source = expression.replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  const more = `<zeebe:script expression="=${source}" resultVariable="result"/>`
  return diagram(`${start}<bpmn:scriptTask id="script">${zeebe({ more })}</bpmn:scriptTask>${end}${flows('start > script > end')}`)
}

async function pool(
  test: { teardown(fn: () => Promise<void>): unknown },
  options: Parameters<typeof createEnginePool>[0],
): Promise<Engine> {
  const engine = createEnginePool(options)
  test.teardown(() => engine.close())
  return engine
}

/** An expression that never ends: a regular expression that backtracks for ages. */
const endless = `matches("${'a'.repeat(40)}!", "^(a+)+$")`

t.test('a step runs in a thread and its tasks on the host', async (t) => {
  const engine = await pool(t, { threads: 1 })
  const request = await requestFor(diagram(`${start}${task('do')}${end}${flows('start > do > end')}`))
  const result = await engine.step(request, async (call) => ({ status: 'completed', outputs: { said: call.executionId, at: t0 } }))
  t.equal(result.outcome, 'completed')
  t.match(result.variables, { said: /^i1\.do\.\d+$/ })
  t.ok(result.variables.at instanceof Date, 'dates stay dates across the thread')
  const again = await engine.step(request, noTasks)
  t.equal(again.outcome, 'completed', 'the context is known by its checksum the second time')
})

t.test('the host keeps the very error a task threw', async (t) => {
  const engine = await pool(t, { threads: 1 })
  const request = await requestFor(diagram(`${start}${task('do')}${end}${flows('start > do > end')}`))
  const thrown = Object.assign(new Error('no such row'), { code: '40001' })
  const failure = await engine
    .step(request, () => Promise.reject(thrown))
    .then(
      () => null,
      (error: StepError) => error,
    )
  t.match(failure, { code: 'TASK_FAILED', elementId: 'do', name: 'StepError' })
  t.equal(failure?.cause, thrown)
  t.same(
    failure?.log.map(({ elementId }) => elementId),
    ['start', 'start', 'do'],
  )
})

t.test('a step that computes for ever ends by the deadline, alone', async (t) => {
  const engine = await pool(t, { threads: 1, deadlineMs: 500 })
  const stuck = engine.step(await requestFor(script(endless)), noTasks)
  const behind = engine.step(await requestFor(script('1 + 1')), noTasks)
  await t.rejects(stuck, { code: 'DEADLINE_EXCEEDED' })
  t.match(await behind, { outcome: 'completed', variables: { result: 2 } })
})

t.test('waiting for the host does not count', async (t) => {
  const engine = await pool(t, { threads: 1, deadlineMs: 300 })
  const request = await requestFor(diagram(`${start}${task('slow')}${end}${flows('start > slow > end')}`))
  await engine.step(request, noTasks)
  const result = await engine.step(request, async () => {
    // Longer than the deadline, on the host.
    await new Promise((resolve) => setTimeout(resolve, 600))
    return { status: 'completed', outputs: {} }
  })
  t.equal(result.outcome, 'completed')
})

t.test('a step that takes all memory fails alone', async (t) => {
  const engine = await pool(t, { threads: 1, deadlineMs: 60_000, maxOldGenerationMb: 64 })
  const huge = engine.step(await requestFor(script('count(for i in 1..1000000000 return i)')), noTasks)
  const behind = engine.step(await requestFor(script('1 + 1')), noTasks)
  await t.rejects(huge, { code: 'OUT_OF_MEMORY' })
  t.match(await behind, { outcome: 'completed' })
})

t.test('an outcome that is no plain data fails its step only', async (t) => {
  const engine = await pool(t, { threads: 1 })
  const request = await requestFor(diagram(`${start}${task('do')}${end}${flows('start > do > end')}`))
  const outcome = { status: 'completed', outputs: { call: () => 1 } } as never
  await t.rejects(
    engine.step(request, async () => outcome),
    { code: 'TASK_FAILED', elementId: 'do', cause: { name: 'DataCloneError' } },
  )
  t.match(await engine.step(request, noTasks), { outcome: 'completed' })
  await t.rejects(engine.step({ ...request, variables: { bad: () => 1 } as never }, noTasks), { code: 'ENGINE_FAILED' })
  t.match(await engine.step(request, noTasks), { outcome: 'completed' }, 'the context is sent again')
})

t.test('threads work side by side', async (t) => {
  const engine = await pool(t, { threads: 2 })
  const request = await requestFor(diagram(`${start}${task('do')}${end}${flows('start > do > end')}`))
  // Each task waits for the other: with one thread neither would end.
  let arrived = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const meet: TaskRunner = async () => {
    arrived += 1
    if (arrived === 2) resolve()
    await promise
    return { status: 'completed', outputs: {} }
  }
  const results = await Promise.all([engine.step(request, meet), engine.step(request, meet)])
  t.same(
    results.map(({ outcome }) => outcome),
    ['completed', 'completed'],
  )
})

t.test('an error of a diagram crosses the thread whole', async (t) => {
  const engine = await pool(t, { threads: 1 })
  const request = await requestFor(diagram(`${start}${task('do')}${end}${flows('start > do > end')}`))
  await t.rejects(
    engine.step(request, async () => ({ status: 'error', code: 'NO', message: 'never' })),
    { name: 'StepError', code: 'UNCAUGHT_ERROR', elementId: 'do', bpmnErrorCode: 'NO', log: [{}, {}, {}, { kind: 'error' }] },
  )
  await t.rejects(engine.evaluate('1 +', request.scope, {}), { code: 'EXPRESSION_FAILED' })
  t.equal(await engine.evaluate('a + 1', request.scope, { a: 1 }), 2)
  t.same(await engine.dueAt({ kind: 'date', expression: '=now()' }, request.scope, {}), t0)
})

t.test('a diagram that loops without a wait is stopped', async (t) => {
  const engine = await pool(t, { threads: 1 })
  const loop = `${start}<bpmn:exclusiveGateway id="again"/>${task('do')}${end}${flows('start > again > do > again')}${flowIf('again', 'end', '=false')}`
  await t.rejects(engine.step(await requestFor(diagram(loop)), noTasks), { code: 'STEP_LIMIT' })
})

t.test('closing rejects what is queued and what comes later', async (t) => {
  const engine = createEnginePool({ threads: 1 })
  const request = await requestFor(script('1'))
  const pending = [engine.step(request, noTasks), engine.step(request, noTasks)]
  const settled = Promise.allSettled(pending)
  await engine.close()
  t.same(
    (await settled).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await t.rejects(engine.evaluate('1', request.scope, {}), { code: 'ENGINE_FAILED' })
})
