import t from 'tap'
import { openOffice } from './support.ts'

t.test('everyone: a chat is offered to all active agents of the queue, and the first to accept wins', async (t) => {
  const office = await openOffice(t)
  const [ann, ben, cleo, dan] = [
    await office.agent('Ann'),
    await office.agent('Ben'),
    await office.agent('Cleo', { status: 'inactive' }),
    await office.agent('Dan'),
  ]
  const queue = await office.queue({}, [ann, ben, cleo])
  const chat = await office.chat(queue)
  t.strictSame(await office.route(chat), { offeredTo: [ann, ben] })
  t.strictSame(await office.offeredTo(chat), [ann, ben], 'not the inactive member, nor who is no member')
  t.equal(await office.lastReason(chat), 'Offered to Ann and Ben: all active agents with free capacity.')
  t.match(office.changed, [chat])

  await t.rejects(office.accept(chat, dan), { code: 'FORBIDDEN', status: 403 })
  await office.accept(chat, ben)
  t.strictSame(await office.states(chat), { [ann]: 'withdrawn', [ben]: 'accepted' })
})

t.test(
  'everyone: who is at the limit is left out, may not accept more, and is offered all waiting chats when a place is free',
  async (t) => {
    const office = await openOffice(t)
    const ann = await office.agent('Ann', { maxChats: 1 })
    const queue = await office.queue({}, [ann])
    const first = await office.arrive(queue)
    const second = await office.arrive(queue)
    await office.accept(first, ann)
    const third = await office.arrive(queue)
    t.strictSame(await office.offeredTo(third), [])
    t.match(await office.lastReason(third), /^No active agent with free capacity in the queue ".*": 1 at the limit\./)
    t.strictSame(await office.offeredTo(second), [ann], 'what was received before stays')
    await t.rejects(office.accept(second, ann), { code: 'CAPACITY_REACHED', status: 409, message: /You already have 1 of at most 1 chats/ })

    await office.complete(first)
    t.strictSame(await office.offeredTo(third), [ann])
    t.match(await office.lastReason(third), 'Offered to Ann: the only active agent with free capacity.')
  },
)

t.test('everyone: becoming active brings the waiting chats; becoming inactive keeps those received', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { status: 'inactive' })
  const ben = await office.agent('Ben')
  const queue = await office.queue({}, [ann, ben])
  const chat = await office.arrive(queue)
  t.strictSame(await office.offeredTo(chat), [ben])

  await office.setStatus(ann, 'active')
  t.strictSame(await office.offeredTo(chat), [ann, ben])
  t.equal(await office.lastReason(chat), 'Offered to Ann too, active with free capacity now.')
  await office.setStatus(ann, 'inactive')
  t.strictSame(await office.offeredTo(chat), [ann, ben])
  const later = await office.arrive(queue)
  t.strictSame(await office.offeredTo(later), [ben], 'no new chats for an inactive agent')
  await office.accept(chat, ann)

  await office.setStatus(ben, 'inactive', 'logout')
  t.strictSame(await office.offeredTo(later), [], 'who logs out keeps no offer')
  t.match(await office.lastReason(later), /^Ben logged out\. No active agent/)
})

t.test('everyone: who declined is asked again only when nobody else is there', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({}, [ann, ben])
  const chat = await office.arrive(queue)
  await office.decline(chat, ann)
  t.strictSame(await office.states(chat), { [ann]: 'declined', [ben]: 'open' })
  t.strictSame(office.factsOf(chat), [], 'an offer is left')
  await office.decline(chat, ann)
  await t.rejects(office.accept(chat, ann), { code: 'FORBIDDEN', message: /You declined this chat/ })
  await office.setStatus(ann, 'inactive')
  await office.setStatus(ann, 'active')
  t.strictSame(await office.offeredTo(chat), [ben])

  await office.decline(chat, ben)
  t.strictSame(office.factsOf(chat), ['offer.expired'])
  await office.route(chat)
  t.strictSame(await office.offeredTo(chat), [ann, ben])
  t.match(await office.lastReason(chat), /All free agents have passed on it, so they are asked again\.$/)
})

t.test('a supervisor accepts without an offer, within its limit', async (t) => {
  const office = await openOffice(t)
  const [ann, sue] = [await office.agent('Ann'), await office.agent('Sue', { role: 'supervisor', maxChats: 1 })]
  const queue = await office.queue({}, [ann])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  await office.accept(first, sue, 'supervisor')
  t.strictSame(await office.states(first), { [ann]: 'withdrawn' })
  await t.rejects(office.accept(second, sue, 'supervisor'), { code: 'CAPACITY_REACHED' })
})
