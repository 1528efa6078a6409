import t from 'tap'
import { addAgent, customerWrites, startParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'

t.test('the same webhook 20 times at once makes one message', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  const answers = await Promise.all(Array.from({ length: 20 }, () => customerWrites(parley, 'Bob', 'Hello', 'message-1')))
  t.same(
    answers.map((answer) => answer.status),
    Array.from({ length: 20 }, () => 200),
  )
  const tile = await anna.newItem('Bob')
  t.equal((await anna.messages(tile.id)).length, 1)
  t.equal(tile.unread, 1)
})

t.test('two agents who accept at once make one owner, and the other learns who it is', async (t) => {
  const parley = await startParley(t)
  const [anna, ben] = [await addAgent(parley, 'Anna'), await addAgent(parley, 'Ben')]
  for (let round = 0; round < 5; round++) {
    const customer = `Customer ${round}`
    await customerWrites(parley, customer, 'Hello')
    const tile = await anna.newItem(customer)
    await ben.newItem(customer)
    const answers = await Promise.all([anna.accept(tile.id), ben.accept(tile.id)])
    t.same(answers.map((answer) => answer.status).sort(), [200, 409])
    const won = answers[0]?.status === 200 ? anna : ben
    const refused = answers.find((answer) => answer.status === 409)?.body
    t.match(refused, { code: 'ALREADY_ACCEPTED', detail: new RegExp(won.agent.name), agent: { id: won.agent.id, name: won.agent.name } })
    t.equal((await won.chat(tile.id)).agent?.id, won.agent.id)
  }
})

t.test('100 customers who write for the first time at once make 100 chats', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  const names = Array.from({ length: 100 }, (_, index) => `Newcomer ${index}`)
  await Promise.all(names.map((name) => customerWrites(parley, name, `I am ${name}`)))
  const inbox = await until(async () => {
    const { newItems } = await anna.inbox()
    return newItems.length === 100 ? newItems : undefined
  })
  t.same(inbox.map((tile) => tile.contact.name).sort(), [...names].sort())
})

t.test('a new customer who sends 20 messages at once makes one chat with all of them', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  await Promise.all(Array.from({ length: 20 }, (_, index) => customerWrites(parley, 'Cora', `Message ${index}`, `cora-${index}`)))
  const tile = await anna.newItem('Cora')
  const messages = await anna.messages(tile.id)
  t.equal(messages.length, 20)
  const seqs = messages.map((message) => message.seq)
  t.same(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
    'in the order of their numbers, each its own',
  )
  t.equal((await anna.inbox()).newItems.length, 1)
})

t.test('a customer who writes while the chat is completed loses nothing', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  for (let round = 0; round < 5; round++) {
    const customer = `Dora ${round}`
    await customerWrites(parley, customer, 'first')
    const tile = await anna.newItem(customer)
    await anna.accept(tile.id)
    await Promise.all([
      anna.ok('POST', `/api/chats/${tile.id}/complete`),
      ...Array.from({ length: 5 }, (_, index) => customerWrites(parley, customer, `late ${index}`)),
    ])
    const chats = await anna.ok<{ items: { id: string }[] }>('GET', `/api/chats?contactId=${tile.contact.id}`)
    const texts = (await Promise.all(chats.items.map((chat) => anna.messages(chat.id))))
      .flat()
      .filter((message) => message.direction === 'incoming')
    t.equal(texts.length, 6, 'every message is in the old chat or in the one that follows it')
    t.ok(chats.items.length <= 2)
  }
})
