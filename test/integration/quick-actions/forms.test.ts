import t from 'tap'
import type { Case, WaitingTask } from '../../../src/contracts/index.ts'
import { addAgent, startParley } from '../../helpers/parley.ts'
import { openChat, someone } from '../contacts/support.ts'
import { addAction, processOf, run, submit } from './support.ts'

t.test('forms of quick actions', async (t) => {
  const parley = await startParley(t, { listen: true })
  const { admin } = parley
  const anna = await addAgent(parley, 'Anna')
  const tasksOf = async (chatId: string, agent = anna) =>
    (await agent.ok<{ items: WaitingTask[] }>('GET', `/api/chats/${chatId}/tasks`)).items
  const callbackOf = async (chatId: string) =>
    (await anna.chat(chatId)).actions.find((one) => one.processKey === 'request_callback')?.id ?? ''

  t.test('a callback is asked for with a form and becomes a case, a note and a notification', async (t) => {
    const customer = someone('Jane')
    const chat = await openChat(parley, anna, customer)
    await anna.ok('PATCH', `/api/contacts/${chat.contact.id}`, { mobilePhone: '+442079460018' })
    const socket = await anna.listen(t)
    const actionId = await callbackOf(chat.id)
    const shown = await run(anna, chat.id, actionId)
    t.match(shown, {
      status: 200,
      body: { state: 'waiting', form: { schema: { id: 'request_callback' }, data: { phone: '+442079460018' } } },
    })
    const { taskId = '' } = shown.body.form ?? {}
    t.match(
      await tasksOf(chat.id),
      [
        {
          taskId,
          processKey: 'request_callback',
          name: 'Enter phone, time and note',
          data: { phone: '+442079460018' },
          schema: { id: 'request_callback' },
        },
      ],
      'a reload finds it',
    )

    const refused = await submit(anna, taskId, { phone: 'x'.repeat(41), note: 5, priority: 'high' })
    t.match(refused, { status: 422, body: { code: 'INVALID_FORM' } })
    t.same(refused.body.problems, [
      { path: 'phone', message: 'must have at most 40 characters' },
      { path: 'when', message: 'must be filled in' },
      { path: 'note', message: 'must be a text' },
      { path: 'priority', message: 'is no field of this form' },
    ])
    t.equal((await tasksOf(chat.id)).length, 1, 'and waits on')

    const done = await submit(anna, taskId, { phone: '+44 20 7946 0018', when: 'tomorrow at 10', note: `=1+1 \${x}` })
    t.match(done, { status: 200, body: { state: 'completed', result: { message: /^Callback requested in case \d+\.$/ } } })
    const made = await anna.ok<Case>('GET', `/api/cases/${(done.body.result as { caseId: string }).caseId}`)
    t.match(made, {
      subject: `Callback: ${customer}`,
      description: `Phone: +44 20 7946 0018\nWhen: tomorrow at 10\n=1+1 \${x}`,
      source: 'Chat',
      status: 'New',
      contactId: chat.contact.id,
      assigneeId: anna.agent.id,
      chatId: chat.id,
    })
    t.match((await anna.messages(chat.id)).at(-1), {
      direction: 'note',
      text: `Callback to +44 20 7946 0018, tomorrow at 10, case ${made.number}.`,
    })
    t.match(await socket.next('notification', (frame) => frame.chatId === chat.id), { title: 'Callback requested', text: /tomorrow at 10/ })
    t.equal((await anna.chat(chat.id)).status, 'in_progress')
    t.same(await tasksOf(chat.id), [])
    t.match(await submit(anna, taskId, { phone: '1', when: '2' }), { status: 404 })

    const again = await run(anna, chat.id, actionId)
    const second = await submit(anna, again.body.form?.taskId ?? '', { phone: '+44 20 7946 0019', when: 'tonight' })
    t.not((second.body.result as { caseId: string }).caseId, made.id, 'another callback is another case')
  })

  t.test('submitted twice at once it is done once', async (t) => {
    const chat = await openChat(parley, anna, someone('Jane'))
    const { form } = (await run(anna, chat.id, await callbackOf(chat.id))).body
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => submit(anna, form?.taskId ?? '', { phone: `${index}`, when: 'now' })),
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    t.ok(
      answers.every(({ status }) => [200, 404, 409].includes(status)),
      JSON.stringify(answers.map(({ status }) => status)),
    )
    t.equal((await anna.ok<{ items: Case[] }>('GET', `/api/cases?chatId=${chat.id}`)).items.length, 1)
  })

  t.test('who may see and submit them', async (t) => {
    const ben = await addAgent(parley, 'Ben')
    const chat = await openChat(parley, anna, someone('Jane'))
    const { form } = (await run(anna, chat.id, await callbackOf(chat.id))).body
    t.match(await submit(ben, form?.taskId ?? '', { phone: '1', when: '2' }), { status: 403 })
    t.equal((await tasksOf(chat.id, ben)).length, 1, 'who may see the chat sees its forms')
    t.match(await anna.call('GET', '/api/chats/999999/tasks'), { status: 404 })
    for (const taskId of ['1~nothing', 'nonsense', '~', '999999~x']) t.match(await submit(anna, taskId, {}), { status: 404 }, taskId)
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    t.match(await submit(anna, form?.taskId ?? '', { phone: '1', when: '2' }), { status: 409, body: { code: 'CHAT_COMPLETED' } })
  })

  t.test('fields depend on each other, and hidden ones are left out', async (t) => {
    const schema = {
      type: 'default',
      id: 'order',
      components: [
        {
          type: 'select',
          key: 'size',
          label: 'Size',
          values: [
            { label: 'Small', value: 's' },
            { label: 'Large', value: 'l' },
          ],
          validate: { required: true },
        },
        {
          type: 'number',
          key: 'count',
          label: 'Count',
          validate: { min: 1, max: '=if size = &quot;s&quot; then 10 else 2'.replaceAll('&quot;', '"') },
        },
        {
          type: 'textfield',
          key: 'reason',
          label: 'Reason',
          conditional: { hide: '=size != "l"' },
          validate: { required: true, pattern: '^[A-Z]' },
        },
      ],
    }
    const xml = processOf('ordering', [
      { id: 'ask', formId: 'order', outputs: { size: '=size', count: '=count', reason: '=reason' } },
      { id: 'note', type: 'chat.note', inputs: { text: '=size + string(count) + (if reason = null then &quot;&quot; else reason)' } },
    ])
    const actionId = await addAction(admin, 'ordering', xml, { order: schema })
    const chat = await openChat(parley, anna, someone('Jane'))
    const { form } = (await run(anna, chat.id, actionId)).body
    const taskId = form?.taskId ?? ''
    t.match((await submit(anna, taskId, { size: 'xl', count: 1 })).body, {
      problems: [{ path: 'size', message: 'must be one of "s", "l"' }],
    })
    t.match((await submit(anna, taskId, { size: 'l', count: 3, reason: 'because' })).body, {
      problems: [
        { path: 'count', message: 'must be 2 or less' },
        { path: 'reason', message: 'does not have the expected form' },
      ],
    })
    t.match((await submit(anna, taskId, { size: 'l', count: 1 })).body, { problems: [{ path: 'reason', message: 'must be filled in' }] })
    t.match(await submit(anna, taskId, { size: 's', count: 9, reason: 'hidden' }), { status: 200, body: { state: 'completed' } })
    t.match((await anna.messages(chat.id)).at(-1), { direction: 'note', text: 's9' })
  })

  t.test('a step after the form that fails keeps what was submitted for the administrator', async (t) => {
    const form = { type: 'default', id: 'mail', components: [{ type: 'textfield', key: 'text', validate: { required: true } }] }
    const xml = processOf('failing_later', [
      { id: 'ask', formId: 'mail', outputs: { text: '=text' } },
      { id: 'note', type: 'chat.note', inputs: { text: '=if chat.contact.email = null then null else text' } },
    ])
    const actionId = await addAction(admin, 'failing_later', xml, { mail: form })
    const chat = await openChat(parley, anna, someone('Jane'))
    const shown = (await run(anna, chat.id, actionId)).body
    const failed = await submit(anna, shown.form?.taskId ?? '', { text: 'Call the bank' })
    t.match(failed, { status: 200, body: { instanceId: shown.instanceId, state: 'incident', problem: { code: 'INVALID_INPUT' } } })
    t.same(await tasksOf(chat.id), [])
    t.match(await submit(anna, shown.form?.taskId ?? '', { text: 'again' }), { status: 404 })
    await anna.ok('PATCH', `/api/contacts/${chat.contact.id}`, { email: 'jane@example.com' })
    const { items } = await admin.ok<{ items: { id: string; instanceId: string }[] }>('GET', '/api/incidents')
    t.match(await admin.ok('POST', `/api/incidents/${items.find((one) => one.instanceId === shown.instanceId)?.id}/retry`), {
      resolved: true,
      state: 'completed',
    })
    t.match((await anna.messages(chat.id)).at(-1), { direction: 'note', text: 'Call the bank' })
  })
})
