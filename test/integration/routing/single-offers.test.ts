import t from 'tap'
import { openOffice } from './support.ts'

const minute = 60_000

t.test('least_loaded: the agent with the fewest chats gets it, ties go to who was offered nothing for the longest time', async (t) => {
  const office = await openOffice(t)
  const [ann, ben, cleo] = [await office.agent('Ann'), await office.agent('Ben'), await office.agent('Cleo')]
  const queue = await office.queue({ rule: 'least_loaded' }, [ann, ben, cleo])
  const first = await office.arrive(queue)
  t.strictSame(await office.offeredTo(first), [ann])
  t.equal(
    await office.lastReason(first),
    'Offered to Ann: fewest chats (0) of 3 free agents, and of the 3 with so few, offered nothing for the longest time.',
  )
  const second = await office.arrive(queue)
  t.strictSame(await office.offeredTo(second), [ben], 'an open offer counts as a chat')
  await office.accept(first, ann)
  await office.complete(first)
  const third = await office.arrive(queue)
  t.strictSame(await office.offeredTo(third), [cleo], 'Ann has as few, but was offered one later')
  const fourth = await office.arrive(queue)
  t.strictSame(await office.offeredTo(fourth), [ann])
  t.equal(await office.lastReason(fourth), 'Offered to Ann: fewest chats (0) of 3 free agents.')
})

t.test('round_robin: agents take turns however many chats they have, also when all offers fall into one millisecond', async (t) => {
  const office = await openOffice(t)
  const agents = [await office.agent('Ann'), await office.agent('Ben'), await office.agent('Cleo')]
  const queue = await office.queue({ rule: 'round_robin' }, agents)
  const chats = []
  for (let n = 0; n < 7; n++) chats.push(await office.chat(queue))
  const offered = []
  for (const chat of chats) {
    await office.route(chat)
    offered.push((await office.offeredTo(chat)).map((id) => agents.indexOf(id)))
  }
  t.strictSame(offered, [[0], [1], [2], [0], [1], [2], [0]])
  t.equal(await office.lastReason(chats[6] ?? ''), 'Offered to Ann: next in turn of 3 free agents.')
})

t.test('round_robin: one look at many waiting chats deals them out in turn, within the limits', async (t) => {
  const office = await openOffice(t)
  const agents = [
    await office.agent('Ann', { maxChats: 2, status: 'inactive' }),
    await office.agent('Ben', { maxChats: 3, status: 'inactive' }),
  ]
  const queue = await office.queue({ rule: 'round_robin' }, agents)
  const chats = []
  for (let n = 0; n < 7; n++) chats.push(await office.arrive(queue))
  await office.database.transaction(async (work) => {
    await work.trx.updateTable('agents').set({ status: 'active' }).where('id', 'in', agents).execute()
    await office.routing.service.queueChanged(work, queue)
  })
  await office.routing.settled()
  const offered = await Promise.all(chats.map(async (chat) => (await office.offeredTo(chat)).map((id) => agents.indexOf(id))))
  t.strictSame(offered, [[0], [1], [0], [1], [1], [], []])
})

t.test('last_agent: who had the previous chat of the contact, else the least loaded', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben', { maxChats: 1 })]
  const queue = await office.queue({ rule: 'last_agent' }, [ann, ben])
  const contactId = await office.contact()
  const first = await office.arrive(queue, { contactId })
  t.strictSame(await office.offeredTo(first), [ann])
  t.match(await office.lastReason(first), /^No agent had a chat of this contact before\. Offered to Ann: fewest chats/)
  await office.decline(first, ann)
  await office.route(first)
  await office.accept(first, ben)
  await office.complete(first)

  const second = await office.arrive(queue, { contactId })
  t.strictSame(await office.offeredTo(second), [ben])
  t.match(await office.lastReason(second), /^Offered to Ben, who had the previous chat of this contact \(\d+\)\.$/)
  await office.accept(second, ben)
  await office.complete(second, 'transfer')
  await office.setStatus(ben, 'inactive')
  const third = await office.arrive(queue, { contactId })
  t.strictSame(await office.offeredTo(third), [ann])
  t.match(await office.lastReason(third), /^Ben, who had the previous chat of this contact, is inactive\. Offered to Ann/)
})

t.test('an offer that is not answered in time goes to another agent, and starts over when all let it pass', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({ rule: 'least_loaded', offerTimeoutMinutes: 0.05 }, [ann, ben])
  const chat = await office.arrive(queue)
  const expiresAt = async () =>
    (
      await office.database.db
        .selectFrom('chat_offers')
        .select('expires_at')
        .where('chat_id', '=', chat)
        .where('state', '=', 'open')
        .executeTakeFirst()
    )?.expires_at
  t.strictSame(await expiresAt(), new Date(office.clock.now().getTime() + 3_000))
  office.clock.advance(2_999)
  await office.wake(chat)
  t.strictSame(await office.states(chat), { [ann]: 'open' }, 'not before its time')
  office.clock.advance(1)
  await office.wake(chat)
  t.strictSame(await office.states(chat), { [ann]: 'expired' })
  t.strictSame(office.factsOf(chat), ['offer.expired'])
  await t.rejects(office.accept(chat, ann), { code: 'FORBIDDEN', message: /time to accept this chat is over/ })

  await office.route(chat)
  t.strictSame(await office.states(chat), { [ann]: 'expired', [ben]: 'open' })
  t.match(await office.lastReason(chat), /Not answered in time by Ann\.$/)
  office.clock.advance(3_000)
  await office.wake(chat)
  await office.route(chat)
  t.strictSame(await office.states(chat), { [ann]: 'open', [ben]: 'withdrawn' }, 'a new round begins')
  await office.decline(chat, ann)
  t.strictSame(office.factsOf(chat), ['offer.expired', 'offer.expired', 'offer.expired'])
  await office.route(chat)
  t.strictSame(await office.states(chat), { [ann]: 'declined', [ben]: 'open' }, 'in which nobody is asked twice')
})

t.test('an open offer holds a place: no second one beyond the limit, and it is passed on when its agent cannot take it', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann', { maxChats: 1 }), await office.agent('Ben', { maxChats: 1 })]
  const queue = await office.queue({ rule: 'least_loaded', offerTimeoutMinutes: 5 }, [ann, ben])
  const [first, second, third] = [await office.arrive(queue), await office.arrive(queue), await office.arrive(queue)]
  t.strictSame([await office.offeredTo(first), await office.offeredTo(second), await office.offeredTo(third)], [[ann], [ben], []])

  await office.setStatus(ann, 'inactive')
  t.strictSame([await office.offeredTo(first), await office.offeredTo(second), await office.offeredTo(third)], [[], [ben], []])
  t.match(
    await office.lastReason(first),
    /^Ann became inactive\. No active agent with free capacity in the queue ".*": 1 inactive, 1 at the limit\./,
  )
  await office.accept(second, ben)
  await office.complete(second)
  t.strictSame([await office.offeredTo(first), await office.offeredTo(third)], [[ben], []], 'the oldest waiting chat first')
  t.ok(
    office.wakes.some((wake) => wake.chatId === first && wake.at.getTime() === office.clock.now().getTime() + 5 * minute),
    'its timeout is armed',
  )
  await office.setStatus(ann, 'active')
  t.strictSame([await office.offeredTo(first), await office.offeredTo(third)], [[ben], [ann]])
})

t.test('who becomes full through another queue passes on what only it was offered', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann', { maxChats: 1 }), await office.agent('Ben', { status: 'inactive' })]
  const everyone = await office.queue({}, [ann])
  const single = await office.queue({ rule: 'least_loaded' }, [ann, ben])
  const shared = await office.arrive(everyone)
  const own = await office.arrive(single)
  t.strictSame(await office.offeredTo(own), [ann])
  await office.setStatus(ben, 'active')
  await office.accept(shared, ann)
  t.strictSame(await office.offeredTo(own), [ben])
  t.match(await office.lastReason(own), /^Ann has reached the limit of 1 chat\. Offered to Ben: the only active agent/)
})

t.test('declining gives the place back to the next waiting chat', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann', { maxChats: 1 }), await office.agent('Ben', { maxChats: 1 })]
  const queue = await office.queue({ rule: 'round_robin' }, [ann, ben])
  const other = await office.queue({ rule: 'round_robin' }, [ann])
  const first = await office.arrive(queue)
  const waiting = await office.arrive(other)
  t.strictSame([await office.offeredTo(first), await office.offeredTo(waiting)], [[ann], []])
  await office.inChat(first, async (work) => {
    await office.routing.decline(work, first, ann, 'busy')
    await office.routing.service.route(work, first, { rule: null, queueId: null, agentIds: null })
  })
  await office.routing.settled()
  t.strictSame([await office.offeredTo(first), await office.offeredTo(waiting)], [[ben], [ann]])
})
