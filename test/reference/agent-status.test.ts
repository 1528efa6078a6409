import t from 'tap'
import type { Agent } from '../../src/contracts/index.ts'
import { logIn, startParley } from '../helpers/parley.ts'
import { accepts, areaOf, openDesk } from './support.ts'

t.test('Agent status', async (t) => {
  const parley = await startParley(t)
  const desk = await openDesk(parley)
  const login = { email: 'anna@example.com', password: 'a long enough password' }
  const { agent } = await parley.admin.ok<{ agent: Agent }>('POST', '/api/agents', { name: 'Anna', ...login, queueIds: [desk.queue.id] })
  const anna = await logIn(parley, login)

  await t.test('a login starts inactive, and no new chat comes before the switch to active', async (t) => {
    t.match(anna.agent, { id: agent.id, status: 'inactive' })
    const customer = desk.customer()
    await customer.writes('Anybody there?')
    t.same(await anna.inbox(), { newItems: [], inProgress: [] })
    t.match(await anna.ok('PUT', '/api/session/status', { status: 'active' }), { agent: { status: 'active' } })
    t.match(await anna.newItem(customer.name), { status: 'waiting' }, 'what waits is offered at once')
  })

  await t.test('an active agent sees new chats and messages, processes them and answers', async (t) => {
    const { customer, chatId } = await desk.conversation(anna)
    await customer.writes('One more thing')
    t.match((await anna.messages(chatId)).at(-1), { text: 'One more thing' })
    await anna.reply(chatId, 'Go on')
    await customer.gets('Go on')
  })

  await t.test('an inactive agent keeps what it received, processes and answers it, and gets no new chats', async (t) => {
    const { customer, chatId } = await desk.conversation(anna)
    const received = desk.customer()
    await received.writes('Received before')
    const offered = await anna.newItem(received.name)
    await anna.becomes('inactive')
    const late = desk.customer()
    await late.writes('Too late for Anna')

    t.equal(await areaOf(anna, offered.id), 'New items')
    t.equal(await areaOf(anna, chatId), 'In progress')
    t.notOk((await anna.inbox()).newItems.some(({ contact }) => contact.name === late.name))
    await customer.writes('Still here?')
    t.match((await anna.messages(chatId)).at(-1), { text: 'Still here?' }, 'messages of its chats go on coming')
    await anna.reply(chatId, 'Yes')
    await customer.gets('Yes')
    t.match(await accepts(anna, offered.id), { status: 'in_progress', agent: { name: 'Anna' } })
    await anna.reply(offered.id, 'Hello')
    await received.gets('Hello')
    await anna.becomes('active')
    await anna.newItem(late.name)
  })

  await t.test('closing the session makes the agent inactive, and new chats go past it', async (t) => {
    const { chatId } = await desk.conversation(anna)
    await anna.ok('DELETE', '/api/session')
    t.match(await parley.admin.ok('GET', `/api/agents/${agent.id}`), { agent: { status: 'inactive' } })
    const late = desk.customer()
    await late.writes('Nobody is here')
    const back = await logIn(parley, login)
    t.equal(back.agent.status, 'inactive', 'the status of before is not taken up again')
    t.notOk((await back.inbox()).newItems.some(({ contact }) => contact.name === late.name))
    t.equal(await areaOf(back, chatId), 'In progress', 'its chats are still there')
  })
})
