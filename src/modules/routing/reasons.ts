import type { Candidate, QueueLoad, RoutedChat } from './routing.types.ts'

/** The sentences that answer "why is this chat here?". People read them; nothing else depends on them. */

const maxNames = 5

function list(names: readonly string[]): string {
  if (names.length > maxNames) return `${names.length} agents`
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

const count = (amount: number, one: string, many = `${one}s`) => `${amount} ${amount === 1 ? one : many}`

export const notInQueue = (name: string) => `${name} may no longer take chats of this queue.`
export const gone = (name: string) => `${name} logged out.`
export const ruleChanged = () => 'The routing rule of the queue changed.'
export const becameInactive = (name: string) => `${name} became inactive.`
export const reachedLimit = (agent: Candidate) => `${agent.name} has reached the limit of ${count(agent.maxChats, 'chat')}.`

export const stillOffered = (names: readonly string[]) => `Still offered to ${list(names)}.`

export const queueFull = (queue: QueueLoad) =>
  `No offer: the queue "${queue.name}" has reached its limit of ${count(queue.maxChats, 'chat')} in progress.`

export function nobodyFree(queue: QueueLoad, members: readonly Candidate[], restricted: boolean): string {
  const inactive = members.filter((agent) => !agent.active).length
  const parts = [inactive > 0 ? `${inactive} inactive` : '', inactive < members.length ? `${members.length - inactive} at the limit` : '']
  const detail =
    members.length === 0 ? (restricted ? 'none of the wanted agents belongs to it' : 'it has no agents') : parts.filter(Boolean).join(', ')
  return `No active agent with free capacity in the queue "${queue.name}": ${detail}. The chat waits and is offered when capacity frees.`
}

export function offeredToEveryone(offered: readonly Candidate[], others: number): string {
  const names = list(offered.map((agent) => agent.name))
  if (others > 0) return `Offered to ${names} too, active with free capacity now.`
  return `Offered to ${names}: ${offered.length === 1 ? 'the only active agent' : 'all active agents'} with free capacity.`
}

export const turn = (agent: Candidate, free: number) =>
  free === 1 ? onlyOne(agent) : `Offered to ${agent.name}: next in turn of ${free} free agents.`

const onlyOne = (agent: Candidate) => `Offered to ${agent.name}: the only active agent with free capacity.`

export function leastLoaded(agent: Candidate, load: number, free: number, ties: number): string {
  if (free === 1) return onlyOne(agent)
  const tie = ties > 1 ? `, and of the ${ties} with so few, offered nothing for the longest time` : ''
  return `Offered to ${agent.name}: fewest chats (${load}) of ${free} free agents${tie}.`
}

export const lastAgent = (agent: Candidate, chatNumber: number) =>
  `Offered to ${agent.name}, who had the previous chat of this contact (${chatNumber}).`

export function noLastAgent(last: RoutedChat['lastAgent'], agent: Candidate | undefined): string {
  if (!last) return 'No agent had a chat of this contact before.'
  if (!agent?.member) return `${last.name}, who had the previous chat of this contact, does not belong to the queue.`
  if (!agent.active) return `${last.name}, who had the previous chat of this contact, is inactive.`
  return `${last.name}, who had the previous chat of this contact, has no free capacity or has passed on this chat.`
}

/** Who of the free agents was left out, or that all are asked again. */
export function refusals(chat: RoutedChat, free: readonly Candidate[], startOver: boolean): string[] {
  if (startOver) return ['All free agents have passed on it, so they are asked again.']
  const named = (state: 'declined' | 'expired') => {
    const ids = new Set(chat.offers.filter((offer) => offer.state === state).map((offer) => offer.agentId))
    return free.filter((agent) => ids.has(agent.id)).map((agent) => agent.name)
  }
  const [declined, expired] = [named('declined'), named('expired')]
  const transferredBy = free.find((agent) => agent.id === chat.transferredBy)
  return [
    declined.length > 0 ? `Declined by ${list(declined)}.` : '',
    expired.length > 0 ? `Not answered in time by ${list(expired)}.` : '',
    transferredBy ? `Transferred by ${transferredBy.name}.` : '',
  ].filter(Boolean)
}
