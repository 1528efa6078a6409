import t from 'tap'
import type { Message, Template, TemplateList } from '../../../src/contracts/index.ts'
import { addAgent, customerSees, startParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'
import { openChat, someone } from '../contacts/support.ts'

t.test('templates', async (t) => {
  const parley = await startParley(t)
  const { admin } = parley
  const anna = await addAgent(parley, 'Anna')
  const ben = await addAgent(parley, 'Ben')
  const add = (fields: Record<string, unknown>): Promise<Template> => admin.ok('POST', '/api/templates', fields)
  const find = (query: string, agent = anna): Promise<TemplateList> => agent.ok('GET', `/api/templates?${query}`)
  const names = (list: Template[]) => list.map((one) => one.name)

  t.test('administrators keep them, agents use them', async (t) => {
    const made = await admin.call<Template>('POST', '/api/templates', { name: someone('Hi'), body: 'Hello {{contact.name}}' })
    t.match(made, { status: 201, body: { body: 'Hello {{contact.name}}', language: null, queueIds: { length: 0 } } })
    const path = `/api/templates/${made.body.id}`
    t.match(await admin.ok('PATCH', path, { body: 'Dear {{ contact.name }}', language: 'en' }), {
      name: made.body.name,
      body: 'Dear {{ contact.name }}',
      language: 'en',
    })
    for (const [method, to] of [
      ['POST', '/api/templates'],
      ['PATCH', path],
      ['DELETE', path],
    ] as const) {
      t.match(await anna.call(method, to, method === 'DELETE' ? undefined : { name: 'X', body: 'Y' }), { status: 403 }, method)
    }
    t.equal((await admin.call('DELETE', path)).status, 204)
    t.match(await admin.call('DELETE', path), { status: 404 })
    t.match(await admin.call('PATCH', path, { name: 'X' }), { status: 404 })
  })

  t.test('a placeholder nobody knows is refused with the known ones', async (t) => {
    const answer = await admin.call<{ known: string[] }>('POST', '/api/templates', {
      name: 'X',
      body: '{{contact.nmae}} {{}} {{agent.name}}',
    })
    t.match(answer, { status: 422, body: { code: 'UNKNOWN_PLACEHOLDER', unknown: ['contact.nmae', ''] } })
    t.ok(answer.body.known.includes('contact.name') && answer.body.known.includes('agent.name'))
    t.match(await admin.call('POST', '/api/templates', { name: 'X', body: 'Y', queueIds: ['999999'] }), {
      status: 422,
      body: { code: 'QUEUE_NOT_FOUND' },
    })
  })

  t.test('they are found by name or text, whatever its case, page by page', async (t) => {
    const mark = someone('find').replace('find ', '')
    await add({ name: `Greeting ${mark}`, body: 'Hello' })
    await add({ name: `Apology ${mark}`, body: 'We are sorry, 100% sorry' })
    await add({ name: 'Other', body: `Text with ${mark.toUpperCase()}` })
    t.same(names((await find(`q=${mark}`)).items), [`Apology ${mark}`, `Greeting ${mark}`, 'Other'])
    t.same(names((await find(`q=greeting%20${mark}`)).items), [`Greeting ${mark}`])
    t.same((await find('q=100%25%25')).items, [])
    const first = await find(`q=${mark}&limit=2`)
    t.same(names(first.items), [`Apology ${mark}`, `Greeting ${mark}`])
    const second = await find(`q=${mark}&limit=2&cursor=${first.nextCursor}`)
    t.same([names(second.items), second.nextCursor], [['Other'], null])
  })

  t.test('a queue offers its own and those of all; a language narrows', async (t) => {
    const mark = someone('scope').replace('scope ', '')
    const queue = await admin.ok<{ id: string }>('POST', '/api/queues', { name: someone('Sales'), agentIds: [ben.agent.id] })
    await add({ name: `all ${mark}`, body: 'x' })
    await add({ name: `general ${mark}`, body: 'x', queueIds: [parley.queueId], language: 'de' })
    const sales = await add({ name: `sales ${mark}`, body: 'x', queueIds: [queue.id], language: 'en' })
    const chat = await openChat(parley, anna, someone('Jane'))
    t.same(names((await find(`q=${mark}&chatId=${chat.id}`)).items), [`all ${mark}`, `general ${mark}`])
    t.same(names((await find(`q=${mark}`)).items), [`all ${mark}`, `general ${mark}`], "without a chat those of the agent's queues")
    t.same(names((await find(`q=${mark}`, ben)).items), [`all ${mark}`, `general ${mark}`, `sales ${mark}`])
    t.same(names((await find(`q=${mark}&language=en`, admin)).items), [`all ${mark}`, `sales ${mark}`])
    t.match(await anna.call('POST', `/api/chats/${chat.id}/messages`, { templateId: sales.id }), { status: 404 })
    t.match(await anna.call('POST', `/api/templates/${sales.id}/render`, { chatId: chat.id }), { status: 404 })
  })

  t.test('the server renders once: what a customer wrote as a name stays as it is', async (t) => {
    const customer = `${someone('{{agent.name}}')} $& \${1+1}`
    const chat = await openChat(parley, anna, customer)
    const template = await add({
      name: someone('T'),
      body: 'Dear {{contact.name}}, {{ agent.name }} here. {{contact.email}}#{{chat.number}} { {contact.name} }',
    })
    const text = `Dear ${customer}, Anna here. #${chat.number} { {contact.name} }`
    const found = await find(`chatId=${chat.id}&q=${encodeURIComponent(template.name)}`)
    t.equal(found.items[0]?.rendered, text)
    t.same(await anna.ok('POST', `/api/templates/${template.id}/render`, { chatId: chat.id }), { text })
    const sent = await anna.call<{ message: Message }>('POST', `/api/chats/${chat.id}/messages`, {
      templateId: template.id,
      clientId: 'once',
    })
    t.match(sent, { status: 201, body: { message: { text, author: { name: 'Anna' } } } })
    t.match(await anna.call('POST', `/api/chats/${chat.id}/messages`, { templateId: template.id, clientId: 'once' }), {
      status: 200,
      body: { message: { id: sent.body.message.id } },
    })
    await until(async () => (await customerSees(parley, customer)).find((message) => message.text === text))
    t.match(await anna.ok('POST', `/api/chats/${chat.id}/messages`, { templateId: template.id, text: 'My own words' }), {
      message: { text: 'My own words' },
    })
  })

  t.test('what an agent used comes first for that agent, the latest on top', async (t) => {
    const mark = someone('used').replace('used ', '')
    const made = []
    for (let index = 0; index < 7; index++) made.push(await add({ name: `${index} ${mark}`, body: `Text ${index}` }))
    const chat = await openChat(parley, anna, someone('Jane'))
    const list = () => find(`q=${mark}&chatId=${chat.id}`)
    t.same((await list()).recentlyUsed, [])
    for (const index of [1, 3, 1, 5]) await anna.ok('POST', `/api/chats/${chat.id}/messages`, { templateId: made[index]?.id })
    t.same(names((await list()).recentlyUsed), [`5 ${mark}`, `1 ${mark}`, `3 ${mark}`])
    t.same(names((await find(`q=3%20${mark}`)).recentlyUsed), [`3 ${mark}`], 'those that match only')
    t.same((await find(`q=${mark}`, ben)).recentlyUsed, [], "not another agent's")
    for (const index of [0, 2, 4, 6])
      await anna.ok('POST', `/api/chats/${chat.id}/messages`, { templateId: made[index]?.id, text: 'Changed a little' })
    t.same(
      names((await list()).recentlyUsed),
      [6, 4, 2, 0, 5].map((index) => `${index} ${mark}`),
    )
    t.equal((await list()).items.length, 7)
    await admin.ok('DELETE', `/api/templates/${made[6]?.id}`)
    t.equal((await list()).recentlyUsed[0]?.name, `4 ${mark}`)
    t.match(await anna.call('POST', `/api/chats/${chat.id}/messages`, { templateId: made[6]?.id }), { status: 404 })
    t.match(await anna.call('POST', `/api/chats/${chat.id}/messages`, { templateId: made[6]?.id, text: 'As I inserted it' }), {
      status: 201,
    })
  })

  t.test('a process sends by template', async (t) => {
    const template = await add({ name: someone('T'), body: 'Hello {{contact.name}}, this is {{agent.name}}.' })
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="http://parley.local/t">
  <bpmn:process id="send_template" name="Send template" isExecutable="true">
    <bpmn:startEvent id="start" name="Start"><bpmn:extensionElements><zeebe:ioMapping><zeebe:output source="=templateId" target="templateId" /></zeebe:ioMapping></bpmn:extensionElements><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sendTask id="send" name="Send"><bpmn:extensionElements><zeebe:taskDefinition type="message.send" /><zeebe:ioMapping><zeebe:input source="=templateId" target="templateId" /></zeebe:ioMapping></bpmn:extensionElements><bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing></bpmn:sendTask>
    <bpmn:endEvent id="end" name="Sent"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="send" /><bpmn:sequenceFlow id="b" sourceRef="send" targetRef="end" />
  </bpmn:process>
</bpmn:definitions>`
    await admin.ok('POST', '/api/processes?activate=true', xml)
    const action = await admin.ok<{ id: string }>('POST', '/api/quick-actions', { caption: 'Send', processKey: 'send_template' })
    const customer = someone('Jane')
    const chat = await openChat(parley, anna, customer)
    const run = (templateId: string) => anna.call('POST', `/api/chats/${chat.id}/actions/${action.id}`, { inputs: { templateId } })
    t.match(await run(template.id), { status: 200, body: { state: 'completed' } })
    t.match((await anna.messages(chat.id)).at(-1), {
      direction: 'outgoing',
      text: `Hello ${customer}, this is Anna.`,
      author: { kind: 'process' },
    })
    t.match(await run('999999'), { status: 409, body: { code: 'TEMPLATE_NOT_FOUND' } })
    t.same((await find(`q=${encodeURIComponent(template.name)}`)).recentlyUsed, [], 'that was no agent')
  })
})
