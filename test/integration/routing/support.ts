import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import type { RoutingRule } from '../../../src/contracts/index.ts'
import { createRouting, type Routing } from '../../../src/modules/routing/index.ts'
import { audit } from '../../../src/modules/settings/index.ts'
import type { ChatEvent, ChatRow } from '../../../src/modules/workflow/index.ts'
import { ManualClock } from '../../../src/platform/clock.ts'
import { createDatabase } from '../../../src/platform/db/database.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../../src/schema.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'

/** The part of a test that is needed here. */
interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

type Role = 'agent' | 'supervisor' | 'admin'
type Listener = (work: ParleyWork, event: ChatEvent) => Promise<void>

export interface QueueWish {
  rule?: RoutingRule
  maxChats?: number
  offerTimeoutMinutes?: number
}

/** Routing on a database of its own, with facts handled as the process host does: listeners at once, processes after the commit. */
export class Office {
  readonly database: ParleyDatabase
  readonly clock: ManualClock
  readonly routing: Routing
  /** Every fact raised and committed, in order. */
  readonly facts: ChatEvent[] = []
  /** Chats announced as changed, in order. */
  readonly changed: string[] = []
  /** When chats were asked to be woken. */
  readonly wakes: { chatId: string; at: Date }[] = []
  /** Whether chats whose last offer ended are routed again, as the shipped lifecycle does. */
  followsLifecycle = false
  readonly #following = new Set<Promise<unknown>>()
  #channelId = ''
  #listeners = new Map<string, Listener>()
  #expire: ((work: ParleyWork, chat: ChatRow) => Promise<void>) | undefined

  constructor(url: string) {
    const log = pino({ level: 'error' })
    this.clock = new ManualClock(new Date('2030-01-07T08:00:00Z'))
    this.database = createDatabase<Schema>({ url, clock: this.clock, log, maxConnections: 12 })
    this.routing = createRouting({
      database: this.database,
      clock: this.clock,
      log,
      audit,
      raise: (work, event) => this.raise(work, event),
      changed: async (work, chatId) => {
        await work.trx
          .updateTable('chats')
          .set((eb) => ({ seq: eb('seq', '+', 1) }))
          .where('id', '=', chatId)
          .execute()
        work.afterCommit(() => void this.changed.push(chatId))
      },
      wakeAt: (chatId, at) => void this.wakes.push({ chatId, at }),
    })
    this.routing.register({
      on: (name, listener) => void this.#listeners.set(name, listener),
      onDue: (handler) => {
        this.#expire = handler
      },
    })
  }

  async raise(work: ParleyWork, event: ChatEvent): Promise<void> {
    await this.#listeners.get(event.name)?.(work, event)
    work.afterCommit(() => {
      this.facts.push(event)
      if (this.followsLifecycle && event.name === 'offer.expired') this.#follow(this.route(event.chatId))
    })
  }

  /** Resolves when all that follows what was committed so far is done. */
  async idle(): Promise<void> {
    for (;;) {
      await this.routing.settled()
      if (this.#following.size === 0) return
      await Promise.all(this.#following)
    }
  }

  #follow(step: Promise<unknown>): void {
    this.#following.add(step)
    // idle() has the rejection, if any.
    step.then(
      () => this.#following.delete(step),
      () => undefined,
    )
  }

  async queue(wish: QueueWish = {}, agentIds: readonly string[] = []): Promise<string> {
    const queue = await this.database.db
      .insertInto('queues')
      .values({
        name: `Queue ${randomUUID()}`,
        routing_rule: wish.rule ?? 'everyone',
        max_chats: wish.maxChats ?? 0,
        offer_timeout_minutes: wish.offerTimeoutMinutes ?? null,
        created_at: this.clock.now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    for (const id of agentIds) await this.database.db.insertInto('queue_agents').values({ queue_id: queue.id, agent_id: id }).execute()
    return queue.id
  }

  async agent(name: string, wish: { status?: 'active' | 'inactive'; maxChats?: number; role?: Role } = {}): Promise<string> {
    const row = await this.database.db
      .insertInto('agents')
      .values({
        name,
        email: `${randomUUID()}@example.com`,
        role: wish.role ?? 'agent',
        status: wish.status ?? 'active',
        max_chats: wish.maxChats ?? 0,
        created_at: this.clock.now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return row.id
  }

  /** A waiting chat of a new contact, or of this one; each is a millisecond younger than the one before. */
  async chat(queueId: string, wish: { contactId?: string; priority?: number; parentId?: string } = {}): Promise<string> {
    const { db } = this.database
    if (this.#channelId === '') {
      const channel = { kind: 'simulator' as const, name: `Channel ${randomUUID()}`, queue_id: queueId, created_at: this.clock.now() }
      this.#channelId = (await db.insertInto('channels').values(channel).returning('id').executeTakeFirstOrThrow()).id
    }
    this.clock.advance(1)
    const row = await db
      .insertInto('chats')
      .values({
        contact_id: wish.contactId ?? (await this.contact()),
        channel_id: this.#channelId,
        queue_id: queueId,
        parent_chat_id: wish.parentId ?? null,
        priority: wish.priority ?? 0,
        created_at: this.clock.now(),
        last_customer_message_at: this.clock.now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return row.id
  }

  async contact(): Promise<string> {
    const row = { name: `Contact ${randomUUID()}`, created_at: this.clock.now() }
    return (await this.database.db.insertInto('contacts').values(row).returning('id').executeTakeFirstOrThrow()).id
  }

  /** What the process does at "Find agents". */
  async route(chatId: string, wish: { rule?: RoutingRule; queueId?: string; agentIds?: string[] } = {}) {
    return this.inChat(chatId, (work) =>
      this.routing.service.route(work, chatId, { rule: wish.rule ?? null, queueId: wish.queueId ?? null, agentIds: wish.agentIds ?? null }),
    )
  }

  /** A new chat, routed; everything that follows is done. */
  async arrive(queueId: string, wish: { contactId?: string; priority?: number } = {}): Promise<string> {
    const chatId = await this.chat(queueId, wish)
    await this.route(chatId)
    await this.routing.settled()
    return chatId
  }

  async accept(chatId: string, agentId: string, role: Role = 'agent'): Promise<void> {
    await this.inChat(chatId, async (work, chat) => {
      if (chat.status !== 'waiting') throw new Error('Somebody else was faster')
      await this.routing.checkAcceptance(work, chat, { id: agentId, role })
      await this.assign(work, chatId, agentId)
    })
    await this.routing.settled()
  }

  async assign(work: ParleyWork, chatId: string, agentId: string): Promise<void> {
    await work.trx
      .updateTable('chats')
      .set({ status: 'in_progress', agent_id: agentId, accepted_at: work.now })
      .where('id', '=', chatId)
      .execute()
    await this.raise(work, { chatId, name: 'chat.assigned', payload: { chatId, agentId }, agentId })
  }

  async complete(chatId: string, reason: 'agent' | 'transfer' = 'agent'): Promise<void> {
    await this.inChat(chatId, async (work, chat) => {
      await work.trx
        .updateTable('chats')
        .set({ status: 'completed', completed_at: work.now, completion_reason: reason })
        .where('id', '=', chatId)
        .execute()
      const payload = { chatId, reason, agentId: chat.agent_id, queueId: chat.queue_id }
      await this.raise(work, { chatId, name: 'chat.completed', payload, agentId: chat.agent_id })
    })
    await this.routing.settled()
  }

  async decline(chatId: string, agentId: string): Promise<void> {
    await this.inChat(chatId, (work) => this.routing.decline(work, chatId, agentId, null))
    await this.routing.settled()
  }

  /** What the host does when the chat falls due. */
  async wake(chatId: string): Promise<void> {
    await this.inChat(chatId, async (work, chat) => this.#expire?.(work, chat))
    await this.routing.settled()
  }

  async setStatus(agentId: string, status: 'active' | 'inactive', cause = 'agent'): Promise<void> {
    await this.changeStatus(agentId, status, cause)
    await this.routing.settled()
  }

  async changeStatus(agentId: string, status: 'active' | 'inactive', cause = 'agent'): Promise<void> {
    await this.database.transaction(async (work) => {
      await work.trx.updateTable('agents').set({ status }).where('id', '=', agentId).execute()
      await this.routing.agentStatusChanged(work, { id: agentId, status }, cause)
    })
  }

  async inChat<T>(chatId: string, action: (work: ParleyWork, chat: ChatRow) => Promise<T>): Promise<T> {
    return this.database.transaction(async (work) => {
      const chat = await work.trx.selectFrom('chats').selectAll().where('id', '=', chatId).forUpdate().executeTakeFirstOrThrow()
      return action(work, chat)
    })
  }

  /** Agents with an open offer of the chat, by id. */
  async offeredTo(chatId: string): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom('chat_offers')
      .select('agent_id')
      .where('chat_id', '=', chatId)
      .where('state', '=', 'open')
      .orderBy('agent_id')
      .execute()
    return rows.map((row) => row.agent_id)
  }

  /** State of each offer of the chat by agent. */
  async states(chatId: string): Promise<Record<string, string>> {
    const rows = await this.database.db.selectFrom('chat_offers').select(['agent_id', 'state']).where('chat_id', '=', chatId).execute()
    return Object.fromEntries(rows.map((row) => [row.agent_id, row.state]))
  }

  /** The reason of the chat's last decision. */
  async lastReason(chatId: string): Promise<string> {
    return (await this.routing.listDecisions(this.database.db, chatId)).at(-1)?.reason ?? ''
  }

  /** Names of the facts raised about the chat. */
  factsOf(chatId: string): string[] {
    return this.facts.filter((fact) => fact.chatId === chatId).map((fact) => fact.name)
  }
}

export async function openOffice(t: WithTeardown): Promise<Office> {
  const { url } = await createTestDatabase(t)
  const office = new Office(url)
  t.teardown(async () => {
    await office.routing.settled()
    await office.database.close()
  })
  return office
}
