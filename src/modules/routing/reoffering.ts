import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { RaiseEvent } from '../workflow/index.ts'
import { hasRoom } from './decide.ts'
import { countRoom, type Distribution, type Distributor } from './distributor.ts'
import { readAgents } from './offers.repo.ts'
import { QueuePump } from './queue-pump.ts'
import * as repo from './requests.repo.ts'

/** Chats whose offers are put right in one transaction, and which nobody else can change meanwhile. */
const batchSize = 100
/** How long the pump has before the sweeper steps in, in milliseconds. */
const graceMs = 2_000

export interface ReofferingOptions {
  database: ParleyDatabase
  distributor: Distributor
  raise: RaiseEvent
  wakeAt: (chatId: string, at: Date) => void
  log: Logger
  /** Queues this process looks at; absent = all. */
  ownsQueue?: (queueId: string) => boolean
}

/**
 * Puts the offers of a queue's waiting chats right after something changed that several chats depend on: a place was
 * freed, an agent's status, limit or membership, the queue's rule or limit.
 *
 * Not in the transaction of the change: that one holds a chat already, and waiting for others could become a circle;
 * leaving out chats that are locked just then would leave one waiting beside a free agent. So the change writes a
 * request with it, and right after the commit the queue is looked at in transactions of their own, which wait for no
 * chat while they hold another. Of a chat being routed and a place being freed at the same time, whichever commits
 * last looks again and sees both. Requests outlive a crash: the sweeper takes them up.
 */
export class Reoffering {
  readonly #options: ReofferingOptions
  readonly #pump: QueuePump

  constructor(options: ReofferingOptions) {
    this.#options = options
    this.#pump = new QueuePump({ look: (queueId) => this.look(queueId), log: options.log })
  }

  /** Looks at the queues after the commit of this work. */
  soon(work: ParleyWork, queueIds: readonly string[]): void {
    const { ownsQueue } = this.#options
    const own = ownsQueue ? queueIds.filter(ownsQueue) : queueIds
    if (own.length > 0) work.afterCommit(() => this.#pump.push(own))
  }

  /** Resolves when this process has looked at all queues it was asked to look at. */
  settled(): Promise<void> {
    return this.#pump.idle()
  }

  /** Takes up what a crash left; several index look-ups when nothing was. */
  async sweep(now: Date): Promise<void> {
    this.#pump.push(await repo.findNeglected(this.#options.database.db, new Date(now.getTime() - graceMs)))
    await this.#pump.idle()
  }

  /** Puts the offers of all waiting chats of the queue right. */
  async look(queueId: string): Promise<void> {
    const { database } = this.#options
    const requests = await repo.readRequests(database.db, queueId)
    const held: string[] = []
    let after: string | null = null
    for (;;) {
      const chatIds = await this.#findWork(queueId, after, requests.gone)
      const last = chatIds.at(-1)
      if (last === undefined) break
      held.push(...(await database.transaction((work) => this.#distribute(work, queueId, chatIds, requests.gone, true))))
      after = last
    }
    // Those that a step held: one at a time, so that waiting for one keeps nobody from another.
    for (const chatId of held) await database.transaction((work) => this.#distribute(work, queueId, [chatId], requests.gone, false))
    await repo.deleteRequests(database.db, requests.ids)
  }

  async #findWork(queueId: string, after: string | null, gone: ReadonlySet<string>): Promise<string[]> {
    const { db } = this.#options.database
    const agents = [...(await readAgents(db, queueId, [], gone)).values()].filter((agent) => agent.member)
    const ids = (wanted: typeof agents) => wanted.map((agent) => agent.id)
    return repo.findWork(db, {
      queueId,
      after,
      limit: Math.max(10, countRoom(agents, batchSize)),
      keepers: ids(agents.filter((agent) => !agent.gone)),
      able: ids(agents.filter((agent) => agent.active && (agent.maxChats === 0 || agent.inProgress < agent.maxChats))),
      active: ids(agents.filter((agent) => agent.active)),
      free: ids(agents.filter((agent) => agent.active && hasRoom(agent))),
    })
  }

  /** Answers the chats that were left out because somebody else holds them. */
  async #distribute(
    work: ParleyWork,
    queueId: string,
    chatIds: readonly string[],
    gone: ReadonlySet<string>,
    skip: boolean,
  ): Promise<string[]> {
    const { distributor, wakeAt } = this.#options
    const locked = await repo.lockWaiting(work.trx, queueId, chatIds, skip)
    const distributions = await distributor.distribute(work, locked, { explicit: false, gone })
    await this.#raiseFreed(work, distributions)
    const changed = distributions.map((item) => item.chatId)
    for (const { id, wakeAt: at } of await repo.updateWakes(work.trx, changed)) work.afterCommit(() => wakeAt(id, at))
    await this.requestFreed(
      work,
      distributions.flatMap((item) => item.freedAgents),
    )
    return skip ? chatIds.filter((id) => !locked.includes(id)) : []
  }

  /** Asks for a look at the queues of agents who got a place back. */
  async requestFreed(work: ParleyWork, agentIds: readonly string[]): Promise<void> {
    if (agentIds.length > 0) this.soon(work, await repo.requestFreed(work.trx, agentIds, work.now))
  }

  async #raiseFreed(work: ParleyWork, distributions: readonly Distribution[]): Promise<void> {
    for (const { chatId, newlyOffered, hearsCapacity, offeredTo } of distributions) {
      if (!newlyOffered || !hearsCapacity) continue
      await this.#options.raise(work, { chatId, name: 'capacity.freed', payload: { chatId, agentIds: offeredTo }, agentId: null })
    }
  }
}
