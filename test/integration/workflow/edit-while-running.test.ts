import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { addAgent, customerSees, customerWrites, startParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'

const lifecycle = await readFile(path.resolve(import.meta.dirname, '../../../processes/chat_lifecycle.bpmn'), 'utf8')

/** The shipped lifecycle with "Greet" put before "Find agents"; every flow that led to find_agents leads to the greeting. */
function withGreeting(xml: string): string {
  const greeting = `<bpmn:serviceTask id="greet" name="Greet"><bpmn:extensionElements><zeebe:taskDefinition type="message.send"/>
    <zeebe:ioMapping><zeebe:input source="=&quot;Welcome, &quot; + chat.contact.name + &quot;!&quot;" target="text"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:sequenceFlow id="flow_greeted" sourceRef="greet" targetRef="find_agents"/>`
  const [first] = /<bpmn:sequenceFlow [^>]*targetRef="find_agents"[^>]*>/.exec(xml) ?? []
  if (!first) throw new Error('The shipped lifecycle has no flow into find_agents')
  return xml
    .replace(first, first.replace('targetRef="find_agents"', 'targetRef="greet"'))
    .replace('</bpmn:process>', `${greeting}</bpmn:process>`)
}

t.test('an administrator changes the lifecycle while chats run', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  await customerWrites(parley, 'Before', 'I was here first')
  const before = await anna.newItem('Before')

  const upload = await parley.admin.call('POST', '/api/processes?activate=true&comment=Greet%20first', withGreeting(lifecycle))
  t.match(upload, { status: 201, body: { key: 'chat_lifecycle', version: 2, state: 'active' } })
  await customerWrites(parley, 'After', 'I came later')
  const after = await anna.newItem('After')
  const greeted = await until(async () => (await customerSees(parley, 'After')).find((message) => message.direction === 'outgoing'))
  t.equal(greeted.text, 'Welcome, After!')

  await anna.accept(before.id)
  await anna.ok('POST', `/api/chats/${before.id}/complete`)
  const old = await parley.admin.ok<{ instances: { version: number; state: string }[] }>('GET', `/api/chats/${before.id}/process`)
  t.match(old.instances, [{ version: 1, state: 'completed' }], 'a running chat keeps its version')
  t.equal((await customerSees(parley, 'Before')).length, 1, 'and is not greeted')
  const fresh = await parley.admin.ok<{ instances: { version: number; waits: { elementId: string }[] }[] }>(
    'GET',
    `/api/chats/${after.id}/process`,
  )
  t.equal(fresh.instances[0]?.version, 2)
  t.ok(fresh.instances[0]?.waits.some((wait) => wait.elementId === 'wait_for_acceptance'))

  await parley.admin.ok('POST', '/api/processes/chat_lifecycle/activate', { version: 1 })
  await customerWrites(parley, 'Rolled back', 'And now?')
  const last = await anna.newItem('Rolled back')
  const rolledBack = await parley.admin.ok<{ instances: { version: number }[] }>('GET', `/api/chats/${last.id}/process`)
  t.equal(rolledBack.instances[0]?.version, 1, 'rolling back is activating an older version')
})

t.test('a refused upload changes nothing and names every problem', async (t) => {
  const parley = await startParley(t, { worker: false })
  const bad = lifecycle.replace('type="chat.route"', 'type="chat.rout"').replace('=chat.timeoutAt', '=chat.timeoutAt +')
  const answer = await parley.admin.call<{ code: string; problems: { elementId: string; rule: string; message: string }[] }>(
    'POST',
    '/api/processes?activate=true',
    bad,
  )
  t.match(answer, { status: 422, body: { code: 'INVALID_PROCESS' } })
  t.ok(answer.body.problems.some((problem) => problem.elementId === 'find_agents'))
  t.ok(answer.body.problems.length >= 2)
  t.match(await parley.admin.ok('GET', '/api/processes/chat_lifecycle'), { activeVersion: 1, latestVersion: 1 })
  const xml = await parley.admin.call<string>('GET', '/api/processes/chat_lifecycle/versions/1', undefined, { accept: 'application/xml' })
  t.equal(xml.body, lifecycle, 'the XML comes back as it was uploaded')
})

t.test('code in a diagram is refused', async (t) => {
  const parley = await startParley(t, { worker: false })
  const attack = '${environment.services.constructor.constructor("return process")().exit()}'
  const serviceEscape = lifecycle.replace(
    '<bpmn:serviceTask id="find_agents"',
    `<bpmn:serviceTask implementation="${attack.replaceAll('"', '&quot;')}" id="find_agents"`,
  )
  t.not(serviceEscape, lifecycle)
  t.match(await parley.admin.call('POST', '/api/processes', serviceEscape), { status: 422, body: { code: 'INVALID_PROCESS' } })
  const scriptEscape = lifecycle.replace(
    '</bpmn:process>',
    '<bpmn:scriptTask id="script" name="Script" scriptFormat="javascript"><bpmn:script>process.exit()</bpmn:script></bpmn:scriptTask></bpmn:process>',
  )
  t.match(await parley.admin.call('POST', '/api/processes', scriptEscape), { status: 422, body: { code: 'INVALID_PROCESS' } })
})

t.test('text of a customer that looks like code stays text', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  const text = '${chat.contact.name} =1+1 {{contact.name}} ${environment.output}'
  await customerWrites(parley, 'Eve ${chat}', text)
  const tile = await anna.newItem('Eve ${chat}')
  await anna.accept(tile.id)
  const actions = (await anna.chat(tile.id)).actions
  const action = actions.find((item) => item.caption === 'Create case')
  t.ok(action)
  const result = await anna.ok<{ state: string; result: { caseId: string } }>('POST', `/api/chats/${tile.id}/actions/${action?.id}`)
  t.equal(result.state, 'completed')
  const row = await parley.container.database.db.selectFrom('cases').selectAll().where('chat_id', '=', tile.id).executeTakeFirstOrThrow()
  t.match(row, { subject: text, description: text, source: 'Chat', status: 'New', contact_id: tile.contact.id, assignee_id: anna.agent.id })
})

t.test('a lifecycle that is meant to behave otherwise may replace the shipped one', async (t) => {
  const parley = await startParley(t)
  const changed = lifecycle.replaceAll('Chat completed by ', 'Closed by ')
  const upload = await parley.admin.call<{ state: string; problems: { rule: string; severity: string }[] }>(
    'POST',
    '/api/processes?activate=true',
    changed,
  )
  t.match(upload, { status: 201, body: { state: 'active' } })
  t.match(upload.body.problems, [{ rule: 'scenario-failed', severity: 'warning' }], 'the shipped scenario that no longer holds is named')
  const anna = await addAgent(parley, 'Anna')
  await customerWrites(parley, 'Bob', 'Hello')
  const tile = await anna.newItem('Bob')
  await anna.accept(tile.id)
  await anna.ok('POST', `/api/chats/${tile.id}/complete`)
  t.match((await anna.messages(tile.id)).at(-1), { direction: 'system', text: /^Closed by Anna/ })
})

t.test('what nothing would ever wake is refused at upload', async (t) => {
  const parley = await startParley(t, { worker: false })
  const started = (definition: string) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="definitions" targetNamespace="parley">
  <bpmn:process id="never_woken" name="Never woken" isExecutable="true">
    <bpmn:startEvent id="begin" name="Begin"><bpmn:outgoing>to_end</bpmn:outgoing>${definition}</bpmn:startEvent>
    <bpmn:sequenceFlow id="to_end" sourceRef="begin" targetRef="done"/>
    <bpmn:endEvent id="done" name="Done"><bpmn:incoming>to_end</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
  <bpmn:signal id="signal" name="somewhere"/>
</bpmn:definitions>`
  const timer = started('<bpmn:timerEventDefinition id="every"><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>')
  t.match(await parley.admin.call('POST', '/api/processes', timer), {
    status: 422,
    body: { problems: [{ rule: 'timer-start-not-served', elementId: 'begin' }] },
  })
  const signal = started('<bpmn:signalEventDefinition id="heard" signalRef="signal"/>')
  t.match(await parley.admin.call('POST', '/api/processes', signal), { status: 422, body: { problems: [{ rule: 'signal-not-raised' }] } })
  const catalog = await parley.admin.ok<{ supportedElements: { type: string; support: string }[] }>('GET', '/api/process-catalog')
  t.match(
    catalog.supportedElements.find((element) => element.type === 'StartEvent:Timer'),
    { support: 'refused' },
  )
})
