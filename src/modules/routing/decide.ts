import * as reasons from './reasons.ts'
import type { Candidate, Offer, QueueLoad, RoutedChat, Verdict } from './routing.types.ts'

/** True when the agent may take one more chat, counting the places held for it. */
export function hasRoom(agent: Candidate): boolean {
  return agent.maxChats === 0 || agent.inProgress + agent.reserved < agent.maxChats
}

/**
 * Decides who is offered a waiting chat, given the offers it has: the same answer for a new chat, an expired offer and
 * freed capacity, and no change when the offers are as they should be (design.md, "Routing rules").
 */
export function decide(chat: RoutedChat, queue: QueueLoad, agents: ReadonlyMap<string, Candidate>): Verdict {
  const single = chat.rule !== 'everyone'
  const mayHave = (agent: Candidate) => agent.member && (chat.onlyAgents === null || chat.onlyAgents.includes(agent.id))
  const open = chat.offers.filter((offer) => offer.state === 'open')
  const withdraw: { agentId: string; reason: string }[] = []
  for (const offer of open) {
    const holder = agents.get(offer.agentId)
    const reason = holder && mayHave(holder) ? losesOffer(holder, offer, single) : reasons.notInQueue(holder?.name ?? 'The agent')
    if (reason !== null) withdraw.push({ agentId: offer.agentId, reason })
  }
  const kept = open.filter((offer) => !withdraw.some((lost) => lost.agentId === offer.agentId))
  const base = {
    withdraw,
    offer: [],
    exclusive: single,
    share: !single && kept.some((offer) => offer.exclusive),
    startOver: false,
    passedOver: false,
  }
  const keptNames = kept.map((offer) => agents.get(offer.agentId)?.name ?? offer.agentId)
  if (single && kept.length > 0) return { ...base, reason: reasons.stillOffered(keptNames) }

  if (isFull(queue, single, withdraw, open)) return { ...base, passedOver: true, reason: reasons.queueFull(queue) }
  const members = [...agents.values()].filter(mayHave)
  const free = members.filter((agent) => agent.active && hasRoom(agent))
  const passedOver = free.length < members.length
  if (free.length === 0 && kept.length > 0) return { ...base, passedOver, reason: reasons.stillOffered(keptNames) }
  if (free.length === 0) return { ...base, passedOver: true, reason: reasons.nobodyFree(queue, members, chat.onlyAgents !== null) }

  const willing = free.filter((agent) => !hasRefused(chat, agent))
  const startOver = willing.length === 0
  const candidates = startOver ? free : willing
  const refusals = reasons.refusals(chat, free, startOver)
  if (single) {
    const chosen = choose(chat, candidates, agents)
    return { ...base, offer: [chosen.agent.id], startOver, reason: [chosen.reason, ...refusals].join(' ') }
  }
  const offer = candidates.filter((agent) => !kept.some((held) => held.agentId === agent.id))
  const reason = offer.length === 0 ? [reasons.stillOffered(keptNames)] : [reasons.offeredToEveryone(offer, keptNames.length), ...refusals]
  return { ...base, offer: offer.map((agent) => agent.id), startOver, passedOver, reason: reason.join(' ') }
}

/** Why the holder of an open offer loses it, or null. Under `everyone` an inactive agent keeps what it has received. */
function losesOffer(holder: Candidate, offer: Offer, single: boolean): string | null {
  if (holder.gone) return reasons.gone(holder.name)
  if (!single) return null
  if (!offer.exclusive) return reasons.ruleChanged()
  if (!holder.active) return reasons.becameInactive(holder.name)
  if (holder.maxChats > 0 && holder.inProgress >= holder.maxChats) return reasons.reachedLimit(holder)
  return null
}

function isFull(queue: QueueLoad, single: boolean, withdraw: readonly { agentId: string }[], open: readonly Offer[]): boolean {
  if (queue.maxChats === 0) return false
  if (!single) return queue.inProgress >= queue.maxChats
  const given = open.filter((offer) => offer.exclusive && withdraw.some((lost) => lost.agentId === offer.agentId)).length
  return queue.inProgress + queue.reserved - given >= queue.maxChats
}

function hasRefused(chat: RoutedChat, agent: Candidate): boolean {
  return agent.id === chat.transferredBy || chat.offers.some((offer) => offer.agentId === agent.id && offer.state !== 'open')
}

const longestUnoffered = (a: Candidate, b: Candidate) => a.turn - b.turn || compareIds(a.id, b.id)
const load = (agent: Candidate) => agent.inProgress + agent.reserved
const leastLoaded = (a: Candidate, b: Candidate) => load(a) - load(b) || longestUnoffered(a, b)

/** Ids are decimal numbers of any length. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

function choose(
  chat: RoutedChat,
  candidates: readonly Candidate[],
  agents: ReadonlyMap<string, Candidate>,
): { agent: Candidate; reason: string } {
  if (chat.rule === 'round_robin') {
    const agent = first(candidates, longestUnoffered)
    return { agent, reason: reasons.turn(agent, candidates.length) }
  }
  const { lastAgent } = chat
  const last = candidates.find((agent) => agent.id === lastAgent?.id)
  if (chat.rule === 'last_agent' && last && lastAgent) return { agent: last, reason: reasons.lastAgent(last, lastAgent.chatNumber) }
  const agent = first(candidates, leastLoaded)
  const ties = candidates.filter((other) => load(other) === load(agent)).length
  const reason = reasons.leastLoaded(agent, load(agent), candidates.length, ties)
  if (chat.rule !== 'last_agent') return { agent, reason }
  return { agent, reason: `${reasons.noLastAgent(lastAgent, lastAgent ? agents.get(lastAgent.id) : undefined)} ${reason}` }
}

function first(candidates: readonly Candidate[], order: (a: Candidate, b: Candidate) => number): Candidate {
  const [agent] = candidates.toSorted(order)
  if (!agent) throw new Error('There must be a candidate to choose from')
  return agent
}
