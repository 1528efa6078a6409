import t from 'tap'
import type { AuditEntry, ReportOverview, SearchHit } from '../../../src/contracts/index.ts'
import { csvField } from '../../../src/modules/reports/chats-csv.ts'
import { ManualClock } from '../../../src/platform/clock.ts'
import { addAgent, customerWrites, startParley } from '../../helpers/parley.ts'

const second = 1_000

t.test('the overview counts chats by queue, agent, channel and day', async (t) => {
  const clock = new ManualClock(new Date('2026-03-02T10:00:00Z'))
  const parley = await startParley(t, { clock, worker: false })
  const anna = await addAgent(parley, 'Anna')
  await parley.admin.ok('PATCH', `/api/queues/${parley.queueId}`, { firstResponseMinutes: 1 })

  await customerWrites(parley, 'Bob', 'Where is my order?')
  const bob = await anna.newItem('Bob')
  clock.advance(20 * second)
  await anna.accept(bob.id)
  clock.advance(70 * second)
  await parley.container.host.wake(bob.id)
  t.type((await anna.chat(bob.id)).overdueSince, 'string', 'the first response is overdue')
  await anna.reply(bob.id, 'One moment')
  clock.advance(10 * second)
  await customerWrites(parley, 'Bob', 'Thanks')
  clock.advance(30 * second)
  await anna.reply(bob.id, 'It is on its way')
  clock.advance(20 * second)
  await anna.ok('POST', `/api/chats/${bob.id}/complete`)
  await customerWrites(parley, '=Cora', 'Hello')
  await anna.newItem('=Cora')
  clock.advance(second)

  const overview = await parley.admin.ok<ReportOverview>('GET', '/api/reports/overview?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z')
  t.match(overview.totals, {
    chats: 2,
    completed: 1,
    waiting: 1,
    transfers: 0,
    overdueShare: 0.5,
    firstResponseSeconds: 90,
    ongoingResponseSeconds: 30,
    waitSeconds: 20,
    handleSeconds: 130,
    deliveryFailures: 0,
  })
  t.match(overview.byQueue, [{ name: 'General', chats: 2 }])
  t.match(overview.byChannel, [{ name: 'Simulator', chats: 2 }])
  t.match(overview.byDay, [{ day: '2026-03-02', chats: 2 }])
  t.match(
    overview.byAgent.find((agent) => agent.name === 'Anna'),
    { chats: 1, completed: 1, waitSeconds: 20 },
  )
  t.match(
    await parley.admin.ok('GET', `/api/reports/overview?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z&agentId=${anna.agent.id}`),
    { totals: { chats: 1 } },
  )
  t.match(await parley.admin.call('GET', '/api/reports/overview?from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z'), { status: 400 })
  t.match(await anna.call('GET', '/api/reports/overview'), { status: 403 }, 'reports are for supervisors')

  const csv = await parley.admin.call<string>('GET', '/api/reports/chats.csv?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z')
  const lines = csv.body.trim().split('\r\n')
  t.equal(lines.length, 3)
  t.match(lines[1], /^1,completed,.*,agent,Simulator,General,Anna,Bob,,90,30,1,0$/)
  t.match(lines[2], /,'=Cora,/, 'a name cannot become a formula')
})

t.test('fields of the export survive what they hold', async (t) => {
  t.equal(csvField('a "quoted", text'), '"a ""quoted"", text"')
  t.equal(csvField('two\nlines'), '"two\nlines"')
  t.equal(csvField(-5), '-5')
  t.equal(csvField('-5'), "'-5")
  t.equal(csvField(null), '')
})

t.test('the search finds words in messages of visible chats', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  await customerWrites(parley, 'Bob', 'My parcel 4711 never arrived')
  await customerWrites(parley, 'Cora', 'Another parcel, please')
  await anna.newItem('Bob')
  const cora = await anna.newItem('Cora')
  const found = await anna.ok<{ items: SearchHit[] }>('GET', '/api/search?q=parcel')
  t.same(
    found.items.map((hit) => hit.contact.name),
    ['Cora', 'Bob'],
    'newest first',
  )
  t.match(found.items[0], { chatId: cora.id, snippet: '\u0002parcel\u0003', direction: 'incoming' })
  t.match(await anna.ok('GET', '/api/search?q=parcel%20-4711'), { items: [{ contact: { name: 'Cora' } }] })
  const first = await anna.ok<{ items: SearchHit[]; nextCursor: string }>('GET', '/api/search?q=parcel&limit=1')
  t.match(await anna.ok('GET', `/api/search?q=parcel&limit=1&cursor=${first.nextCursor}`), { items: [{ contact: { name: 'Bob' } }] })
  t.match(await anna.ok('GET', '/api/chats?q=4711'), { items: [{ contact: { name: 'Bob' } }] }, 'the chat list looks into texts')
  t.match(await anna.ok('GET', '/api/chats?q=cor'), { items: [{ contact: { name: 'Cora' } }] }, 'and into names')

  const queue = await parley.admin.ok<{ id: string }>('POST', '/api/queues', { name: 'Elsewhere', agentIds: [] })
  await parley.container.database.db.updateTable('chats').set({ queue_id: queue.id }).where('id', '=', cora.id).execute()
  await parley.container.database.db.deleteFrom('chat_offers').where('chat_id', '=', cora.id).execute()
  t.match(
    (await anna.ok<{ items: SearchHit[] }>('GET', '/api/search?q=parcel')).items.map((hit) => hit.contact.name),
    ['Bob'],
  )
})

t.test('administrative acts are in the audit log', async (t) => {
  const parley = await startParley(t, { worker: false })
  const anna = await addAgent(parley, 'Anna')
  const log = await parley.admin.ok<{ items: AuditEntry[] }>('GET', '/api/audit?limit=5')
  t.match(log.items[0], { agent: { id: parley.admin.agent.id }, action: 'agent.created', subject: `agent:${anna.agent.id}` })
  t.equal((await anna.call('GET', '/api/audit')).status, 403)
})

t.test('tags and priority are set and shown', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  await customerWrites(parley, 'Bob', 'Hello')
  const tile = await anna.newItem('Bob')
  t.match(await anna.ok('PATCH', `/api/chats/${tile.id}`, { tags: ['vip', 'vip', 'refund'], priority: 5 }), {
    chat: { tags: ['vip', 'refund'], priority: 5 },
  })
  t.match(await anna.call('PATCH', `/api/chats/${tile.id}`, { priority: 101 }), { status: 400 })
})

t.test('agents see who else looks at a chat, and who types', async (t) => {
  const parley = await startParley(t, { listen: true })
  const [anna, ben] = [await addAgent(parley, 'Anna'), await addAgent(parley, 'Ben')]
  await customerWrites(parley, 'Bob', 'Hello')
  const tile = await anna.newItem('Bob')
  const [annas, bens] = [await anna.listen(t), await ben.listen(t)]
  annas.send({ type: 'watch', chatId: tile.id })
  await annas.next('chat.viewers', (frame) => frame.viewers.length === 1)
  bens.send({ type: 'watch', chatId: tile.id })
  t.match(await annas.next('chat.viewers', (frame) => frame.viewers.length === 2), { viewers: [{ name: 'Anna' }, { name: 'Ben' }] })
  bens.send({ type: 'typing', chatId: tile.id })
  t.match(await annas.next('chat.typing'), { chatId: tile.id, author: { kind: 'agent', name: 'Ben' } })
  bens.socket.close()
  await annas.next('chat.viewers', (frame) => frame.viewers.length === 1 && annas.of('chat.viewers').indexOf(frame) > 1)
})
