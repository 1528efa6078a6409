import { randomUUID } from 'node:crypto'
import t from 'tap'
import { queueRoutes } from '../../../src/modules/routing/index.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { type Parley, startParley } from '../agents/support.ts'
import { Office } from './support.ts'

type Teardown = Parameters<typeof startParley>[0]

/** The routes of queues and agents on one database, and routing that follows them. */
async function open(t: Teardown): Promise<{ parley: Parley; office: Office }> {
  const { url } = await createTestDatabase(t)
  const office = new Office(url)
  const parley = await startParley(t, { url })
  await parley.app.register(queueRoutes(office.routing.routeDeps))
  t.teardown(async () => {
    await office.routing.settled()
    await office.database.close()
  })
  return { parley, office }
}

const hours = { timeZone: 'Europe/Berlin', days: { mon: [['09:00', '17:00']] }, holidays: ['2026-12-25'] }

t.test('an administrator adds, changes and deletes queues; agents read them', async (t) => {
  const { parley } = await open(t)
  const [admin, agent] = [await parley.as('admin'), await parley.as('agent')]
  const name = `Sales ${randomUUID()}`
  const created = await parley.app.inject({
    method: 'POST',
    url: '/api/queues',
    headers: admin.headers,
    payload: {
      name,
      routingRule: 'least_loaded',
      agentIds: [agent.agent.id],
      offerTimeoutMinutes: 0.05,
      chatTimeoutMinutes: 30,
      businessHours: hours,
    },
  })
  t.equal(created.statusCode, 201, created.body)
  const queue = created.json()
  t.match(queue, {
    id: /^\d+$/,
    name,
    routingRule: 'least_loaded',
    agentIds: [agent.agent.id],
    allAgents: false,
    firstResponseMinutes: null,
    ongoingResponseMinutes: null,
    chatTimeoutMinutes: 30,
    offerTimeoutMinutes: 0.05,
    maxChats: 0,
    businessHours: hours,
    createdAt: String,
  })
  const url = `/api/queues/${queue.id}`
  const read = await parley.app.inject({ url, headers: agent.headers })
  t.strictSame([read.statusCode, read.json()], [200, queue])
  const listed = await parley.app.inject({ url: '/api/queues', headers: agent.headers })
  t.strictSame(
    listed.json().items.find((item: { id: string }) => item.id === queue.id),
    queue,
  )

  const changed = await parley.app.inject({
    method: 'PATCH',
    url,
    headers: admin.headers,
    payload: { allAgents: true, businessHours: null, maxChats: 7 },
  })
  t.match(changed.json(), { allAgents: true, businessHours: null, maxChats: 7, name })
  t.ok(changed.json().agentIds.includes(admin.agent.id), 'every agent is a member now')
  const named = await parley.app.inject({ method: 'PATCH', url, headers: admin.headers, payload: { agentIds: [admin.agent.id] } })
  t.match(named.json(), { allAgents: false, agentIds: [admin.agent.id] }, 'naming members ends that')

  for (const method of ['PATCH', 'DELETE'] as const) {
    const refused = await parley.app.inject({
      method,
      url,
      headers: agent.headers,
      ...(method === 'PATCH' ? { payload: { maxChats: 1 } } : {}),
    })
    t.match([refused.statusCode, refused.json()], [403, { code: 'FORBIDDEN' }])
  }
  const gone = await parley.app.inject({ method: 'DELETE', url, headers: admin.headers })
  t.equal(gone.statusCode, 204)
  t.equal((await parley.app.inject({ url, headers: agent.headers })).statusCode, 404)
  const log = await parley.database.db
    .selectFrom('audit_log')
    .select('action')
    .where('subject', '=', `queue:${queue.id}`)
    .orderBy('id')
    .execute()
  t.strictSame(
    log.map((row) => row.action),
    ['queue.created', 'queue.changed', 'queue.changed', 'queue.deleted'],
  )
})

t.test('what cannot be is refused and changes nothing', async (t) => {
  const { parley, office } = await open(t)
  const admin = await parley.as('admin')
  const name = `Support ${randomUUID()}`
  const send = (method: 'POST' | 'PATCH', url: string, payload: Record<string, unknown>) =>
    parley.app.inject({ method, url, headers: admin.headers, payload })
  const { id } = (await send('POST', '/api/queues', { name })).json()
  const refusals: [Record<string, unknown>, number, string][] = [
    [{ name: name.toUpperCase() }, 409, 'QUEUE_NAME_TAKEN'],
    [{ name: randomUUID(), agentIds: ['999999'] }, 400, 'BAD_REQUEST'],
    [{ name: randomUUID(), agentIds: ['x'] }, 400, 'BAD_REQUEST'],
    [{ name: randomUUID(), businessHours: { ...hours, timeZone: 'Europe/Nowhere' } }, 400, 'BAD_REQUEST'],
    [{ name: randomUUID(), businessHours: { ...hours, days: { mon: [['17:00', '09:00']] } } }, 400, 'BAD_REQUEST'],
    [
      {
        name: randomUUID(),
        businessHours: {
          ...hours,
          days: {
            mon: [
              ['08:00', '12:00'],
              ['11:00', '14:00'],
            ],
          },
        },
      },
      400,
      'BAD_REQUEST',
    ],
    [{ name: randomUUID(), businessHours: { ...hours, holidays: ['2026-02-30'] } }, 400, 'BAD_REQUEST'],
  ]
  for (const [payload, status, code] of refusals) {
    const answer = await send('POST', '/api/queues', payload)
    t.match([answer.statusCode, answer.json().code], [status, code], JSON.stringify(payload))
  }
  t.equal((await send('POST', '/api/queues', { name: randomUUID(), maxChats: -1 })).statusCode, 400)
  t.equal((await send('POST', '/api/queues', { name: randomUUID(), colour: 'red' })).statusCode, 400)
  t.equal((await parley.app.inject({ url: '/api/queues', headers: admin.headers })).json().items.length, 1, 'only the first one is there')

  await office.chat(id)
  const inUse = await parley.app.inject({ method: 'DELETE', url: `/api/queues/${id}`, headers: admin.headers })
  t.match([inUse.statusCode, inUse.json()], [409, { code: 'QUEUE_IN_USE', detail: /has 1 channel\(s\) and chats/ }])
})

t.test('a change of members has taken hold when the answer comes', async (t) => {
  const { parley, office } = await open(t)
  const admin = await parley.as('admin')
  const ann = await office.agent('Ann')
  const queue = await office.queue()
  const chat = await office.arrive(queue)
  t.strictSame(await office.offeredTo(chat), [])
  await parley.app.inject({ method: 'PATCH', url: `/api/queues/${queue}`, headers: admin.headers, payload: { agentIds: [ann] } })
  t.strictSame(await office.offeredTo(chat), [ann])
})

t.test('changed minutes move the times of open chats', async (t) => {
  const office = new Office((await createTestDatabase(t)).url)
  t.teardown(() => office.database.close())
  const actor = await office.agent('Root', { role: 'admin' })
  const ann = await office.agent('Ann')
  const queue = await office.queue({}, [ann])
  const start = office.clock.now().getTime()
  const at = (minutes: number) => new Date(start + minutes * 60_000)
  const [fresh, asked, answered, transferred] = [
    await office.chat(queue),
    await office.chat(queue),
    await office.chat(queue),
    await office.chat(queue),
  ]
  const set = (chatId: string, values: Record<string, unknown>) =>
    office.database.db.updateTable('chats').set(values).where('id', '=', chatId).execute()
  const inProgress = { status: 'in_progress', agent_id: ann, accepted_at: at(1) }
  await set(fresh, { created_at: at(0), last_customer_message_at: at(4) })
  await set(asked, {
    ...inProgress,
    last_customer_message_at: at(6),
    first_agent_message_at: at(2),
    last_agent_message_at: at(2),
    overdue_since: at(7),
  })
  await set(answered, { ...inProgress, last_customer_message_at: at(2), first_agent_message_at: at(3), last_agent_message_at: at(3) })
  await set(transferred, { parent_chat_id: answered, response_due_at: at(9) })
  office.clock.advance(10 * 60_000)

  await office.routing.queues.change(actor, queue, { firstResponseMinutes: 30, ongoingResponseMinutes: 0.5, chatTimeoutMinutes: 60 })
  const times = async (chatId: string) =>
    office.database.db
      .selectFrom('chats')
      .select(['response_due_at', 'timeout_at', 'overdue_since', 'wake_at'])
      .where('id', '=', chatId)
      .executeTakeFirst()
  t.strictSame(await times(fresh), { response_due_at: at(30), timeout_at: null, overdue_since: null, wake_at: at(30) })
  t.strictSame(await times(asked), { response_due_at: at(6.5), timeout_at: null, overdue_since: at(7), wake_at: null })
  t.strictSame(await times(answered), { response_due_at: null, timeout_at: at(63), overdue_since: null, wake_at: null })
  t.strictSame((await times(transferred))?.response_due_at, at(9), 'a transferred chat keeps the time it came with')
  t.ok(office.wakes.some((wake) => wake.chatId === fresh && wake.at.getTime() === at(30).getTime()))
  t.strictSame(office.changed.toSorted(), [fresh, asked, answered].toSorted())

  await office.routing.queues.change(actor, queue, { firstResponseMinutes: null, ongoingResponseMinutes: 60, chatTimeoutMinutes: null })
  t.match(await times(fresh), { response_due_at: null, wake_at: null })
  t.match(await times(asked), { response_due_at: at(66), overdue_since: null, wake_at: at(66) }, 'no longer overdue')
  t.match(await times(answered), { timeout_at: null })
})

t.test('transfer targets: every other agent with its load, and each queue with the agents there besides the current one', async (t) => {
  const office = new Office((await createTestDatabase(t)).url)
  t.teardown(() => office.database.close())
  const [ann, ben, cleo, dan] = [
    await office.agent('Ann', { maxChats: 2 }),
    await office.agent('Ben', { maxChats: 1 }),
    await office.agent('Cleo', { status: 'inactive' }),
    await office.agent('Dan'),
  ]
  await office.database.db.updateTable('agents').set({ disabled: true }).where('id', '=', dan).execute()
  const sales = await office.queue({}, [ann, ben, cleo])
  const empty = await office.queue({}, [cleo])
  const [chat, other] = [await office.arrive(sales), await office.arrive(sales)]
  await office.accept(chat, ann)
  await office.accept(other, ben)
  const { agents, queues } = await office.routing.listTransferTargets(office.database.db, chat, ann)
  t.strictSame(agents, [
    { id: ben, name: 'Ben', status: 'active', maxChats: 1, openChats: 1 },
    { id: cleo, name: 'Cleo', status: 'inactive', maxChats: 0, openChats: 0 },
  ])
  t.match(
    queues.find((queue) => queue.id === sales),
    { availableAgents: 1, freeAgents: 0 },
  )
  t.match(
    queues.find((queue) => queue.id === empty),
    { availableAgents: 0, freeAgents: 0 },
  )

  const warnings = (agentId: string | null, queueId: string | null) =>
    office.routing.transferWarnings(office.database.db, { agentId, queueId })
  t.strictSame(await warnings(ann, null), [])
  t.strictSame(await warnings(ben, null), ['Ben already has 1 chats in progress (limit 1).'])
  t.strictSame(await warnings(cleo, null), ['Cleo is inactive.'])
  t.match(await warnings(null, empty), [/No agent of the queue ".*" is active; the chat waits there\./])
  t.strictSame(await warnings(null, sales), [])
})

t.test('decisions name the agents in the order in which they were offered the chat', async (t) => {
  const office = new Office((await createTestDatabase(t)).url)
  t.teardown(() => office.database.close())
  const [ann, ben] = [await office.agent('Ann'), await office.agent('Ben', { status: 'inactive' })]
  const queue = await office.queue({}, [ann, ben])
  const chat = await office.arrive(queue)
  await office.setStatus(ben, 'active')
  t.strictSame(
    (await office.routing.listDecisions(office.database.db, chat)).map(({ rule, offeredTo, assignedTo }) => ({
      rule,
      offeredTo,
      assignedTo,
    })),
    [
      { rule: 'everyone', offeredTo: [{ id: ann, name: 'Ann' }], assignedTo: null },
      { rule: 'everyone', offeredTo: [{ id: ben, name: 'Ben' }], assignedTo: null },
    ],
  )
})
