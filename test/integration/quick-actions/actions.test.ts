import t from 'tap'
import type { QuickAction } from '../../../src/contracts/index.ts'
import { addAgent, startParley } from '../../helpers/parley.ts'
import { addContact, openChat, someone } from '../contacts/support.ts'
import { addAction, processOf, run } from './support.ts'

t.test('quick actions', async (t) => {
  const parley = await startParley(t)
  const { admin } = parley
  const anna = await addAgent(parley, 'Anna')
  const note = (text: string) => [{ id: 'note', type: 'chat.note', inputs: { text } }]
  const captions = async (chatId: string) => (await anna.chat(chatId)).actions.map((action) => action.caption)

  t.test('administrators keep the list; each queue offers its own', async (t) => {
    const chat = await openChat(parley, anna, someone('Jane'))
    const shipped = ['Link to another contact', 'Create case', 'Request callback']
    t.same(await captions(chat.id), shipped)
    const queue = await admin.ok<{ id: string }>('POST', '/api/queues', { name: someone('Sales') })
    const made = await admin.call<QuickAction>('POST', '/api/quick-actions', {
      caption: 'First of all',
      icon: 'star',
      processKey: 'create_case_from_chat',
      queueIds: [queue.id],
      order: -5,
    })
    t.match(made, {
      status: 201,
      body: { caption: 'First of all', icon: 'star', processKey: 'create_case_from_chat', queueIds: [queue.id], order: -5, enabled: true },
    })
    const path = `/api/quick-actions/${made.body.id}`
    t.same(await captions(chat.id), shipped, "not another queue's")
    t.match(await run(anna, chat.id, made.body.id), { status: 404 })
    await admin.ok('PATCH', path, { queueIds: [parley.queueId, queue.id] })
    t.same(await captions(chat.id), ['First of all', ...shipped])
    await admin.ok('PATCH', path, { order: 1000, queueIds: [] })
    t.same(await captions(chat.id), [...shipped, 'First of all'])
    t.match(await anna.ok('GET', `/api/chats/${chat.id}/actions`), {
      items: [
        { processKey: 'link_chat_to_contact', inputs: [{ name: 'contactId', required: true }] },
        {},
        {},
        { id: made.body.id, inputs: [] },
      ],
    })
    await admin.ok('PATCH', path, { enabled: false })
    t.same(await captions(chat.id), shipped)
    t.match(await run(anna, chat.id, made.body.id), { status: 404 })
    t.equal((await admin.call('DELETE', path)).status, 204)
    t.match(await admin.call('DELETE', path), { status: 404 })
    t.match(await admin.call('PATCH', path, { order: 1 }), { status: 404 })
    t.match(await anna.call('GET', '/api/quick-actions'), { status: 403 })
    t.match(await anna.call('POST', '/api/quick-actions', { caption: 'X', processKey: 'create_case_from_chat' }), { status: 403 })
    const audit = await admin.ok<{ items: { action: string; subject: string }[] }>('GET', '/api/audit?limit=100')
    const acts = audit.items.filter((entry) => entry.subject === `quick_action:${made.body.id}`).map((entry) => entry.action)
    t.same(acts, ['quick_action.deleted', 'quick_action.changed', 'quick_action.changed', 'quick_action.changed', 'quick_action.created'])
  })

  t.test('only an active process that can be started by hand can be an action', async (t) => {
    const add = (processKey: string) => admin.call('POST', '/api/quick-actions', { caption: 'X', processKey })
    t.match(await add('no_such_process'), { status: 422, body: { code: 'PROCESS_NOT_RUNNABLE', detail: /no such process/ } })
    t.match(await add('welcome_message'), { status: 422, body: { code: 'PROCESS_NOT_RUNNABLE', detail: /active/ } })
    t.match(await add('message_failed'), { status: 422, body: { code: 'PROCESS_NOT_RUNNABLE', detail: /start event/ } })
    t.match(await admin.call('POST', '/api/quick-actions', { caption: 'X', processKey: 'create_case_from_chat', queueIds: ['999999'] }), {
      status: 422,
      body: { code: 'QUEUE_NOT_FOUND' },
    })
  })

  t.test('an action whose process is switched off is not offered', async (t) => {
    const id = await addAction(admin, 'switched_off', processOf('switched_off', note('Hi')))
    const chat = await openChat(parley, anna, someone('Jane'))
    t.ok((await captions(chat.id)).includes('switched_off'))
    await admin.ok('POST', '/api/processes/switched_off/deactivate')
    t.notOk((await captions(chat.id)).includes('switched_off'))
    t.match(await run(anna, chat.id, id), { status: 409, body: { code: 'PROCESS_INACTIVE' } })
  })

  t.test('inputs are those that the process declares', async (t) => {
    const xml = processOf(
      'with_inputs',
      [
        {
          id: 'note',
          type: 'chat.note',
          inputs: { text: '=subject + &quot;: &quot; + body + (if extra = null then &quot;&quot; else extra)' },
        },
      ],
      { subject: '=subject', body: '=if remark = null then &quot;none&quot; else remark' },
    )
    const id = await addAction(admin, 'with_inputs', xml)
    const chat = await openChat(parley, anna, someone('Jane'))
    const action = (await anna.chat(chat.id)).actions.find((one) => one.id === id)
    t.same(action?.inputs, [
      { name: 'subject', required: true },
      { name: 'remark', required: false },
      { name: 'extra', required: false },
    ])
    t.match(await run(anna, chat.id, id), {
      status: 422,
      body: { code: 'INVALID_INPUTS', problems: [{ path: 'subject', message: 'is missing' }] },
    })
    t.match(await run(anna, chat.id, id, { subject: null }), { status: 422 })
    t.match(await run(anna, chat.id, id, { subject: 'A', body: 'B', caseId: '1' }), {
      status: 422,
      body: {
        problems: [
          { path: 'body', message: /no input/ },
          { path: 'caseId', message: /no input/ },
        ],
      },
    })
    t.match(await run(anna, chat.id, id, { subject: { $date: 'x' } }), { status: 422 })
    t.match(await run(anna, chat.id, id, { subject: 'A' }), { status: 200, body: { state: 'completed' } })
    const evil = `=1+1 \${process.exit()} {{agent.name}}`
    t.match(await run(anna, chat.id, id, { subject: evil, remark: 'B' }), {
      status: 200,
      body: { state: 'completed', result: { subject: evil } },
    })
    const notes = (await anna.messages(chat.id)).filter((message) => message.direction === 'note')
    t.same(
      notes.map((message) => message.text),
      ['A: none', `${evil}: B`],
    )
    t.equal((await anna.chat(chat.id)).status, 'in_progress')
  })

  t.test('the link action wants its contact', async (t) => {
    const chat = await openChat(parley, anna, someone('New'))
    const id = (await anna.chat(chat.id)).actions.find((one) => one.processKey === 'link_chat_to_contact')?.id ?? ''
    t.match(await run(anna, chat.id, id), { status: 422, body: { code: 'INVALID_INPUTS' } })
    const jane = await addContact(anna, { name: someone('Jane') })
    t.match(await run(anna, chat.id, id, { contactId: jane.id }), {
      status: 200,
      body: { state: 'completed', result: { previousRemoved: true } },
    })
  })

  t.test('who may run them, and where', async (t) => {
    const ben = await addAgent(parley, 'Ben')
    const id = await addAction(admin, 'for_owners', processOf('for_owners', note('Hi')))
    const chat = await openChat(parley, anna, someone('Jane'))
    t.match(await run(ben, chat.id, id), { status: 403, body: { code: 'NOT_OWNER' } })
    t.match(await run(anna, '999999', id), { status: 404 })
    t.match(await run(anna, chat.id, '999999'), { status: 404 })
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    t.match(await run(anna, chat.id, id), { status: 409, body: { code: 'CHAT_COMPLETED' } })
  })

  t.test('an expected refusal tells its code and leaves nothing behind', async (t) => {
    const id = await addAction(
      admin,
      'refusing',
      processOf('refusing', [...note('Before'), { id: 'link', type: 'chat.link_contact', inputs: { contactId: '999999999' } }]),
    )
    const chat = await openChat(parley, anna, someone('Jane'))
    t.match(await run(anna, chat.id, id), { status: 409, body: { code: 'CONTACT_NOT_FOUND', detail: /999999999/ } })
    t.same(
      (await anna.messages(chat.id)).filter((message) => message.direction === 'note'),
      [],
    )
    t.match(await admin.ok('GET', `/api/process-instances?key=refusing`), { items: { length: 0 } })
  })

  t.test('what nobody could expect stays as an incident that an administrator mends', async (t) => {
    const xml = processOf('stumbling', [
      ...note('Before'),
      { id: 'second', type: 'chat.note', inputs: { text: '=chat.contact.email' }, outputs: { message: '=&quot;Noted.&quot;' } },
    ])
    const id = await addAction(admin, 'stumbling', xml)
    const chat = await openChat(parley, anna, someone('Jane'))
    const answer = await run(anna, chat.id, id)
    t.match(answer, {
      status: 200,
      body: {
        state: 'incident',
        problem: { code: 'INVALID_INPUT', message: /stumbling.*administrator/ },
        result: { message: /administrator/ },
      },
    })
    t.same(
      (await anna.messages(chat.id)).filter((message) => message.direction === 'note'),
      [],
      'nothing of the step was done',
    )
    t.match(await anna.call('POST', `/api/chats/${chat.id}/messages`, { text: 'The chat goes on' }), { status: 201 })
    const { items } = await admin.ok<{ items: { id: string; instanceId: string; chatId: string; elementId: string }[] }>(
      'GET',
      '/api/incidents',
    )
    const incident = items.find((one) => one.instanceId === answer.body.instanceId)
    t.match(incident, { chatId: chat.id, elementId: 'second' })
    const retry = () => admin.ok<{ resolved: boolean; state: string }>('POST', `/api/incidents/${incident?.id}/retry`)
    t.match(await retry(), { resolved: false })
    await anna.ok('PATCH', `/api/contacts/${chat.contact.id}`, { email: 'jane@example.com' })
    t.match(await retry(), { resolved: true, state: 'completed' })
    t.same(
      (await anna.messages(chat.id)).filter((message) => message.direction === 'note').map((message) => message.text),
      ['Before', 'jane@example.com'],
    )
  })
})
