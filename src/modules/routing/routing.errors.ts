import { AppError, badRequest, conflict } from '../../platform/errors.ts'

const lost = {
  none: 'This chat is not offered to you.',
  declined: 'You declined this chat; it is offered to others now.',
  expired: 'The time to accept this chat is over; it is offered to others now.',
  withdrawn: 'This chat is no longer offered to you.',
  accepted: 'This chat is no longer offered to you.',
} as const

/** By the state of the agent's offer; an open one is refused to nobody. */
export const notOffered = (state: keyof typeof lost | 'open') => new AppError('FORBIDDEN', 403, lost[state === 'open' ? 'none' : state])

export const agentFull = (inProgress: number, limit: number) =>
  conflict('CAPACITY_REACHED', `You already have ${inProgress} of at most ${limit} chats in progress. Complete or transfer one first.`, {
    inProgress,
    limit,
  })

export const queueFull = (name: string, limit: number) =>
  conflict('CAPACITY_REACHED', `The queue "${name}" has reached its limit of ${limit} chats in progress.`, { limit })

export function queueInUse(name: string, uses: { channels: number; hasChats: boolean }) {
  const parts = [uses.channels > 0 ? `${uses.channels} channel(s)` : '', uses.hasChats ? 'chats' : ''].filter(Boolean)
  return conflict('QUEUE_IN_USE', `The queue "${name}" cannot be deleted: it has ${parts.join(' and ')}.`, { ...uses })
}

export const queueNameTaken = (name: string) => conflict('QUEUE_NAME_TAKEN', `There is already a queue named "${name}".`)

export const unknownAgents = (ids: readonly string[]) => badRequest(`No such agent: ${ids.join(', ')}.`, { agentIds: ids })

export const badBusinessHours = (problem: string) => badRequest(problem)
