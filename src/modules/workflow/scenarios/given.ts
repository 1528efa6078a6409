import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Given } from '../../../contracts/scenarios.ts'
import type { ParleyDatabase, ParleyWork } from '../../../schema.ts'
import { References } from './references.ts'
import type { Sandbox } from './sandbox.types.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What a scenario acts on. */
export interface World {
  references: References
  chatId: string
  channelId: string
  customer: { namespace: string; externalId: string }
  /** The owner given with the chat. */
  ownerId: string | null
}

interface Places {
  queueId: string
  channelId: string
}

/** The name of the queue the chat is in. */
const mainQueue = 'Scenario'
/** Business hours without a single hour. */
const neverOpen = { timeZone: 'UTC', days: {}, holidays: [] }

/** Makes what the scenario says is there. No process reacts to it: none is active yet. */
export async function makeWorld(
  given: Given,
  sandbox: Sandbox,
  database: ParleyDatabase,
  clock: VirtualClock,
  ownQueues: Set<string>,
): Promise<World> {
  const references = new References()
  const made = await database.transaction(async (work) => {
    const places = await makePlaces(work, given, references, ownQueues)
    await makeAgents(work, given, references, places.queueId)
    const customer = { namespace: `simulator:${places.channelId}`, externalId: 'customer' }
    const contact = await makeContact(work, given.customer?.name ?? 'Customer', given.customer?.mobilePhone ?? null, customer)
    references.add('contact', given.customer?.name ?? 'Customer', contact.id)
    for (const other of given.contacts ?? []) await makeOtherContact(work, other, references, places)
    const parentId = given.chat?.isTransferred ? await makeChat(work, places, contact, null, 'completed') : null
    const chatId = await makeChat(work, places, contact, parentId, 'waiting')
    return { ...places, customer, chatId }
  })
  const { channelId, customer, chatId } = made
  const ownerId = given.chat?.agent === undefined ? null : references.id('agent', given.chat.agent)
  const world: World = { references, chatId, channelId, customer, ownerId }
  if (given.firstMessage !== null) await receive(given.firstMessage ?? 'Hello', world, sandbox, database, clock)
  await database.transaction((work) => settleChat(work, chatId, given, ownerId))
  for (const said of given.messages ?? []) await say(said, world, sandbox, database, clock)
  await database.transaction((work) => finishChat(work, chatId, given, clock))
  return world
}

/** Somebody writes in the chat: the customer, or the named agent, else the owner. */
export async function say(
  said: { from: 'customer' | 'agent'; agent?: string; text: string },
  world: World,
  sandbox: Sandbox,
  database: ParleyDatabase,
  clock: VirtualClock,
): Promise<void> {
  if (said.from === 'customer') return receive(said.text, world, sandbox, database, clock)
  const agentId = said.agent === undefined ? world.ownerId : world.references.id('agent', said.agent)
  if (agentId === null) throw new Error('A message of an agent needs "agent" when the chat has no owner')
  await database.transaction((work) => sandbox.reply(work, world.chatId, agentId, said.text))
}

/** Through the same function that takes in webhooks. */
async function receive(text: string, world: World, sandbox: Sandbox, database: ParleyDatabase, clock: VirtualClock): Promise<void> {
  const { channelId, customer } = world
  const profile = { name: customer.externalId, phone: null, language: null }
  const rows = await database.query<{ chat_id: string; pending: boolean }>(
    'receive_message',
    'select chat_id, pending from receive_message($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [channelId, [customer.namespace], [customer.externalId], profile, randomUUID(), text, null, null, clock.now()],
  )
  for (const row of rows) if (row.pending) await sandbox.host.advance(row.chat_id)
}

async function makePlaces(work: ParleyWork, given: Given, references: References, ownQueues: Set<string>): Promise<Places> {
  const { isOpen = true, ...queue } = given.queue ?? {}
  const queueId = await makeQueue(work, mainQueue, {
    ...(queue.routingRule === undefined ? {} : { routing_rule: queue.routingRule }),
    chat_timeout_minutes: queue.chatTimeoutMinutes ?? null,
    first_response_minutes: queue.firstResponseMinutes ?? null,
    ongoing_response_minutes: queue.ongoingResponseMinutes ?? null,
    offer_timeout_minutes: queue.offerTimeoutMinutes ?? null,
  })
  if (!isOpen) await sql`update queues set business_hours = ${JSON.stringify(neverOpen)}::jsonb where id = ${queueId}`.execute(work.trx)
  references.add('queue', mainQueue, queueId)
  ownQueues.add(queueId)
  for (const { name } of given.queues ?? []) {
    const id = await makeQueue(work, name, {})
    references.add('queue', name, id)
    ownQueues.add(id)
  }
  const channel = await work.trx
    .insertInto('channels')
    .values({
      kind: 'simulator',
      name: 'Scenario',
      queue_id: queueId,
      language: null,
      secrets: null,
      last_webhook_at: null,
      created_at: work.now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { queueId, channelId: channel.id }
}

/** A name that a real queue has already gets an addition, which only the process sees. */
async function makeQueue(work: ParleyWork, given: string, values: Record<string, string | number | null>): Promise<string> {
  const taken = await work.trx
    .selectFrom('queues')
    .select('id')
    .where((eb) => eb(eb.fn<string>('lower', ['name']), '=', given.toLowerCase()))
    .executeTakeFirst()
  const name = taken ? `${given} (scenario ${randomUUID().slice(0, 8)})` : given
  const none = { chat_timeout_minutes: null, first_response_minutes: null, ongoing_response_minutes: null, offer_timeout_minutes: null }
  const row = await work.trx
    .insertInto('queues')
    .values({ ...none, ...values, name, created_at: work.now })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** The agents are members of the chat's queue. */
async function makeAgents(work: ParleyWork, given: Given, references: References, queueId: string): Promise<void> {
  for (const agent of given.agents ?? []) {
    const row = await work.trx
      .insertInto('agents')
      .values({
        name: agent.name,
        email: `${randomUUID()}@scenario.invalid`,
        password_hash: null,
        role: agent.role ?? 'agent',
        status: agent.status ?? 'active',
        max_chats: agent.maxChats ?? 0,
        last_offered_at: null,
        disconnected_at: null,
        created_at: work.now,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await work.trx.insertInto('queue_agents').values({ queue_id: queueId, agent_id: row.id }).execute()
    references.add('agent', agent.name, row.id)
  }
}

async function makeContact(
  work: ParleyWork,
  name: string,
  mobilePhone: string | null,
  identity: { namespace: string; externalId: string } | null,
): Promise<{ id: string; identityId: string | null }> {
  const contact = await work.trx
    .insertInto('contacts')
    .values({
      name,
      mobile_phone: mobilePhone,
      photo_url: null,
      email: null,
      account_id: null,
      language: null,
      notes: null,
      created_at: work.now,
      removed_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  if (identity === null) return { id: contact.id, identityId: null }
  const row = await work.trx
    .insertInto('contact_identities')
    .values({ contact_id: contact.id, namespace: identity.namespace, external_id: identity.externalId, name, created_at: work.now })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id: contact.id, identityId: row.id }
}

async function makeOtherContact(
  work: ParleyWork,
  other: { name: string; hasOpenChat?: boolean },
  references: References,
  places: Places,
): Promise<void> {
  const contact = await makeContact(work, other.name, null, null)
  references.add('contact', other.name, contact.id)
  if (other.hasOpenChat) await makeChat(work, places, contact, null, 'waiting')
}

async function makeChat(
  work: ParleyWork,
  places: Places,
  contact: { id: string; identityId: string | null },
  parentId: string | null,
  status: 'waiting' | 'completed',
): Promise<string> {
  const row = await work.trx
    .insertInto('chats')
    .values({
      contact_id: contact.id,
      identity_id: contact.identityId,
      channel_id: places.channelId,
      queue_id: places.queueId,
      parent_chat_id: parentId,
      previous_chat_id: parentId,
      status,
      created_at: work.now,
      ...(status === 'completed' ? { completed_at: work.now, completion_reason: 'transfer' as const } : {}),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** The chat gets its owner after the first message and before the others, as it does in life. */
async function settleChat(work: ParleyWork, chatId: string, given: Given, ownerId: string | null): Promise<void> {
  const status = given.chat?.status ?? (ownerId === null ? 'waiting' : 'in_progress')
  if (status === 'waiting' && ownerId === null) return
  await work.trx
    .updateTable('chats')
    .set({ status: ownerId === null ? 'waiting' : 'in_progress', agent_id: ownerId, accepted_at: ownerId === null ? null : work.now })
    .where('id', '=', chatId)
    .execute()
}

async function finishChat(work: ParleyWork, chatId: string, given: Given, clock: VirtualClock): Promise<void> {
  const { timeout, status } = given.chat ?? {}
  if (timeout !== undefined)
    await work.trx
      .updateTable('chats')
      .set({ timeout_at: clock.after(timeout) })
      .where('id', '=', chatId)
      .execute()
  if (status === 'completed') {
    const end = { status, completed_at: work.now, completion_reason: 'agent' as const, timeout_at: null, response_due_at: null }
    await work.trx.updateTable('chats').set(end).where('id', '=', chatId).execute()
  }
  await sql`update chats set wake_at = chat_next_wake(id) where id = ${chatId}`.execute(work.trx)
}
