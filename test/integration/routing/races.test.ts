import { sql } from 'kysely'
import t from 'tap'
import type { ParleyWork } from '../../../src/schema.ts'
import { until } from '../../helpers/until.ts'
import { type Office, openOffice } from './support.ts'

/** A step of a chat that has done its work but is not committed until told. */
async function hold(office: Office, chatId: string, action: (work: ParleyWork) => Promise<unknown>) {
  const done = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const step = office.inChat(chatId, async (work) => {
    await action(work)
    done.resolve()
    await release.promise
  })
  await Promise.race([done.promise, step])
  return {
    commit: async (): Promise<void> => {
      release.resolve()
      await step
      await office.idle()
    },
  }
}

const route = (office: Office, chatId: string) => (work: ParleyWork) =>
  office.routing.service.route(work, chatId, { rule: null, queueId: null, agentIds: null })

/** Waits until some transaction waits for a lock. */
const somebodyWaits = (office: Office) =>
  until(async () => {
    const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return (await waiting.execute(office.database.db)).rows.length
  })

t.test('two chats routed at the same time do not both get the last place of an agent', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { maxChats: 1 })
  const queue = await office.queue({ rule: 'least_loaded' }, [ann])
  const [first, second] = [await office.chat(queue), await office.chat(queue)]
  const step = await hold(office, first, route(office, first))
  const other = office.route(second)
  await somebodyWaits(office)
  await step.commit()
  t.strictSame(await other, { offeredTo: [] })
  t.strictSame(await office.offeredTo(first), [ann])
})

t.test('two chats routed at the same time in two queues do not both get the last place of an agent', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { maxChats: 1 })
  const [one, two] = [await office.queue({ rule: 'least_loaded' }, [ann]), await office.queue({ rule: 'round_robin' }, [ann])]
  const [first, second] = [await office.chat(one), await office.chat(two)]
  const step = await hold(office, first, route(office, first))
  const other = office.route(second)
  await somebodyWaits(office)
  await step.commit()
  t.strictSame(await other, { offeredTo: [] })
})

t.test('two accepts at the same time do not exceed the limit of the agent', async (t) => {
  const office = await openOffice(t)
  const ann = await office.agent('Ann', { maxChats: 1 })
  const queue = await office.queue({}, [ann])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  const step = await hold(office, first, async (work) => {
    await office.routing.checkAcceptance(work, { id: first, queue_id: queue }, { id: ann, role: 'agent' })
    await office.assign(work, first, ann)
  })
  const other = t.rejects(office.accept(second, ann), { code: 'CAPACITY_REACHED' })
  await somebodyWaits(office)
  await step.commit()
  await other
})

t.test('two agents who accept at the same time do not exceed the limit of the queue', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({ maxChats: 1 }, [ann, ben])
  const [first, second] = [await office.arrive(queue), await office.arrive(queue)]
  const step = await hold(office, first, async (work) => {
    await office.routing.checkAcceptance(work, { id: first, queue_id: queue }, { id: ann, role: 'agent' })
    await office.assign(work, first, ann)
  })
  const other = t.rejects(office.accept(second, ben), { code: 'CAPACITY_REACHED' })
  await somebodyWaits(office)
  await step.commit()
  await other
})

for (const rule of ['everyone', 'least_loaded'] as const) {
  t.test(`${rule}: a chat being routed while a place is freed is offered, whichever commits last`, async (t) => {
    const office = await openOffice(t)
    const ann = await office.agent('Ann', { maxChats: 1 })
    const queue = await office.queue({ rule }, [ann])
    const busy = await office.arrive(queue)
    await office.accept(busy, ann)
    const [first, second] = [await office.chat(queue), await office.chat(queue)]

    const step = await hold(office, first, route(office, first))
    const free = office.complete(busy)
    if (rule === 'everyone') await free
    await step.commit()
    await free
    t.strictSame(await office.offeredTo(first), [ann], 'routed before, committed after the place was freed')

    await office.accept(first, ann)
    const completion = await hold(office, first, async (work) => {
      await work.trx.updateTable('chats').set({ status: 'completed', completed_at: work.now }).where('id', '=', first).execute()
      await office.raise(work, { chatId: first, name: 'chat.completed', payload: { agentId: ann, queueId: queue }, agentId: ann })
    })
    await office.route(second)
    t.strictSame(await office.offeredTo(second), [])
    await completion.commit()
    t.strictSame(await office.offeredTo(second), [ann], 'freed before, committed after the chat was routed')
  })

  t.test(`${rule}: a waiting chat that a step holds is offered once the step is done, without delaying the others`, async (t) => {
    const office = await openOffice(t)
    const ann = await office.agent('Ann', { status: 'inactive' })
    const queue = await office.queue({ rule }, [ann])
    const [held, other] = [await office.arrive(queue), await office.arrive(queue)]
    const step = await hold(office, held, async () => undefined)
    const active = office.setStatus(ann, 'active')
    await until(async () => (await office.offeredTo(other)).length)
    t.strictSame(await office.offeredTo(held), [])
    await step.commit()
    await active
    t.strictSame(await office.offeredTo(held), [ann])
  })
}

t.test('an agent who becomes inactive while it is offered a chat loses it to another', async (t) => {
  const office = await openOffice(t)
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben')]
  const queue = await office.queue({ rule: 'least_loaded' }, [ann, ben])
  const chat = await office.chat(queue)
  const step = await hold(office, chat, route(office, chat))
  const inactive = office.setStatus(ann, 'inactive')
  await somebodyWaits(office)
  await step.commit()
  await inactive
  t.strictSame(await office.states(chat), { [ann]: 'withdrawn', [ben]: 'open' })
})
