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
  throwing,
} from './support.ts'

/** A lifecycle that waits to be accepted and completed; `work` comes between the request to complete and the completion. */
const lifecycle = (work: readonly string[], ...chain: readonly string[]) =>
  definition(
    'chat_lifecycle',
    [
      start(onMessage('chat.created')),
      service('route', 'chat.route'),
      receive('offered', 'agent.accepted'),
      service('assign', 'chat.assign', { agentId: '=agent.id' }),
      receive('talk', 'agent.completed'),
      ...work,
      service('complete', 'chat.complete', { reason: 'agent' }),
      end(),
    ],
    ['start', 'route', 'offered', 'assign', 'talk', ...chain, 'complete', 'end'].join(' > '),
  )

t.test('an expected failure of a process refuses the request with its code and reason, and changes nothing', async (t) => {
  const workshop = await openWorkshop(t)
  const { admin, deploy, chatOf, notes, incidents, instances } = workshop
  await admin.becomes('active')
  await deploy(lifecycle([note('asked', 'asked'), service('notify', 'agent.notify', { to: '999999999', title: 'x' })], 'asked', 'notify'))
  const chatId = await chatOf('Cora')
  t.equal((await admin.accept(chatId)).status, 200)
  const before = await admin.chat(chatId)
  t.match(await admin.call('POST', `/api/chats/${chatId}/complete`), {
    status: 409,
    body: { code: 'AGENT_NOT_FOUND', detail: 'Agent 999999999 does not exist.', process: 'chat_lifecycle process' },
  })
  t.same(await admin.chat(chatId), before)
  t.same(await notes(chatId), [])
  t.same(await incidents(), [])
  t.match(await instances(chatId, 'chat_lifecycle'), [{ state: 'running' }])
})

t.test('a bug of a process answers 500 with its name, keeps the chat as it was, and is found in the step log', async (t) => {
  const workshop = await openWorkshop(t)
  const { admin, deploy, chatOf, notes, instances } = workshop
  await admin.becomes('active')
  await deploy(
    lifecycle(
      [
        note('asked', 'asked'),
        service('finish', 'chat.complete', { reason: 'process' }),
        service('notify', 'agent.notify', { to: 'owner', title: 'x' }),
      ],
      'asked',
      'finish',
      'notify',
    ),
  )
  const chatId = await chatOf('Cora')
  await admin.accept(chatId)
  const mend = await breakNotifications(workshop)
  const refused = await admin.call<{ detail: string }>('POST', `/api/chats/${chatId}/complete`)
  t.match(refused, { status: 500, body: { code: 'PROCESS_FAILED', detail: /"chat_lifecycle process".*"notify"/ } })
  t.notMatch(refused.body.detail, /notification store|exception|trigger/, 'nothing of the inside leaves')
  t.equal((await admin.chat(chatId)).status, 'in_progress')
  t.same(await notes(chatId), [])
  const [lifecycleInstance] = await instances(chatId, 'chat_lifecycle')
  t.equal(lifecycleInstance?.state, 'running', 'a completion that was taken back cancels no lifecycle')
  const log = await admin.ok<{ items: { kind: string; elementId: string; elementName: string; message: string }[] }>(
    'GET',
    `/api/process-instances/${lifecycleInstance?.id}/log`,
  )
  t.match(log.items.at(-1), { kind: 'error', elementId: 'notify', elementName: 'Do notify', message: /the notification store is broken/ })
  await mend()
  t.equal((await admin.call('POST', `/api/chats/${chatId}/complete`)).status, 200)
  t.same(await notes(chatId), ['asked'])
})

t.test('a request nobody waits for is refused', async (t) => {
  const { admin, deploy, chatOf } = await openWorkshop(t)
  await admin.becomes('active')
  await deploy(lifecycle([]))
  const chatId = await chatOf('Cora')
  t.match(await admin.call('POST', `/api/chats/${chatId}/complete`), {
    status: 409,
    body: { code: 'NOT_WAITING', detail: /agent\.completed/ },
  })
  t.equal((await admin.chat(chatId)).status, 'waiting')
})

t.test('a lifecycle that ends without completing its chat is an incident', async (t) => {
  const { admin, deploy, chatOf, incidents } = await openWorkshop(t)
  await deploy(definition('chat_lifecycle', [start(onMessage('chat.created')), note('done', 'done'), end()], 'start > done > end'))
  const chatId = await chatOf('Cora')
  t.match(await incidents(), [{ code: 'CHAT_NOT_COMPLETED' }])
  t.equal((await admin.chat(chatId)).status, 'waiting')
})

t.test('a chat completed by another process takes its lifecycle along', async (t) => {
  const { admin, deploy, chatOf, instances, sql } = await openWorkshop(t)
  await deploy(
    definition(
      'spam',
      [start(onMessage('message.received')), service('away', 'chat.complete', { reason: 'process', systemMessage: 'Spam.' }), end()],
      'start > away > end',
    ),
  )
  const chatId = await chatOf('Cora', 'Buy now')
  t.match(await admin.chat(chatId), { status: 'completed', completionReason: 'process' })
  t.match(await instances(chatId, 'chat_lifecycle'), [{ state: 'cancelled' }])
  t.same(await sql('select * from process_waits'), [])
})

t.test('a failing fact that had completed the chat leaves chat and lifecycle alone', async (t) => {
  const workshop = await openWorkshop(t)
  const { admin, deploy, chatOf, instances } = workshop
  await admin.becomes('active')
  await deploy(
    definition(
      'closer',
      [
        start(onMessage('message.received')),
        service('away', 'chat.complete', { reason: 'process' }),
        service('tell', 'agent.notify', { to: 'queue', title: 'x' }),
        end(),
      ],
      'start > away > tell > end',
    ),
  )
  await breakNotifications(workshop)
  const chatId = await chatOf('Cora')
  t.equal((await admin.chat(chatId)).status, 'waiting')
  t.match(await instances(chatId, 'chat_lifecycle'), [{ state: 'running' }])
  t.equal((await admin.accept(chatId)).status, 200, 'it can be accepted')
})

t.test('events raised in a step are handled breadth first, in the same transaction', async (t) => {
  const { deploy, chatOf, notes } = await openWorkshop(t)
  const on = (key: string, event: string, ...raises: string[]) =>
    definition(
      key,
      [start(onMessage(event)), note('seen', `="${key}"`), ...raises.map((name, index) => throwing(`throw_${index}`, name)), end()],
      ['start', 'seen', ...raises.map((_, index) => `throw_${index}`), 'end'].join(' > '),
    )
  await deploy(on('first', 'message.received', 'chat.idle', 'case.created'))
  await deploy(on('second_a', 'chat.idle', 'message.read'))
  await deploy(on('second_b', 'case.created'))
  await deploy(on('third', 'message.read'))
  t.same(await notes(await chatOf('Cora')), ['first', 'second_a', 'second_b', 'third'])
})

t.test('processes that raise each other for ever stop at an incident of the one that went too far', async (t) => {
  const { deploy, chatOf, notes, incidents, instances } = await openWorkshop(t)
  await deploy(
    definition('ping', [start(onMessage('message.read')), note('n', 'ping'), throwing('t', 'chat.idle'), end()], 'start > n > t > end'),
  )
  await deploy(
    definition('pong', [start(onMessage('chat.idle')), note('n', 'pong'), throwing('t', 'message.read'), end()], 'start > n > t > end'),
  )
  await deploy(definition('spark', [start(onMessage('chat.created')), throwing('t', 'chat.idle'), end()], 'start > t > end'))
  const chatId = await chatOf('Cora')
  t.match(await incidents(), [{ code: 'EVENT_LOOP', message: /10 times/ }])
  t.equal((await notes(chatId)).length, 9)
  t.equal((await instances(chatId, 'spark')).at(0)?.state, 'completed', 'who began it has done nothing wrong')
})

t.test('a message wakes the instance that waits for it and starts what starts on it', async (t) => {
  const { deploy, chatOf, notes, instances, sql } = await openWorkshop(t)
  await deploy(
    definition(
      'listener',
      [
        start(onMessage('chat.created')),
        receive('greeted', 'message.received'),
        receive('wait', 'chat.completed'),
        boundary('heard', 'wait', onMessage('message.received'), false),
        note('noted', '="heard " + event.text'),
        end(),
        end('end_noted'),
      ],
      'start > greeted > wait > end',
      'heard > noted > end_noted',
    ),
  )
  const chatId = await chatOf('Cora', 'one')
  await chatOf('Cora', 'two')
  await chatOf('Cora', 'three')
  t.same(await notes(chatId), ['heard two', 'heard three'], 'every time')
  await deploy(
    definition(
      'starter',
      [start(onMessage('message.received')), note('noted', '="started by " + event.text'), end()],
      'start > noted > end',
    ),
  )
  await chatOf('Cora', 'four')
  t.same((await notes(chatId)).slice(2).toSorted(), ['heard four', 'started by four'])
  t.equal((await instances(chatId, 'starter')).length, 1)
  t.same(await sql('select * from process_events'), [])
})

t.test('several instances of one process in one chat each go their own way', async (t) => {
  const { admin, deploy, chatOf, notes } = await openWorkshop(t)
  await deploy(
    definition(
      'twin',
      [start(onMessage('message.received')), receive('wait', 'message.read'), note('noted', '=chat.contact.name'), end()],
      'start > wait > noted > end',
    ),
  )
  const chatId = await chatOf('Cora', 'one')
  await chatOf('Cora', 'two')
  const running = await admin.ok<{ items: unknown[] }>('GET', `/api/process-instances?key=twin&chatId=${chatId}&element=wait`)
  t.equal(running.items.length, 2)
  t.same(await notes(chatId), [])
})

t.test('what a customer writes is never evaluated', async (t) => {
  const { deploy, chatOf, notes, incidents, sql } = await openWorkshop(t)
  await deploy(
    definition(
      'echo',
      [
        start(onMessage('message.received')),
        service('keep', 'variables.set', { said: '=event.text' }, { outputs: { said: '=said' } }),
        note('noted', '=said + " by " + chat.contact.name'),
        end(),
      ],
      'start > keep > noted > end',
    ),
  )
  for (const text of ['=1+1', '${1+1}', '= chat.contact.mobilePhone', '{{chat.id}}', '"+chat.id+"', '=for i in 1..1000000000 return i']) {
    const chatId = await chatOf(text, text)
    t.same(await notes(chatId), [`${text} by ${text}`])
  }
  t.same(await incidents(), [])
  t.match(await sql(`select outputs from process_log where element_id = 'keep' and kind = 'left' order by id limit 1`), [
    { outputs: { said: '=1+1' } },
  ])
})
