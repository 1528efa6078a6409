import type { RoutingRule } from '../../contracts/index.ts'
import { AppError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { BpmnError, type ChatEvent, type ChatRow, type RaiseEvent } from '../workflow/index.ts'
import * as repo from './chat-offers.repo.ts'
import { Distributor } from './distributor.ts'
import { lockQueueLimit } from './offers.repo.ts'
import { Reoffering } from './reoffering.ts'
import * as requests from './requests.repo.ts'
import * as errors from './routing.errors.ts'

export interface RoutingOptions {
  database: ParleyDatabase
  log: Logger
  raise: RaiseEvent
  /** Announces that something about the chat besides its messages changed; the transaction holds its lock. */
  changed: (work: ParleyWork, chatId: string) => Promise<void>
  /** The chat has something due at this time. */
  wakeAt: (chatId: string, at: Date) => void
  /** Queues whose waiting chats this process offers anew; absent = all. */
  ownsQueue?: (queueId: string) => boolean
}

export interface RouteWish {
  /** Instead of the queue's rule. */
  rule: RoutingRule | null
  /** The chat goes to this queue first. */
  queueId: string | null
  /** Only these of the queue's agents. */
  agentIds: readonly string[] | null
}

/** Who gets which chat. */
export class RoutingService {
  readonly #options: RoutingOptions
  readonly #distributor: Distributor
  readonly #reoffering: Reoffering

  constructor(options: RoutingOptions) {
    this.#options = options
    this.#distributor = new Distributor(options)
    this.#reoffering = new Reoffering({ ...options, distributor: this.#distributor })
  }

  /**
   * Offers a waiting chat as the queue's rule says, now and whenever capacity frees, until it has an owner or ends. The
   * caller's transaction holds the chat's lock. A chat in progress is left alone.
   * @throws BpmnError CHAT_COMPLETED, QUEUE_NOT_FOUND
   */
  async route(work: ParleyWork, chatId: string, wish: RouteWish): Promise<{ offeredTo: string[]; assignedTo?: string }> {
    const chat = await work.trx
      .selectFrom('chats')
      .select(['status', 'number', 'agent_id', 'queue_id'])
      .where('id', '=', chatId)
      .forUpdate()
      .executeTakeFirstOrThrow()
    if (chat.status === 'completed') throw new BpmnError('CHAT_COMPLETED', `Chat ${chat.number} is completed.`)
    if (chat.status === 'in_progress') return { offeredTo: [], ...(chat.agent_id === null ? {} : { assignedTo: chat.agent_id }) }
    const queueId = wish.queueId ?? chat.queue_id
    if (queueId !== chat.queue_id) await this.#moveToQueue(work, chatId, chat.queue_id, queueId)
    await repo.saveRoute(work.trx, { chatId, rule: wish.rule, agentIds: wish.agentIds, now: work.now })
    const [distribution] = await this.#distributor.distribute(work, [chatId], { explicit: true, gone: new Set() })
    if (!distribution) throw new Error(`Chat ${chatId} could not be routed although it waits`)
    if (distribution.passedOver) this.#reoffering.soon(work, [queueId])
    await this.#reoffering.requestFreed(work, distribution.freedAgents)
    return { offeredTo: distribution.offeredTo }
  }

  /**
   * Checks, under the chat's lock, that the agent may accept the chat now, and holds the agent until the end of the
   * transaction so that two accepts at once cannot exceed its limit. Supervisors and administrators need no offer.
   * @throws AppError 403 FORBIDDEN without an open offer; 409 CAPACITY_REACHED
   */
  async checkAcceptance(work: ParleyWork, chat: Pick<ChatRow, 'id' | 'queue_id'>, agent: { id: string; role: string }): Promise<void> {
    const state = await repo.findOfferState(work.trx, chat.id, agent.id)
    if (agent.role === 'agent' && state !== 'open') throw errors.notOffered(state)
    const queue = await repo.findQueueLimit(work.trx, chat.queue_id)
    if (queue.max_chats > 0) {
      await lockQueueLimit(work.trx, chat.queue_id)
      if ((await repo.countInQueue(work.trx, chat.queue_id)) >= queue.max_chats) throw errors.queueFull(queue.name, queue.max_chats)
    }
    const limits = await repo.lockAgent(work.trx, agent.id)
    if (!limits || limits.disabled) throw new AppError('FORBIDDEN', 403, 'Your account is disabled.')
    if (limits.max_chats === 0) return
    const inProgress = await repo.countOfAgent(work.trx, agent.id)
    if (inProgress >= limits.max_chats) throw errors.agentFull(inProgress, limits.max_chats)
  }

  /**
   * Closes the agent's offer at its wish; raises `offer.expired` when no offer is left. Declining again changes nothing.
   * The caller's transaction holds the chat's lock.
   * @throws AppError 403 FORBIDDEN when the chat is not offered to the agent
   */
  async decline(work: ParleyWork, chatId: string, agentId: string, reason: string | null): Promise<void> {
    const closed = await repo.declineOffer(work.trx, chatId, agentId, reason, work.now)
    if (!closed) {
      const state = await repo.findOfferState(work.trx, chatId, agentId)
      if (state === 'declined') return
      throw errors.notOffered(state)
    }
    await this.#afterRefusal(work, chatId, [closed], agentId)
  }

  /** Due handler: offers whose time is over. */
  async expire(work: ParleyWork, chat: Pick<ChatRow, 'id' | 'status'>): Promise<void> {
    if (chat.status !== 'waiting') return
    const expired = await repo.expireOffers(work.trx, chat.id, work.now)
    if (expired.length > 0) await this.#afterRefusal(work, chat.id, expired, null)
  }

  /** Listener of `chat.assigned`: the chat is offered to nobody any more; a now full agent's other offers are passed on. */
  async chatAssigned(work: ParleyWork, event: ChatEvent): Promise<void> {
    const ownerId = String(event.payload.agentId)
    const withdrawn = await repo.closeOffers(work.trx, event.chatId, ownerId, work.now)
    await repo.deleteRoute(work.trx, event.chatId)
    await this.#requestPlaces(work, withdrawn)
    this.#reoffering.soon(work, await requests.requestFull(work.trx, ownerId, work.now))
  }

  /** Listener of `chat.completed`: its offers end, and its agent's place is for the oldest waiting chat. */
  async chatCompleted(work: ParleyWork, event: ChatEvent): Promise<void> {
    const withdrawn = await repo.closeOffers(work.trx, event.chatId, null, work.now)
    await repo.deleteRoute(work.trx, event.chatId)
    await this.#requestPlaces(work, withdrawn)
    const { agentId, queueId } = event.payload
    if (typeof agentId === 'string') await this.#reoffering.requestFreed(work, [agentId])
    if (typeof queueId === 'string') this.#reoffering.soon(work, await requests.requestLimited(work.trx, queueId, work.now))
  }

  /**
   * The agent's status, limit, memberships or right to work changed, in this transaction; waiting chats follow after its
   * commit. `gone`: logged out or disabled, so that it keeps no offer; else an inactive agent keeps those that others
   * have too.
   */
  async agentChanged(work: ParleyWork, agentId: string, { gone }: { gone: boolean }): Promise<void> {
    this.#reoffering.soon(work, await requests.requestAgent(work.trx, agentId, gone, work.now))
  }

  /** The queue's rule, limit or members changed, in this transaction. */
  async queueChanged(work: ParleyWork, queueId: string): Promise<void> {
    this.#reoffering.soon(work, await requests.requestQueues(work.trx, [queueId], work.now))
  }

  /** Takes up what a crash left: job `routing.sweep`. */
  sweep(now: Date): Promise<void> {
    return this.#reoffering.sweep(now)
  }

  /** Resolves when everything asked of this process so far is offered. */
  settled(): Promise<void> {
    return this.#reoffering.settled()
  }

  async #moveToQueue(work: ParleyWork, chatId: string, from: string, queueId: string): Promise<void> {
    const queue = await work.trx.selectFrom('queues').select('id').where('id', '=', queueId).executeTakeFirst()
    if (!queue) throw new BpmnError('QUEUE_NOT_FOUND', `Queue ${queueId} does not exist.`)
    await work.trx.updateTable('chats').set({ queue_id: queueId }).where('id', '=', chatId).execute()
    this.#reoffering.soon(work, await requests.requestLimited(work.trx, from, work.now))
  }

  async #afterRefusal(work: ParleyWork, chatId: string, closed: readonly repo.ClosedOffer[], agentId: string | null): Promise<void> {
    await this.#options.changed(work, chatId)
    await this.#requestPlaces(work, closed)
    if (await repo.hasOpenOffer(work.trx, chatId)) return
    await this.#options.raise(work, { chatId, name: 'offer.expired', payload: { chatId }, agentId })
  }

  async #requestPlaces(work: ParleyWork, closed: readonly repo.ClosedOffer[]): Promise<void> {
    await this.#reoffering.requestFreed(
      work,
      closed.filter((offer) => offer.exclusive).map((offer) => offer.agentId),
    )
  }
}
