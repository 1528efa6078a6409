import t from 'tap'
import type { ActionResult, Case, Contact, QuickAction } from '../../src/contracts/index.ts'
import { startParley, type TestAgent } from '../helpers/parley.ts'
import { accepts, areaOf, openDesk, runsAction, transfers } from './support.ts'

/** A process with this key that notes who writes on which channel, from the chat it is run on. */
const noteProcess = (key: string) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="x">
  <bpmn:process id="${key}" name="Note the customer" isExecutable="true">
    <bpmn:startEvent id="wanted" name="Wanted"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="a" sourceRef="wanted" targetRef="add_note" />
    <bpmn:serviceTask id="add_note" name="Add note">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="chat.note" />
        <zeebe:ioMapping>
          <zeebe:input source="=chat.contact.name + &quot; wrote: &quot; + chat.firstMessage + &quot; (&quot; + agent.name + &quot;)&quot;" target="text" />
        </zeebe:ioMapping>
      </bpmn:extensionElements>
      <bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="b" sourceRef="add_note" targetRef="done" />
    <bpmn:endEvent id="done" name="Done"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>`

async function casesOf(agent: TestAgent, chatId: string): Promise<Case[]> {
  return (await agent.ok<{ items: Case[] }>('GET', `/api/cases?chatId=${chatId}`)).items
}

t.test('Quick actions', async (t) => {
  const parley = await startParley(t)
  const [desk, elsewhere] = [await openDesk(parley), await openDesk(parley)]
  const anna = await desk.agent('Anna')

  await t.test('an administrator lists a process as an action; running it uses the data of the chat, which stays open', async (t) => {
    const key = 'note_the_customer'
    await parley.admin.ok('POST', '/api/processes?activate=true&comment=first', noteProcess(key))
    const fields = { caption: 'Note the customer', processKey: key, queueIds: [desk.queue.id] }
    const action = await parley.admin.ok<QuickAction>('POST', '/api/quick-actions', fields)
    const { chatId, customer } = await desk.conversation(anna, 'My fridge is warm')
    const offered = (await anna.ok<{ items: { id: string; caption: string }[] }>('GET', `/api/chats/${chatId}/actions`)).items
    t.match(
      offered.find(({ id }) => id === action.id),
      { caption: 'Note the customer' },
    )
    const ben = await elsewhere.agent('Ben')
    const other = await elsewhere.conversation(ben)
    t.notOk(
      other.chat.actions.some(({ id }) => id === action.id),
      'only in the queues it is for',
    )

    t.match(await runsAction<ActionResult>(anna, chatId, key), { state: 'completed', instanceId: /./ })
    const note = (await anna.messages(chatId)).find(({ direction }) => direction === 'note')
    t.equal(note?.text, `${customer.name} wrote: My fridge is warm (Anna)`)
    t.match(await anna.chat(chatId), { status: 'in_progress' })
    t.equal(await areaOf(anna, chatId), 'In progress')
    await customer.writes('Well?')
    await anna.reply(chatId, 'On it')
    await customer.gets('On it')

    await parley.admin.ok('PATCH', `/api/quick-actions/${action.id}`, { enabled: false })
    t.notOk(
      (await anna.chat(chatId)).actions.some(({ id }) => id === action.id),
      'and can be taken off the list',
    )
    t.equal((await anna.call('POST', '/api/quick-actions', fields)).status, 403)
  })

  await t.test('an action with a form asks the agent, works on the answer, and leaves the chat open', async (t) => {
    const { chatId } = await desk.conversation(anna, 'Please call me')
    const asked = await runsAction<ActionResult>(anna, chatId, 'request_callback')
    t.match(asked, { state: 'waiting', form: { taskId: /./ } })
    const variables = { phone: '+44 20 7946 0018', when: 'tomorrow at 10', note: 'About the fridge' }
    t.match(await anna.ok('POST', `/api/tasks/${asked.form?.taskId}/complete`, { variables }), { state: 'completed' })
    t.ok((await anna.messages(chatId)).some(({ direction, text }) => direction === 'note' && /7946 0018/.test(text ?? '')))
    t.equal(await areaOf(anna, chatId), 'In progress')
  })

  await t.test('a case from the chat has every field as promised', async (t) => {
    const customer = desk.customer()
    await customer.writes('My fridge is warm')
    const { id: chatId, contact } = await anna.newItem(customer.name)
    await customer.writes('Since yesterday')
    const account = await parley.admin.ok<{ id: string }>('POST', '/api/accounts', { name: 'Weber GmbH' })
    await anna.ok<Contact>('PATCH', `/api/contacts/${contact.id}`, { accountId: account.id })
    await accepts(anna, chatId)
    await customer.writes('And it smells')
    await anna.reply(chatId, 'Which model is it?')
    await customer.writes('An F-200')

    const before = Date.now()
    const { result } = await runsAction<ActionResult>(anna, chatId, 'create_case_from_chat')
    const [made, ...others] = await casesOf(anna, chatId)
    if (!made) throw new Error('There is no case')
    const { id, number, registeredAt, ...fields } = made
    t.same(fields, {
      subject: 'My fridge is warm',
      description: 'My fridge is warm\nSince yesterday\nAnd it smells',
      source: 'Chat',
      status: 'New',
      contactId: contact.id,
      accountId: account.id,
      assigneeId: anna.agent.id,
      chatId,
    })
    t.ok(Date.parse(registeredAt) >= before && Date.parse(registeredAt) <= Date.now(), 'registered when it was made')
    t.match(result, { caseId: id, message: new RegExp(String(number)) })
    t.same(others, [])
    t.equal(await areaOf(anna, chatId), 'In progress')

    t.match(await runsAction<ActionResult>(anna, chatId, 'create_case_from_chat'), { result: { caseId: id, existed: true } })
    t.equal((await casesOf(anna, chatId)).length, 1, 'once')
  })

  await t.test('a case from a transferred chat is about the whole conversation and assigned to the agent who has it', async (t) => {
    const { chatId } = await desk.conversation(anna, 'My oven is cold')
    const ben = await desk.agent('Ben')
    const { childChat } = await transfers(anna, chatId, { agentId: ben.agent.id })
    await runsAction(ben, childChat.id, 'create_case_from_chat')
    t.match(await casesOf(ben, childChat.id), [
      { subject: 'My oven is cold', description: 'My oven is cold', accountId: null, assigneeId: ben.agent.id },
    ])
  })
})
