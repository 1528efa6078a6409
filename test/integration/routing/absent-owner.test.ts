import t from 'tap'
import type { ChatTile } from '../../../src/contracts/index.ts'
import { findAbandonedChats } from '../../../src/modules/routing/index.ts'
import { addAgent, customerWrites, startParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'

t.test('the chats of an agent who left go back to the queue when the queue says so', async (t) => {
  const parley = await startParley(t)
  const [anna, ben] = [await addAgent(parley, 'Anna'), await addAgent(parley, 'Ben')]
  await customerWrites(parley, 'Bob', 'Hello')
  const tile = await anna.newItem('Bob')
  await anna.accept(tile.id)
  await anna.ok('DELETE', '/api/session')
  t.match(await parley.admin.ok('GET', `/api/chats/${tile.id}`), { chat: { status: 'in_progress' } }, 'without the setting it stays')

  t.match(await parley.admin.ok('PATCH', `/api/queues/${parley.queueId}`, { requeueMinutes: 0.01 }), { requeueMinutes: 0.01 })
  const child = await until(async () => (await ben.inbox()).newItems.find((item: ChatTile) => item.contact.name === 'Bob'))
  t.not(child.id, tile.id)
  t.match(await parley.admin.ok('GET', `/api/chats/${child.id}`), { chat: { status: 'waiting', parentChatId: tile.id } })
  t.match(await parley.admin.ok('GET', `/api/chats/${tile.id}`), { chat: { status: 'completed', completionReason: 'transfer' } })
})

t.test('an agent who only became inactive keeps its chats', async (t) => {
  const parley = await startParley(t, { worker: false })
  const anna = await addAgent(parley, 'Anna')
  await parley.admin.ok('PATCH', `/api/queues/${parley.queueId}`, { requeueMinutes: 0.001 })
  await customerWrites(parley, 'Bob', 'Hello')
  const tile = await anna.newItem('Bob')
  await anna.accept(tile.id)
  await anna.becomes('inactive')
  const inAnHour = new Date(Date.now() + 3_600_000)
  t.same(await findAbandonedChats(parley.container.database.db, inAnHour, 10), [])
  t.same(
    (await anna.inbox()).inProgress.map((item) => item.id),
    [tile.id],
  )
})
