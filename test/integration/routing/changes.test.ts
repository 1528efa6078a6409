import t from 'tap'
import { openOffice } from './support.ts'

t.test('priority goes before age when a place is free', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { maxChats: 1, status: 'inactive' })
  const queue = await office.queue({ rule: 'least_loaded' }, [ann])
  const old = await office.arrive(queue)
  const urgent = await office.arrive(queue, { priority: 5 })
  await office.setStatus(ann, 'active')
  t.strictSame([await office.offeredTo(old), await office.offeredTo(urgent)], [[], [ann]])
})

t.test("the queue's limit: no offer beyond it, no acceptance beyond it, and the next chat when one ends", async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({ maxChats: 1 }, [ann, ben])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  await office.accept(first, ann)
  await t.rejects(office.accept(second, ben), { code: 'CAPACITY_REACHED', message: /has reached its limit of 1 chats/ })
  const third = await office.arrive(queue)
  t.strictSame(await office.offeredTo(third), [])
  t.match(await office.lastReason(third), /^No offer: the queue ".*" has reached its limit of 1 chat in progress\.$/)
  await office.complete(first)
  t.strictSame(await office.offeredTo(third), [ann, ben])

  const single = await office.queue({ rule: 'least_loaded', maxChats: 2 }, [ann, ben])
  const chats = [await office.arrive(single), await office.arrive(single), await office.arrive(single)]
  const offered = async () => (await Promise.all(chats.map((chat) => office.offeredTo(chat)))).map((ids) => ids.length)
  t.strictSame(await offered(), [1, 1, 0], 'open offers hold places of the queue too')
  await office.complete(chats[0] ?? '')
  t.strictSame(await offered(), [0, 1, 1])
})

t.test('a raised limit, a new member and a changed rule offer waiting chats at once', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { maxChats: 1 })
  const [ben, cleo] = [await office.agent('Ben', { role: 'admin' }), await office.agent('Cleo')]
  const queue = await office.queue({ rule: 'least_loaded' }, [ann])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  t.strictSame([await office.offeredTo(first), await office.offeredTo(second)], [[ann], []])
  await office.database.transaction(async (work) => {
    await work.trx.updateTable('agents').set({ max_chats: 2 }).where('id', '=', ann).execute()
    await office.routing.agentChanged(work, { id: ann, disabled: false }, ['maxChats'])
  })
  await office.routing.settled()
  t.strictSame(await office.offeredTo(second), [ann])

  const third = await office.arrive(queue)
  await office.routing.queues.change(ben, queue, { agentIds: [ann, cleo] })
  await office.routing.settled()
  t.strictSame(await office.offeredTo(third), [cleo])
  await office.routing.queues.change(ben, queue, { agentIds: [ann] })
  await office.routing.settled()
  t.strictSame(await office.states(third), { [cleo]: 'withdrawn' }, 'who left the queue loses its offers')
  t.match(await office.lastReason(third), /^Cleo may no longer take chats of this queue\. No active agent/)

  await office.routing.queues.change(ben, queue, { routingRule: 'everyone', agentIds: [ann, cleo] })
  await office.routing.settled()
  for (const chat of [first, second]) t.strictSame(await office.offeredTo(chat), [ann, cleo])
  t.strictSame(await office.offeredTo(third), [ann, cleo], 'offers to everyone hold no places')
  await office.routing.queues.change(ben, queue, { routingRule: 'round_robin' })
  await office.routing.settled()
  const offered = await Promise.all([first, second, third].map((chat) => office.offeredTo(chat)))
  t.strictSame(
    offered.map((ids) => ids.length),
    [1, 1, 1],
    'and each is for one agent again',
  )
})

t.test('a disabled agent keeps no offer', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({}, [ann, ben])
  const chat = await office.arrive(queue)
  await office.database.transaction(async (work) => {
    await work.trx.updateTable('agents').set({ disabled: true }).where('id', '=', ann).execute()
    await office.routing.agentChanged(work, { id: ann, disabled: true }, ['disabled'])
  })
  t.equal((await office.database.db.selectFrom('agents').select('id').where('disabled', '=', true).execute()).length, 1)
  await office.routing.settled()
  t.strictSame(await office.offeredTo(chat), [ben])
})

t.test("chat.route takes another rule, another queue or only some of the queue's agents", async (t) => {
  const office = await openOffice(t)
  const [ann, ben, cleo] = [await office.agent('Ann'), await office.agent('Ben'), await office.agent('Cleo')]
  const [queue, other] = [await office.queue({}, [ann, ben]), await office.queue({}, [cleo])]
  const one = await office.chat(queue)
  t.equal((await office.route(one, { rule: 'round_robin' })).offeredTo.length, 1)
  const named = await office.chat(queue)
  t.strictSame(await office.route(named, { agentIds: [ben, cleo] }), { offeredTo: [ben] }, 'Cleo does not belong to the queue')
  const nobody = await office.chat(queue)
  await office.route(nobody, { agentIds: [cleo] })
  t.match(await office.lastReason(nobody), /none of the wanted agents belongs to it/)
  t.strictSame(await office.route(named, { queueId: other }), { offeredTo: [cleo] })
  t.strictSame(await office.states(named), { [ben]: 'withdrawn', [cleo]: 'open' }, 'the chat went to the other queue')
  t.equal((await office.database.db.selectFrom('chats').select('queue_id').where('id', '=', named).executeTakeFirst())?.queue_id, other)
  await t.rejects(office.route(named, { queueId: '999999' }), { code: 'QUEUE_NOT_FOUND' })

  await office.accept(one, (await office.offeredTo(one))[0] ?? '')
  t.match(await office.route(one), { offeredTo: [], assignedTo: /^\d+$/ }, 'a chat in progress is left alone')
  await office.complete(one)
  await t.rejects(office.route(one), { code: 'CHAT_COMPLETED' })
})

t.test('a transferred chat is not offered to who passed it on while another agent is there', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({}, [ann, ben])
  const parent = await office.arrive(queue)
  await office.accept(parent, ann)
  await office.complete(parent, 'transfer')
  const child = await office.chat(queue, { parentId: parent })
  t.strictSame(await office.route(child), { offeredTo: [ben] })
  t.match(await office.lastReason(child), /Transferred by Ann\.$/)
  await office.decline(child, ben)
  await office.route(child)
  t.strictSame(await office.offeredTo(child), [ann, ben])
})

t.test('a chat that its process does not want offered is offered to nobody', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { status: 'inactive' })
  const queue = await office.queue({}, [ann])
  const chat = await office.chat(queue)
  await office.setStatus(ann, 'active')
  await office.routing.sweep()
  t.strictSame(await office.states(chat), {})
})

t.test('the sweeper takes up what a crash left behind', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann', { status: 'inactive' }), await office.agent('Ben')]
  const queue = await office.queue({}, [ann, ben])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  // The request is committed, but the process ends before it looks at the queue.
  await office.database.db.updateTable('agents').set({ status: 'active' }).where('id', '=', ann).execute()
  await office.database.db
    .insertInto('routing_requests' as never)
    .values({ queue_id: queue, created_at: office.clock.now() } as never)
    .execute()
  await office.routing.sweep()
  t.strictSame(await office.offeredTo(first), [ben], 'the pump has time to do it itself')
  office.clock.advance(2_001)
  await office.routing.sweep()
  t.strictSame(
    [await office.offeredTo(first), await office.offeredTo(second)],
    [
      [ann, ben],
      [ann, ben],
    ],
  )

  // Even without a request: a chat offered to nobody beside a free agent.
  await office.database.db.updateTable('chat_offers').set({ state: 'withdrawn' }).where('chat_id', '=', first).execute()
  await office.routing.sweep()
  t.strictSame(await office.offeredTo(first), [ann, ben])
  const changed = office.changed.length
  office.clock.advance(5_000)
  await office.routing.sweep()
  t.equal(office.changed.length, changed, 'and then it has nothing to do')
})

t.test('capacity.freed is raised for a chat that waited without an offer and whose process listens', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { status: 'inactive' })
  const queue = await office.queue({}, [ann])
  const [deaf, listening] = [await office.arrive(queue), await office.arrive(queue)]
  await office.database.db
    .updateTable('chats')
    .set({ heard_events: ['capacity.freed'] })
    .where('id', '=', listening)
    .execute()
  await office.setStatus(ann, 'active')
  t.strictSame([office.factsOf(deaf), office.factsOf(listening)], [[], ['capacity.freed']])
})
