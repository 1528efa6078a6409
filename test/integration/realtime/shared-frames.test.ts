import { randomUUID } from 'node:crypto'
import t from 'tap'
import { addAgent, customerWrites, startParley } from '../../helpers/parley.ts'

t.test('agents who are told of the same change see the same chat, but each only their own draft', async (t) => {
  const parley = await startParley(t, { listen: true })
  const [ann, bob, cat] = [await addAgent(parley, 'Ann'), await addAgent(parley, 'Bob'), await addAgent(parley, 'Cat')]
  const name = `Customer ${randomUUID()}`
  await customerWrites(parley, name, 'Hello')
  const { id } = await ann.newItem(name)
  for (const agent of [ann, bob]) await agent.ok('PUT', `/api/chats/${id}/draft`, { text: `Draft of ${agent.agent.name}`, fileIds: [] })
  const sockets = { ann: await ann.listen(t), bob: await bob.listen(t), cat: await cat.listen(t) }
  t.equal((await cat.accept(id)).status, 200)
  const told = async (socket: typeof sockets.ann) => (await socket.next('chat.updated', ({ chat }) => chat.status === 'in_progress')).chat
  const chats = { ann: await told(sockets.ann), bob: await told(sockets.bob), cat: await told(sockets.cat) }
  t.match(chats.ann, { id, hasDraft: true, draft: { text: 'Draft of Ann' }, agent: { id: cat.agent.id } })
  t.match(chats.bob, { id, hasDraft: true, draft: { text: 'Draft of Bob' }, agent: { id: cat.agent.id } })
  t.match(chats.cat, { id, hasDraft: false, draft: null, agent: { id: cat.agent.id } })
  const { draft: _own, hasDraft: _has, ...common } = chats.ann
  t.match(chats.cat, common, 'all the rest is the same')
})
