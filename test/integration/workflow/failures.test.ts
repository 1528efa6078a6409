import t from 'tap'
import {
  boundary,
  breakNotifications,
  definition,
  end,
  note,
  onMessage,
  openWorkshop,
  receive,
  service,
  start,
  type Workshop,
} from './support.ts'

/** Notifies an administrator of the customer's second message, and notes it and the next. */
const alarm = (workshop: Workshop) =>
  definition(
    'alarm',
    [
      start(onMessage('chat.created')),
      receive('greeted', 'message.received'),
      receive('wait', 'message.received'),
      service('notify', 'agent.notify', { to: workshop.admin.agent.id, title: 'A customer wrote' }),
      note('seen', '="seen " + event.text'),
      receive('wait_again', 'message.received'),
      note('seen_again', '="seen " + event.text'),
      end(),
    ],
    'start > greeted > wait > notify > seen > wait_again > seen_again > end',
  )

async function failing(t: Parameters<typeof openWorkshop>[0]) {
  const workshop = await openWorkshop(t)
  await workshop.deploy(alarm(workshop))
  const chatId = await workshop.chatOf('Cora', 'first')
  const mend = await breakNotifications(workshop)
  await workshop.chatOf('Cora', 'second')
  return { ...workshop, workshop, chatId, mend }
}

t.test('a step that fails is tried again after 1, 5 and 30 seconds', async (t) => {
  const { pass, chatId, sql, notes, incidents, mend, instances } = await failing(t)
  const attempts = async () => (await sql('select attempts, next_attempt_at from process_deliveries'))[0]?.attempts
  t.equal(await attempts(), 1)
  await pass(chatId, 999)
  t.equal(await attempts(), 1, 'not before its time')
  await pass(chatId, 1)
  t.equal(await attempts(), 2)
  await pass(chatId, 5_000)
  t.equal(await attempts(), 3)
  t.same(await incidents(), [])
  await mend()
  await pass(chatId, 29_999)
  t.same(await notes(chatId), [])
  await pass(chatId, 1)
  t.same(await notes(chatId), ['seen second'])
  t.equal((await sql('select * from notifications')).length, 1, 'what failed left nothing behind')
  t.match(await instances(chatId, 'alarm'), [{ state: 'running' }])
})

t.test('after the last attempt it is an incident, and mending it tells what happens', async (t) => {
  const { workshop, admin, pass, chatId, notes, incidents, mend, instances, sql } = await failing(t)
  for (const delay of [1_000, 5_000, 30_000]) await pass(chatId, delay)
  const [incident] = await incidents()
  t.match(incident, { code: 'TASK_FAILED', attempts: 4, elementId: 'notify', message: /the notification store is broken/ })
  t.match(await instances(chatId, 'alarm'), [{ state: 'incident' }])
  t.match(await admin.ok('GET', '/api/incidents'), { items: [{ id: incident?.id, key: 'alarm', chatId, elementId: 'notify' }] })

  const path = `/api/incidents/${incident?.id}/retry`
  t.match(await admin.ok('POST', path), { resolved: false, state: 'incident', error: { code: 'TASK_FAILED' } })
  t.same(await notes(chatId), [], 'a retry that fails changes nothing')

  await workshop.chatOf('Cora', 'third')
  await workshop.chatOf('Cora', 'fourth')
  t.same(await notes(chatId), [], 'facts wait for the one that failed')
  await mend()
  t.match(await admin.ok('POST', path), { resolved: true, state: 'completed', error: null })
  t.same(await notes(chatId), ['seen second', 'seen third'], 'then they are handled in their order')
  t.same(await incidents(), [])
  t.same(await sql('select * from process_deliveries'), [])
  t.match(await admin.call('POST', path), { status: 404 })

  const log = await sql(`select kind, attempt, message from process_log where element_id = 'notify' order by id`)
  t.same(
    log.filter((row) => row.kind === 'error').map((row) => row.attempt),
    [1, 2, 3, 4, 5],
  )
  t.match(log.at(-1), { kind: 'left', attempt: 6 })
})

t.test('incidents are retried in bulk with an answer for each', async (t) => {
  const { admin, workshop, incidents, mend, deploy } = await failing(t)
  for (const customer of ['Cora', 'Dora', 'Eve']) {
    const chatId = await workshop.chatOf(customer, 'first')
    await workshop.chatOf(customer, 'second')
    for (const delay of [1_000, 5_000, 30_000]) await workshop.pass(chatId, delay)
  }
  await deploy(
    definition(
      'wrong',
      [start(onMessage('message.received')), service('work', 'agent.notify', { to: '999999999', title: 'x' }), end()],
      'start > work > end',
    ),
  )
  await workshop.chatOf('Frida', 'Hello')
  t.equal((await incidents()).length, 4)
  await mend()
  const answer = await admin.ok<{ items: { resolved: boolean; error: { code: string } | null }[] }>('POST', '/api/incidents/retry', {
    filter: { key: 'alarm' },
  })
  t.match(answer.items, [{ resolved: true }, { resolved: true }, { resolved: true }])
  const [left] = await incidents()
  t.match(left, { code: 'AGENT_NOT_FOUND', attempts: 1 }, 'an expected failure nobody catches waits for a person at once')
  const named = await admin.ok<{ items: unknown[] }>('POST', '/api/incidents/retry', { ids: [left?.id, '99999'] })
  t.match(named.items, [
    { id: left?.id, resolved: false, error: { code: 'AGENT_NOT_FOUND' } },
    { id: '99999', error: { code: 'NOT_FOUND' } },
  ])
  t.match(await admin.call('POST', '/api/incidents/retry', {}), { status: 400 })
})

t.test('a variable is mended, then the incident', async (t) => {
  const { admin, deploy, chatOf, incidents, instances, sql } = await openWorkshop(t)
  const xml = definition(
    'mended',
    [
      start(onMessage('chat.created')),
      service(
        'set',
        'variables.set',
        { recipient: '999999999', password: 'hunter2' },
        { outputs: { recipient: '=recipient', password: '=password' } },
      ),
      receive('wait', 'message.received'),
      service('notify', 'agent.notify', { to: '=recipient', title: 'Mended' }),
      end(),
    ],
    'start > set > wait > notify > end',
  )
  await deploy(xml)
  const chatId = await chatOf('Cora')
  await chatOf('Cora', 'again')
  const [incident] = await incidents()
  const [instance] = await instances(chatId, 'mended')
  const changed = await admin.ok('PATCH', `/api/process-instances/${instance?.id}/variables`, { variables: { recipient: admin.agent.id } })
  t.match(changed, { variables: { recipient: admin.agent.id, password: '[redacted]' } })
  t.match(await admin.ok('POST', `/api/incidents/${incident?.id}/retry`), { resolved: true, state: 'completed' })
  t.equal((await sql('select * from notifications')).length, 1)
  t.match(await sql(`select details from audit_log where action = 'process_instance.variables_set'`), [
    { details: { variables: ['recipient'] } },
  ])
  t.match(await admin.call('PATCH', `/api/process-instances/${instance?.id}/variables`, { variables: { recipient: '1' } }), {
    status: 409,
    body: { code: 'NOT_RUNNING' },
  })
  t.notMatch(JSON.stringify(await sql('select inputs, outputs from process_log')), /hunter2/, 'the step log keeps no secret')
})

t.test('an instance is cancelled with all that is outstanding; a lifecycle only when its chat is completed', async (t) => {
  const { admin, chatId, incidents, instances, pass, sql, notes } = await failing(t)
  for (const delay of [1_000, 5_000, 30_000]) await pass(chatId, delay)
  const [instance] = await instances(chatId, 'alarm')
  t.match(await admin.ok('POST', `/api/process-instances/${instance?.id}/cancel`, { reason: 'Not needed' }), {
    state: 'cancelled',
    waits: [],
    incident: null,
  })
  t.same(await incidents(), [])
  t.same(await sql('select * from process_deliveries'), [])
  await pass(chatId, 60_000)
  t.same(await notes(chatId), [])
  t.match(await admin.call('POST', `/api/process-instances/${instance?.id}/cancel`), { status: 409, body: { code: 'NOT_RUNNING' } })
  const [lifecycle] = await instances(chatId, 'chat_lifecycle')
  t.match(await admin.call('POST', `/api/process-instances/${lifecycle?.id}/cancel`), { status: 409, body: { code: 'CHAT_STILL_OPEN' } })
  t.match(await admin.ok('POST', `/api/process-instances/${lifecycle?.id}/cancel`, { force: true }), { state: 'cancelled' })
  t.match(await admin.call('POST', `/api/chats/${chatId}/complete`), { status: 409, body: { code: 'NOT_WAITING' } })
})

t.test('a failed step is noted where an event would have gone on', async (t) => {
  const workshop = await openWorkshop(t)
  const xml = definition(
    'guarded',
    [
      start(onMessage('chat.created')),
      service('notify', 'agent.notify', { to: '999999999', title: 'x' }),
      boundary('unknown', 'notify', '<bpmn:errorEventDefinition/>'),
      note('caught', 'caught'),
      end(),
      end('end_caught'),
    ],
    'start > notify > end',
    'unknown > caught > end_caught',
  )
  await workshop.deploy(xml)
  const chatId = await workshop.chatOf('Cora')
  t.same(await workshop.notes(chatId), ['caught'], 'an expected failure takes the way drawn for it')
  t.same(await workshop.incidents(), [])
})
