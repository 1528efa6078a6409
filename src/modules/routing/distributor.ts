import type { ParleyWork } from '../../schema.ts'
import { decide, hasRoom } from './decide.ts'
import type { OfferChanges, RoutedRow } from './offers.repo.ts'
import * as repo from './offers.repo.ts'
import type { Candidate, Offer, QueueLoad, RoutedChat, Verdict } from './routing.types.ts'

/** What became of one chat. */
export interface Distribution {
  chatId: string
  /** All agents it is offered to now. */
  offeredTo: string[]
  /** It was offered to nobody before and is now. */
  newlyOffered: boolean
  /** A process may wait for capacity.freed of this chat. */
  hearsCapacity: boolean
  /** Agents whose places were freed by the withdrawal of an offer. */
  freedAgents: string[]
  /** Somebody could not be considered; a change of theirs at this very moment may have been missed. */
  passedOver: boolean
}

export interface DistributeOptions {
  /** Writes a decision even when nothing changes: a process asked for it. */
  explicit: boolean
  /** Agents who are to lose their open offers unless they are active again. */
  gone: ReadonlySet<string>
}

/**
 * Brings the offers of waiting chats in line with the rule, the members, their status and the limits.
 *
 * Locks, always in this order, so that nobody waits in a circle: chats (held by the caller; who holds several took them
 * with `skip locked` and never waits for another) → limit of the queue → agents by id. Offers to everyone hold no place,
 * so they lock no agent: the limit is kept when the chat is accepted. Offers to one agent hold a place, so the active
 * agents of the queue are locked before they are counted, which also keeps turns and loads exact.
 */
export class Distributor {
  readonly #changed: (work: ParleyWork, chatId: string) => Promise<void>

  constructor(options: { changed: (work: ParleyWork, chatId: string) => Promise<void> }) {
    this.#changed = options.changed
  }

  /** The chats belong to one queue and are locked. Those that no longer wait or are not to be offered are left out. */
  async distribute(work: ParleyWork, chatIds: readonly string[], options: DistributeOptions): Promise<Distribution[]> {
    const rows = await repo.readRouted(work.trx, chatIds)
    const [head] = rows
    if (!head) return []
    const { chats, agents, queue } = await this.#read(work, head, rows, options.gone)
    const changes: OfferChanges = { withdrawn: [], startedOver: [], shared: [], offered: [], decisions: [] }
    const touched: string[] = []
    const distributions = chats.map(({ row, chat }) => {
      const verdict = decide(chat, queue, agents)
      hold(chat, verdict, queue, agents)
      const altered = verdict.offer.length + verdict.withdraw.length > 0
      if (altered) touched.push(row.id)
      collect(changes, row, verdict, work.now, altered || options.explicit)
      return describe(row, chat, verdict)
    })
    if (changes.decisions.length > 0 || changes.shared.length > 0) await repo.saveOffers(work.trx, changes, work.now)
    for (const chatId of touched) await this.#changed(work, chatId)
    return distributions
  }

  /** Takes the locks and reads what decisions depend on. */
  async #read(work: ParleyWork, head: RoutedRow, rows: readonly RoutedRow[], gone: ReadonlySet<string>) {
    const ids = rows.map((row) => row.id)
    let locked: ReadonlySet<string> | null = null
    if (rows.some((row) => row.rule !== 'everyone')) {
      if (head.queue_max_chats > 0) await repo.lockQueueLimit(work.trx, head.queue_id)
      locked = await repo.lockActiveAgents(work.trx, head.queue_id)
    }
    const offers = await repo.readOffers(work.trx, ids)
    const holders = [...offers.values()].flat().filter((offer) => offer.state === 'open')
    const agents = await repo.readAgents(work.trx, head.queue_id, [...new Set(holders.map((offer) => offer.agentId))], gone)
    // Who became active after the lock counts as inactive still: another lock now would be out of order, and that agent's
    // own request comes after.
    if (locked) for (const agent of agents.values()) agent.active &&= locked.has(agent.id)
    const queue = await this.#queueLoad(work, head)
    const wantsLast = rows.filter((row) => row.rule === 'last_agent').map((row) => row.id)
    const lastAgents = wantsLast.length > 0 ? await repo.readLastAgents(work.trx, wantsLast) : null
    const chats = rows.map((row): { row: RoutedRow; chat: RoutedChat } => ({
      row,
      chat: {
        id: row.id,
        rule: row.rule,
        onlyAgents: row.only_agents,
        offers: offers.get(row.id) ?? [],
        transferredBy: row.transferred_by,
        lastAgent: lastAgents?.get(row.id) ?? null,
      },
    }))
    return { chats, agents, queue }
  }

  async #queueLoad(work: ParleyWork, row: RoutedRow): Promise<QueueLoad> {
    if (row.queue_max_chats > 0) return repo.readQueueLoad(work.trx, row.queue_id)
    return { name: row.queue_name, maxChats: 0, inProgress: 0, reserved: 0 }
  }
}

/** Moves the places in memory, so that the next chat of the batch sees what this one took and gave back. */
function hold(chat: RoutedChat, verdict: Verdict, queue: QueueLoad, agents: ReadonlyMap<string, Candidate>): void {
  const held = (agentId: string) =>
    chat.offers.some((offer: Offer) => offer.agentId === agentId && offer.state === 'open' && offer.exclusive)
  const givenBack = verdict.share
    ? chat.offers.filter((offer) => offer.state === 'open').map((offer) => offer.agentId)
    : verdict.withdraw.map((item) => item.agentId)
  for (const agentId of givenBack.filter(held)) {
    const agent = agents.get(agentId)
    if (agent) agent.reserved--
    queue.reserved--
  }
  if (!verdict.exclusive) return
  const lastTurn = Math.max(0, ...[...agents.values()].map((agent) => agent.turn))
  for (const agentId of verdict.offer) {
    const agent = agents.get(agentId)
    if (!agent) continue
    agent.reserved++
    agent.turn = lastTurn + 1
    queue.reserved++
  }
}

function collect(changes: OfferChanges, row: RoutedRow, verdict: Verdict, now: Date, decided: boolean): void {
  const minutes = verdict.exclusive ? row.offer_timeout_minutes : null
  const expiresAt = minutes === null ? null : new Date(now.getTime() + Math.ceil(minutes * 60_000))
  for (const item of verdict.withdraw) changes.withdrawn.push({ chatId: row.id, ...item })
  for (const agentId of verdict.offer) changes.offered.push({ chatId: row.id, agentId, exclusive: verdict.exclusive, expiresAt })
  if (verdict.startOver) changes.startedOver.push(row.id)
  if (verdict.share) changes.shared.push(row.id)
  if (!decided) return
  const lost = [...new Set(verdict.withdraw.map((item) => item.reason))]
  changes.decisions.push({ chatId: row.id, rule: row.rule, reason: [...lost, verdict.reason].join(' '), offeredTo: [...verdict.offer] })
}

function describe(row: RoutedRow, chat: RoutedChat, verdict: Verdict): Distribution {
  const open = chat.offers.filter((offer) => offer.state === 'open')
  const kept = open.filter((offer) => !verdict.withdraw.some((item) => item.agentId === offer.agentId))
  return {
    chatId: row.id,
    offeredTo: [...kept.map((offer) => offer.agentId), ...verdict.offer],
    newlyOffered: open.length === 0 && verdict.offer.length > 0,
    hearsCapacity: row.hears_capacity,
    freedAgents: open.filter((offer) => offer.exclusive && !kept.includes(offer)).map((offer) => offer.agentId),
    passedOver: verdict.passedOver,
  }
}

/** How many more chats these agents could be offered, at most `limit`. */
export function countRoom(agents: Iterable<Candidate>, limit: number): number {
  let room = 0
  for (const agent of agents) {
    if (!agent.active || !agent.member || !hasRoom(agent)) continue
    room += agent.maxChats === 0 ? limit : agent.maxChats - agent.inProgress - agent.reserved
    if (room >= limit) return limit
  }
  return room
}
