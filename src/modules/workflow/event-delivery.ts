import type { ParleyWork } from '../../schema.ts'
import { queueDelivery } from './deliveries.repo.ts'
import { type InstanceSteps, isNotWaiting } from './instance-steps.ts'
import * as repo from './instances.repo.ts'
import type { Session } from './session.ts'
import type { Timers } from './timers.ts'
import type { ChatEvent } from './workflow.events.ts'

/** A step of a request that failed; `cause` is why. */
export class RequestFailure extends Error {
  readonly instance: repo.InstanceRow
  /** The instance was there before the request, and still is. */
  readonly isKnown: boolean

  constructor(instance: repo.InstanceRow, isKnown: boolean, cause: unknown) {
    super('A step of a request failed', { cause })
    this.name = 'RequestFailure'
    this.instance = instance
    this.isKnown = isKnown
  }
}

/** Leads events to the instances that wait for them and to the definitions that start on them. */
export class EventDelivery {
  readonly #steps: InstanceSteps
  readonly #timers: Timers
  readonly #advanceSoon: (chatId: string) => void

  constructor(options: { steps: InstanceSteps; timers: Timers; advanceSoon: (chatId: string) => void }) {
    this.#steps = options.steps
    this.#timers = options.timers
    this.#advanceSoon = options.advanceSoon
  }

  /** Handles the oldest fact of the chat's process inbox and what it raises; false when there is none. */
  async takeFact(work: ParleyWork, chatId: string, session: Session): Promise<boolean> {
    const row = await repo.takeFact(work.trx, chatId)
    if (!row) return false
    if (row.name === 'timers.rearm') await this.#timers.rearm(work, { chatId })
    else {
      await this.#deliverFact(work, { chatId, name: row.name, payload: row.payload, agentId: row.agent_id }, session)
      await this.drain(work, session)
    }
    return true
  }

  /** Handles everything raised so far and what that raises, in the order of raising. */
  async drain(work: ParleyWork, session: Session): Promise<void> {
    for (let event = session.next(); event; event = session.next()) {
      if (event.chatId === session.ownChatId || (await repo.lockIdleChat(work.trx, event.chatId)))
        await this.#deliverFact(work, event, session)
      else await this.#leaveToItsChat(work, event)
    }
  }

  /**
   * Hands the request to every instance that waits for it, and starts definitions on it. Answers how many took it.
   * @throws RequestFailure
   */
  async deliverRequest(work: ParleyWork, event: ChatEvent, session: Session): Promise<number> {
    let taken = 0
    const take = async (instance: repo.InstanceRow, isKnown: boolean, elementId: string | null) => {
      try {
        await this.#steps.run(work, session, { instance, event, delivery: deliveryOf(event, elementId) }, 1)
        taken++
      } catch (error) {
        if (!isNotWaiting(error)) throw new RequestFailure(instance, isKnown, error)
      }
    }
    for (const instance of await repo.findListeners(work.trx, event.chatId, event.name)) {
      // What is backlogged takes its deliveries in order, so it cannot answer a request now.
      if (!instance.backlogged) await take(instance, true, null)
    }
    for (const start of await repo.findStarts(work.trx, event.name))
      await take(await this.#insert(work, event, start), false, start.element_id)
    return taken
  }

  async #deliverFact(work: ParleyWork, event: ChatEvent, session: Session): Promise<void> {
    for (const instance of await repo.findListeners(work.trx, event.chatId, event.name)) {
      const input = { instance, event, delivery: deliveryOf(event, null) }
      if (instance.backlogged) await queueDelivery(work, input)
      else await this.#steps.runFact(work, session, input)
    }
    for (const start of await repo.findStarts(work.trx, event.name)) {
      const instance = await this.#insert(work, event, start)
      await this.#steps.runFact(work, session, { instance, event, delivery: deliveryOf(event, start.element_id) })
    }
  }

  #insert(work: ParleyWork, event: ChatEvent, start: { key: string; version: number }): Promise<repo.InstanceRow> {
    const { chatId, agentId } = event
    return repo.insertInstance(work.trx, { key: start.key, version: start.version, chatId, variables: {}, agentId, now: work.now })
  }

  /** Waiting for another chat's lock while holding one could become a circle: the event becomes a fact of that chat. */
  async #leaveToItsChat(work: ParleyWork, event: ChatEvent): Promise<void> {
    if (await repo.raiseFact(work.trx, event, work.now)) work.afterCommit(() => this.#advanceSoon(event.chatId))
  }
}

function deliveryOf(event: ChatEvent, startElementId: string | null) {
  return startElementId === null
    ? ({ kind: 'message', eventName: event.name } as const)
    : ({ kind: 'start', elementId: startElementId } as const)
}
