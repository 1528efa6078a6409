import { readFileSync } from 'node:fs'
import t from 'tap'
import type { ScenarioResult, ScenarioSet } from '../../../src/contracts/index.ts'
import { customerWrites, startParley, type TestParley } from '../../helpers/parley.ts'
import { boundary, definition, end, note, onMessage, onTimer, receive, service, start } from './support.ts'

const lifecycle = readFileSync(new URL('../../../processes/chat_lifecycle.bpmn', import.meta.url), 'utf8')
/** Agents would not be named in the line that confirms a completion, which the shipped scenarios check. */
const broken = lifecycle.replace('Chat completed by &quot; + agent.name', 'Chat completed by &quot; + agent.email')

/** The rows of every table, as numbers. */
async function countRows({ container }: TestParley): Promise<Record<string, number>> {
  const tables = await container.database.query<{ name: string }>(
    'tables',
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
    [],
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = await container.database.query<{ count: string }>(`count_${name}`, `select count(*) as count from "${name}"`, [])
    counts[name] = Number(row?.count)
  }
  return counts
}

const greeting = {
  name: 'A chat is offered',
  given: { agents: [{ name: 'Ada' }] },
  steps: [{ event: 'chat.created', payload: { agentId: null } }, { expect: { waits: ['wait_for_acceptance'], offeredTo: ['Ada'] } }],
}

t.test('scenarios are read, replaced and carried over', async (t) => {
  const { admin } = await startParley(t, { worker: false })
  const shipped = await admin.ok<ScenarioSet>('GET', '/api/processes/chat_lifecycle/scenarios')
  t.equal(shipped.version, 1)
  t.ok(shipped.scenarios.length > 5)
  const saved = await admin.ok<ScenarioSet>('PUT', '/api/processes/chat_lifecycle/scenarios', { scenarios: [greeting] })
  t.same(saved.scenarios, [greeting])
  await admin.ok('POST', '/api/processes', lifecycle.replace('Find agents', 'Look for agents'))
  t.same(await admin.ok<ScenarioSet>('GET', '/api/processes/chat_lifecycle/scenarios'), {
    key: 'chat_lifecycle',
    version: 2,
    scenarios: [greeting],
  })
  t.match(await admin.call('GET', '/api/processes/nothing/scenarios'), { status: 404 })
})

t.test('wrong scenarios are refused with the place of each problem', async (t) => {
  const { admin } = await startParley(t, { worker: false })
  const refusal = async (scenarios: unknown) => {
    const answer = await admin.call<{ code: string; problems: { path: string; message: string }[] }>(
      'PUT',
      '/api/processes/chat_lifecycle/scenarios',
      { scenarios },
    )
    t.match(answer, { status: 422, body: { code: 'INVALID_SCENARIOS' } })
    return answer.body.problems
  }
  t.same(await refusal({}), [{ path: '', message: 'must be a list of scenarios' }])
  t.same(await refusal([{ name: 'x', steps: [{ advance: '30 minutes' }, { wait: 1 }, { event: 'a', expect: {} }] }]), [
    { path: '0.steps.0.advance', message: 'does not have the expected form' },
    { path: '0.steps.1', message: 'must have one of event, message, advance, form, start, expect' },
    { path: '0.steps.2', message: 'must do one thing, not event and expect' },
  ])
  t.match(await refusal([{ name: 'x', steps: [{ expect: { chat: { state: 'open' } } }] }]), [{ path: '0.steps.0.expect.chat.state' }])
  t.same(
    await refusal([
      {
        name: 'x',
        mocks: { gone: { outputs: {} } },
        steps: [{ event: 'agent.accepted' }, { event: 'agent.completed', agent: 'Ada' }, { expect: { waits: ['elsewhere'] } }],
      },
      { ...greeting, name: 'x' },
    ]),
    [
      { path: '1.name', message: 'is the name of another scenario too' },
      { path: '0.mocks', message: 'names gone, which the process has not' },
      { path: '0.steps.0', message: 'needs "agent": agent.accepted is asked for by somebody' },
      { path: '0.steps.1', message: 'names @agent:Ada, which the scenario does not give' },
      { path: '0.steps.2', message: 'names elsewhere, which the process has not' },
    ],
  )
})

t.test('a simulation shows what would happen and leaves nothing behind', async (t) => {
  const parley = await startParley(t, { worker: false })
  const before = await countRows(parley)
  const { scenarios } = await parley.admin.ok<ScenarioSet>('GET', '/api/processes/request_callback/scenarios')
  const result = await parley.admin.ok<ScenarioResult>('POST', '/api/processes/request_callback/simulate', {
    version: 1,
    scenario: scenarios[0],
  })
  t.match(result, { passed: true, error: null })
  t.ok(result.checks.length > 5 && result.checks.every((check) => check.passed))
  t.ok(result.trace.some((entry) => entry.elementId === 'enter_callback' && entry.kind === 'waiting' && entry.step === 1))
  t.ok(result.trace.some((entry) => entry.elementId === 'enter_callback' && entry.kind === 'left' && entry.step === 3))
  t.match(result.effects.tasks.map((task) => task.type).toSorted(), ['agent.notify', 'case.create', 'chat.note'])
  t.match(result.effects.chats, [{ status: 'in_progress', agent: 'Ada' }])
  t.ok(result.effects.messages.some((message) => message.direction === 'note'))
  t.same(await countRows(parley), before)

  const draft = await parley.admin.ok<ScenarioResult>('POST', '/api/processes/chat_lifecycle/simulate', {
    xml: lifecycle,
    scenario: greeting,
  })
  t.equal(draft.passed, true)
  const wrong = { ...greeting, steps: [...greeting.steps, { expect: { chat: { status: 'completed' } } }] }
  const failing = await parley.admin.ok<ScenarioResult>('POST', '/api/processes/chat_lifecycle/simulate', {
    xml: lifecycle,
    scenario: wrong,
  })
  t.equal(failing.passed, false)
  t.same(failing.checks.at(-1), { step: 3, what: 'chat.status', expected: 'completed', actual: 'waiting', passed: false })
  t.same(await countRows(parley), before)
})

t.test('a step that fails ends the run with its reason', async (t) => {
  const { admin } = await startParley(t, { worker: false })
  const scenario = { ...greeting, steps: [{ event: 'agent.completed', agent: 'Ada' }] }
  const result = await admin.ok<ScenarioResult>('POST', '/api/processes/chat_lifecycle/simulate', { scenario })
  t.match(result, { passed: false, error: { step: 1, code: 'NOT_WAITING' } })
})

t.test('a process whose scenarios fail is not activated unless somebody says why', async (t) => {
  const { admin, container } = await startParley(t, { worker: false })
  const active = async () => (await admin.ok<{ activeVersion: number }>('GET', '/api/processes/chat_lifecycle')).activeVersion
  t.not(broken, lifecycle)
  const { scenarios } = await admin.ok<{ scenarios: unknown[] }>('GET', '/api/processes/chat_lifecycle/scenarios')
  await admin.ok('PUT', '/api/processes/chat_lifecycle/scenarios', { scenarios })
  const refused = await admin.call<{ code: string; results: ScenarioResult[] }>('POST', '/api/processes?activate=true', broken)
  t.match(refused, { status: 409, body: { code: 'SCENARIOS_FAILED' } })
  t.ok(refused.body.results.some((result) => !result.passed && result.checks.some((check) => !check.passed)))
  t.equal((await admin.ok<{ latestVersion: number }>('GET', '/api/processes/chat_lifecycle')).latestVersion, 1, 'nothing was stored')

  await admin.ok('POST', '/api/processes', broken)
  t.match(await admin.call('POST', '/api/processes/chat_lifecycle/activate', { version: 2 }), {
    status: 409,
    body: { code: 'SCENARIOS_FAILED' },
  })
  t.equal(await active(), 1)
  await admin.ok('POST', '/api/processes/chat_lifecycle/activate', { version: 2, override: 'Customers asked for it' })
  t.equal(await active(), 2)
  const audited = await container.database.db.selectFrom('audit_log').selectAll().where('action', '=', 'process.activated').execute()
  t.match(audited.at(-1), {
    subject: 'process:chat_lifecycle@2',
    agent_id: admin.agent.id,
    details: { override: 'Customers asked for it', failedScenarios: Array },
  })
  await admin.ok('POST', '/api/processes/chat_lifecycle/activate', { version: 1 })
  t.equal(await active(), 1, 'rolling back passes its own scenarios')
})

t.test('scenarios run beside each other and beside customers', async (t) => {
  const parley = await startParley(t, { worker: false })
  const simulate = () => parley.admin.ok<ScenarioResult>('POST', '/api/processes/chat_lifecycle/simulate', { scenario: greeting })
  const [results, answers] = await Promise.all([
    Promise.all(Array.from({ length: 6 }, simulate)),
    Promise.all(Array.from({ length: 6 }, (_, index) => customerWrites(parley, `Customer ${index}`, 'Hello'))),
  ])
  t.ok(results.every((result) => result.passed))
  t.ok(answers.every((answer) => answer.status < 300))
  await parley.container.pump.idle()
  const chats = await parley.container.database.db.selectFrom('process_instances').select(['key', 'state']).execute()
  t.same(
    chats,
    Array.from({ length: 6 }, () => ({ key: 'chat_lifecycle', state: 'running' })),
  )
})

const scored = definition(
  'scored',
  [
    start(),
    service('ask', 'http.request', { method: 'GET', url: 'https://scores.example.com/' }, { outputs: { score: '=body.score' } }),
    boundary('refused', 'ask', '<bpmn:errorEventDefinition/>'),
    note('noted', '="score " + string(score + bonus)'),
    receive('later', 'chat.completed'),
    boundary('soon', 'later', onTimer('Duration', 'PT5M')),
    note('unknown', 'no score'),
    end(),
    end('end_soon'),
    end('end_refused'),
  ],
  'start > ask > noted > later > end',
  'soon > end_soon',
  'refused > unknown > end_refused',
)

t.test('remote tasks answer what the scenario says, and nothing is called', async (t) => {
  const { admin } = await startParley(t, { worker: false })
  const run = (scenario: object) =>
    admin.ok<ScenarioResult>('POST', '/api/processes/scored/simulate', { xml: scored, scenario: { name: 'x', ...scenario } })
  const begin = { start: { inputs: {} } }
  const answered = await run({
    given: { variables: { bonus: 3 } },
    mocks: { ask: { outputs: { status: 200, body: { score: 4 } } } },
    steps: [
      begin,
      { expect: { waits: ['later'], variables: { score: 4 }, messages: [{ direction: 'note', text: 'score 7' }] } },
      { advance: '+PT5M' },
      { expect: { ended: true } },
    ],
  })
  t.match(answered, { passed: true, error: null })
  t.match(
    await run({
      mocks: { ask: { error: { code: 'HOST_NOT_ALLOWED', message: 'no' } } },
      steps: [begin, { expect: { ended: true, messages: [{ direction: 'note', text: 'no score' }] } }],
    }),
    {
      passed: true,
    },
  )
  t.match(await run({ steps: [begin, { expect: { waits: ['ask'], ended: false } }] }), { passed: true }, 'without an answer it waits')
})

t.test('a scenario whose process stops at an incident fails, unless it expects that', async (t) => {
  const { admin } = await startParley(t, { worker: false })
  const xml = definition(
    'failing',
    [start(onMessage('message.received')), service('notify', 'agent.notify', { to: '999999999', title: 'x' }), end()],
    'start > notify > end',
  )
  const steps = [{ message: { from: 'customer', text: 'Hello' } }]
  const run = (scenario: object) =>
    admin.ok<ScenarioResult>('POST', '/api/processes/failing/simulate', { xml, scenario: { name: 'x', ...scenario } })
  t.match(await run({ steps }), { passed: false, checks: [{ what: 'incident', actual: { code: 'AGENT_NOT_FOUND', elementId: 'notify' } }] })
  t.match(await run({ steps: [...steps, { expect: { incident: true } }] }), { passed: true })
})
