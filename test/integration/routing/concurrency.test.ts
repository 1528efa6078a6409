import { sql } from 'kysely'
import t from 'tap'
import type { RoutingRule } from '../../../src/contracts/index.ts'
import { AppError } from '../../../src/platform/errors.ts'
import type { ParleyWork } from '../../../src/schema.ts'
import { type Office, openOffice } from './support.ts'

const agentLimit = 3
const chatCount = 50
const agentCount = 10

/** mulberry32: the same run for the same seed, as far as the database's own order allows. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Refusals that are part of the game: somebody was faster, or the place is gone. */
function expected(error: unknown): void {
  if (error instanceof AppError && ['CAPACITY_REACHED', 'FORBIDDEN'].includes(error.code)) return
  if (error instanceof Error && error.message === 'Somebody else was faster') return
  throw error
}

/** A step goes on for some milliseconds after routing was asked, as the engine does. */
const goOn = (work: ParleyWork) => sql`select pg_sleep(random() * 0.004)`.execute(work.trx)

class Crowd {
  readonly office: Office
  readonly random: (below: number) => number
  readonly agents: string[] = []
  readonly queues: string[] = []
  arrived = 0

  constructor(office: Office, random: (below: number) => number) {
    this.office = office
    this.random = random
  }

  async act(): Promise<unknown> {
    const { office, random } = this
    const agentId = this.agents[random(agentCount)] ?? ''
    switch (random(10)) {
      case 0:
      case 1:
      case 2:
        return this.arrive()
      case 3:
      case 4:
      case 5:
        return this.acceptOne(agentId)
      case 6:
      case 7:
        return this.completeOne(agentId)
      case 8: {
        const offers = await this.offersOf(agentId)
        const chatId = offers[random(offers.length || 1)]
        if (chatId !== undefined) await office.inChat(chatId, (work) => office.routing.decline(work, chatId, agentId, null)).catch(expected)
        return
      }
      default:
        return office.changeStatus(agentId, random(3) === 0 ? 'inactive' : 'active', random(2) === 0 ? 'agent' : 'logout')
    }
  }

  async arrive(): Promise<void> {
    if (this.arrived === chatCount) return
    this.arrived++
    const { office, random } = this
    const chatId = await office.chat(this.queues[random(this.queues.length)] ?? '')
    await office.inChat(chatId, async (work) => {
      await office.routing.service.route(work, chatId, { rule: null, queueId: null, agentIds: null })
      await goOn(work)
    })
  }

  async acceptOne(agentId: string): Promise<boolean> {
    const { office, random } = this
    const offers = await this.offersOf(agentId)
    const chatId = offers[random(offers.length || 1)]
    if (chatId === undefined) return false
    try {
      await office.inChat(chatId, async (work, chat) => {
        if (chat.status !== 'waiting') throw new Error('Somebody else was faster')
        await office.routing.checkAcceptance(work, chat, { id: agentId, role: 'agent' })
        await goOn(work)
        await office.assign(work, chatId, agentId)
      })
      return true
    } catch (error) {
      expected(error)
      return false
    }
  }

  async completeOne(agentId: string): Promise<void> {
    const { office } = this
    const query = office.database.db.selectFrom('chats').select('id').where('agent_id', '=', agentId).where('status', '=', 'in_progress')
    const chat = await query.orderBy('id').limit(1).executeTakeFirst()
    if (chat) await office.complete(chat.id)
  }

  async offersOf(agentId: string): Promise<string[]> {
    const query = this.office.database.db
      .selectFrom('chat_offers')
      .select('chat_id')
      .where('agent_id', '=', agentId)
      .where('state', '=', 'open')
    return (await query.orderBy('chat_id').execute()).map((row) => row.chat_id)
  }

  /** Agents with more chats, or more chats and places held for single offers, than they may have. */
  async overLimit(): Promise<unknown[]> {
    const result = await sql`
      select a.name, a.max_chats from agents a
      where (select count(*) from chats c where c.agent_id = a.id and c.status = 'in_progress') > a.max_chats`.execute(
      this.office.database.db,
    )
    return result.rows
  }

  /** Free active agents beside a chat that waits for an offer; under `everyone` also one that others were offered. */
  async neglected(): Promise<unknown[]> {
    const result = await sql`
      select c.id as chat, a.id as agent, q.routing_rule from chats c
      join queues q on q.id = c.queue_id
      join queue_agents m on m.queue_id = q.id
      join agents a on a.id = m.agent_id and a.status = 'active'
      where c.status = 'waiting' and a.max_chats >
        (select count(*) from chats x where x.agent_id = a.id and x.status = 'in_progress')
        + (select count(*) from chat_offers o where o.agent_id = a.id and o.state = 'open' and o.exclusive)
      and case when q.routing_rule = 'everyone'
        then not exists (select 1 from chat_offers o where o.chat_id = c.id and o.agent_id = a.id and o.state in ('open', 'declined'))
        else not exists (select 1 from chat_offers o where o.chat_id = c.id and o.state = 'open') end`.execute(this.office.database.db)
    return result.rows
  }

  async count(status: 'waiting' | 'in_progress' | 'completed'): Promise<number> {
    const rows = await this.office.database.db.selectFrom('chats').select('id').where('status', '=', status).execute()
    return rows.length
  }
}

const runs: [RoutingRule, RoutingRule][] = [
  ['everyone', 'everyone'],
  ['least_loaded', 'least_loaded'],
  ['round_robin', 'everyone'],
  ['last_agent', 'round_robin'],
]

for (const [index, rules] of runs.entries()) {
  t.test(`50 chats and 10 agents with limit 3 at random, queues ${rules.join(' and ')}`, async (t) => {
    const office = await openOffice(t)
    office.followsLifecycle = true
    const crowd = new Crowd(office, randomFrom(1000 + index))
    for (let n = 0; n < agentCount; n++) crowd.agents.push(await office.agent(`Agent ${n}`, { maxChats: agentLimit }))
    for (const [at, rule] of rules.entries()) {
      // Most agents belong to both queues, so that places are contended across queues.
      crowd.queues.push(await office.queue({ rule }, crowd.agents.slice(at * 2, agentCount - 2 + at * 2)))
    }

    for (let round = 0; round < 8; round++) {
      const lanes = Array.from({ length: 8 }, async () => {
        for (let step = 0; step < 6; step++) {
          await crowd.act()
          const over = await crowd.overLimit()
          if (over.length > 0) t.strictSame(over, [], 'a limit is broken')
        }
      })
      await Promise.all(lanes)
      await office.idle()
      t.strictSame(await crowd.neglected(), [], `round ${round}: no free agent beside a waiting chat`)
    }
    while (crowd.arrived < chatCount) await crowd.arrive()
    for (const agentId of crowd.agents) await office.changeStatus(agentId, 'active')
    await office.idle()

    while ((await crowd.count('completed')) < chatCount) {
      t.strictSame(await crowd.neglected(), [])
      const accepted = await Promise.all(crowd.agents.map((agentId) => crowd.acceptOne(agentId)))
      await office.idle()
      t.strictSame(await crowd.overLimit(), [])
      const before = await crowd.count('in_progress')
      if (!accepted.includes(true) && before === 0) return t.fail(`${await crowd.count('waiting')} chats wait and nobody can take one`)
      await Promise.all(crowd.agents.map((agentId) => crowd.completeOne(agentId)))
      await office.idle()
    }
    const deadlocks = await sql<{ deadlocks: string }>`select deadlocks from pg_stat_database where datname = current_database()`.execute(
      office.database.db,
    )
    t.equal(Number(deadlocks.rows[0]?.deadlocks), 0)
    t.strictSame((await sql`select id from routing_requests`.execute(office.database.db)).rows, [], 'every request was attended to')
    t.strictSame((await sql`select chat_id from chat_routes`.execute(office.database.db)).rows, [])
    t.strictSame(await office.database.db.selectFrom('chat_offers').select('chat_id').where('state', '=', 'open').execute(), [])
  })
}
