import t from 'tap'
import type { TransferTargets } from '../../src/contracts/index.ts'
import { startParley } from '../helpers/parley.ts'
import { accepts, areaOf, openDesk, textsOf, transfers } from './support.ts'

t.test('Transfer', async (t) => {
  const parley = await startParley(t, { listen: true })
  const [sales, repairs] = [await openDesk(parley), await openDesk(parley)]
  const anna = await sales.agent('Anna')
  const ben = await repairs.agent('Ben', { maxChats: 1 })
  const cleo = await repairs.agent('Cleo', {}, 'inactive')

  await t.test('agents are listed with their status, queues with the available agents besides the current one', async (t) => {
    const { chatId } = await sales.conversation(anna)
    const { agents, queues } = await anna.ok<TransferTargets>('GET', `/api/chats/${chatId}/transfer-targets`)
    t.notOk(agents.some(({ id }) => id === anna.agent.id))
    t.match(
      agents.find(({ id }) => id === ben.agent.id),
      { name: 'Ben', status: 'active' },
    )
    t.match(
      agents.find(({ id }) => id === cleo.agent.id),
      { name: 'Cleo', status: 'inactive' },
    )
    const availableIn = (queueId: string) => queues.find(({ id }) => id === queueId)?.availableAgents
    t.equal(availableIn(sales.queue.id), 0, 'Anna alone is there, and she is the current agent')
    t.equal(availableIn(repairs.queue.id), 1, 'Ben; Cleo is inactive')
    t.equal(queues.find(({ id }) => id === repairs.queue.id)?.name, repairs.queue.name)
  })

  await t.test('to an agent: the chat is completed and a child chat is in progress with that agent, who reads it all', async (t) => {
    const { customer, chatId } = await sales.conversation(anna, 'My fridge is warm')
    await anna.reply(chatId, 'A colleague knows more')
    const socket = await anna.listen(t)
    const { chat, childChat, warnings } = await transfers(anna, chatId, { agentId: ben.agent.id, note: 'Model F-200' })
    t.match(chat, { status: 'completed', completionReason: 'transfer', childChatId: childChat.id })
    t.match(childChat, { status: 'in_progress', parentChatId: chatId, agent: { id: ben.agent.id }, contact: { id: chat.contact.id } })
    t.same(warnings, [])

    await socket.next('inbox.remove', (frame) => frame.chatId === chatId)
    t.equal(await areaOf(anna, chatId), null)
    t.equal(await areaOf(ben, childChat.id), 'In progress')
    t.match(await anna.call('POST', `/api/chats/${chatId}/messages`, { text: 'One more' }), {
      status: 409,
      body: { code: 'CHAT_COMPLETED' },
    })
    t.same(await textsOf(anna, chatId), ['My fridge is warm', 'A colleague knows more'], 'and readable')

    t.same(await textsOf(ben, childChat.id), [])
    t.same(await textsOf(ben, childChat.id, '?lineage=true'), ['My fridge is warm', 'A colleague knows more'])
    t.match((await ben.messages(childChat.id))[0], { direction: 'note', text: 'Model F-200' })
    await customer.writes('Are you there?')
    await ben.reply(childChat.id, 'Ben here')
    await customer.gets('Ben here')
    t.same(await textsOf(ben, childChat.id, '?lineage=true'), ['My fridge is warm', 'A colleague knows more', 'Are you there?', 'Ben here'])
    const third = await transfers(ben, childChat.id, { agentId: anna.agent.id })
    t.same((await textsOf(anna, third.childChat.id, '?lineage=true')).length, 4, 'over several transfers too')
  })

  await t.test('to a queue: the child chat waits, is offered by the rule of the queue, and is in progress once accepted', async (t) => {
    const { chatId } = await sales.conversation(anna, 'My oven is cold')
    const { childChat } = await transfers(anna, chatId, { queueId: repairs.queue.id })
    t.match(childChat, { status: 'waiting', agent: null, queue: { id: repairs.queue.id }, parentChatId: chatId })
    t.match(await anna.chat(chatId), { status: 'completed' })
    t.equal(await areaOf(ben, childChat.id), 'New items')
    t.equal(await areaOf(cleo, childChat.id), null, 'an inactive agent of the queue is offered nothing')
    t.equal(await areaOf(anna, childChat.id), null, 'she is no member')
    t.match(await accepts(ben, childChat.id), { status: 'in_progress', agent: { id: ben.agent.id } })
    t.equal(await areaOf(ben, childChat.id), 'In progress')
    t.same(await textsOf(ben, childChat.id, '?lineage=true'), ['My oven is cold'])
    await ben.ok('POST', `/api/chats/${childChat.id}/complete`)
  })

  await t.test('a queue that offers to one agent at a time does so with a transferred chat', async (t) => {
    const desk = await openDesk(parley, { routingRule: 'round_robin' })
    const team = [await desk.agent('Dora'), await desk.agent('Emil')]
    const offeredTo: string[] = []
    for (const text of ['One', 'Two']) {
      const { chatId } = await sales.conversation(anna, text)
      const { childChat } = await transfers(anna, chatId, { queueId: desk.queue.id })
      for (const agent of team) if ((await areaOf(agent, childChat.id)) === 'New items') offeredTo.push(agent.agent.id)
    }
    t.same(offeredTo.sort(), team.map(({ agent }) => agent.id).sort(), 'each got one of the two')
  })

  await t.test('full and inactive targets are allowed with a warning', async (t) => {
    const first = await sales.conversation(anna)
    await transfers(anna, first.chatId, { agentId: ben.agent.id })
    const second = await sales.conversation(anna)
    t.match((await transfers(anna, second.chatId, { agentId: ben.agent.id })).warnings, [/Ben already has 1/])
    const third = await sales.conversation(anna)
    const { childChat, warnings } = await transfers(anna, third.chatId, { agentId: cleo.agent.id })
    t.match(warnings, [/Cleo is inactive/])
    t.equal(await areaOf(cleo, childChat.id), 'In progress')
  })
})
