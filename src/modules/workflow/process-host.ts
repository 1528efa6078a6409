import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { Delivery, Engine } from '../../engine/index.ts'
import { AppError, conflict } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../schema.ts'
import { Backlog } from './backlog.ts'
import { isBacklogged, queueDelivery } from './deliveries.repo.ts'
import { EventDelivery, RequestFailure } from './event-delivery.ts'
import { keepFailure, noteFailure } from './failures.ts'
import type { ChatRow, DueHandler, EventListener, HostOutlets } from './host.types.ts'
import { gaveUp, type InstanceDelivery, InstanceSteps } from './instance-steps.ts'
import * as repo from './instances.repo.ts'
import { isUnexpected, refusal } from './refusals.ts'
import { Session } from './session.ts'
import { describeFailure, type Failure, type ScopeReader, StepRunner } from './step.ts'
import type { TaskRegistry } from './task-registry.ts'
import { Timers } from './timers.ts'
import type { VersionCache } from './version-cache.ts'
import type { ChatEvent } from './workflow.events.ts'

export interface ProcessHostOptions {
  database: ParleyDatabase
  engine: Engine
  tasks: TaskRegistry
  scopes: ScopeReader
  versions: VersionCache
  log: Logger
  outlets: HostOutlets
}

/** What a remote task came to. */
export type TaskDelivery = Extract<Delivery, { kind: 'task.completed' | 'task.failed' }>

/**
 * Runs the processes of chats. A fact is committed first and handled after, in order per chat; a request is
 * handled in its own transaction and refused when no instance waits for it. Every step is saved whole or not at all.
 */
export class ProcessHost {
  readonly #options: ProcessHostOptions
  readonly #steps: InstanceSteps
  readonly #timers: Timers
  readonly #backlog: Backlog
  readonly #events: EventDelivery
  readonly #sessions = new WeakMap<ParleyWork, Session>()
  readonly #listeners = new Map<string, EventListener[]>()
  readonly #dueHandlers: DueHandler[] = []
  /** Runs what belongs to no request: it must not count as what a request with an idempotency key has done. */
  readonly #apart = AsyncLocalStorage.snapshot()

  constructor(options: ProcessHostOptions) {
    const { engine, tasks, scopes, versions, log, outlets } = options
    this.#options = options
    const raise = (work: ParleyWork, event: ChatEvent) => this.raise(work, event)
    const steps = new InstanceSteps({ runner: new StepRunner(engine, tasks, scopes), versions, outlets, raise, log })
    this.#steps = steps
    this.#timers = new Timers({ engine, scopes, steps, log })
    this.#backlog = new Backlog({ steps, runTask: (instanceId, waitId) => outlets.runTask(instanceId, waitId) })
    this.#events = new EventDelivery({ steps, timers: this.#timers, advanceSoon: (chatId) => outlets.advanceSoon(chatId) })
  }

  /** Subscribes to an event inside its transaction. Call while wiring, before anything runs. */
  on(name: string, listener: EventListener): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
  }

  /** Adds a kind of due thing to every wake. Call while wiring. */
  onDue(handler: DueHandler): void {
    this.#dueHandlers.push(handler)
  }

  /** Raises a fact: inside a step it is handled after the step in the same transaction, else right after the commit. */
  async raise(work: ParleyWork, event: ChatEvent): Promise<void> {
    for (const listener of this.#listeners.get(event.name) ?? []) await listener(work, event)
    const session = this.#sessions.get(work)
    if (session) session.raise(event)
    else if (await repo.raiseFact(work.trx, event, work.now)) work.afterCommit(() => this.#options.outlets.advanceSoon(event.chatId))
  }

  /** Handles the chat's pending facts, each in a transaction of its own, until none is left. */
  async advance(chatId: string): Promise<void> {
    const { database } = this.#options
    const takeOne = () =>
      database.transaction((work) => this.#inChat(work, chatId, (session) => this.#events.takeFact(work, chatId, session)))
    // A look costs less than a transaction that finds nothing; a fact that comes in after it has its own advance.
    while ((await hasFacts(database.db, chatId)) && (await this.#apart(takeOne))) {
      // The next fact.
    }
  }

  /**
   * Asks the chat's processes for something, in one transaction: pending facts first, then `guard` (which may refuse by
   * throwing), then the request itself.
   * @throws AppError 409 NOT_WAITING when no instance waits for it; the refusal of a process as an AppError with its code
   */
  async request<T>(event: ChatEvent, guard: (work: ParleyWork, chat: ChatRow) => Promise<T>): Promise<T> {
    await this.advance(event.chatId)
    try {
      return await this.#options.database.transaction((work) =>
        this.#inChat(work, event.chatId, (session) => this.#ask(work, session, event, guard)),
      )
    } catch (error) {
      throw error instanceof RequestFailure ? await this.#refuse(error) : error
    }
  }

  /**
   * Starts an instance of a definition by its none start event, for a chat. A refusal of the process is thrown and leaves
   * nothing behind; any other failure is kept as an incident and answered, so that an administrator can repair and retry it.
   * @throws AppError refusal of the process
   */
  async start(
    work: ParleyWork,
    input: { key: string; version: number; chatId: string; variables: Record<string, unknown>; agentId: string | null },
  ): Promise<{ instance: repo.InstanceRow; failure: Failure | null }> {
    return this.#inChat(work, input.chatId, async (session) => {
      const event: ChatEvent = { chatId: input.chatId, name: 'start', payload: {}, agentId: input.agentId }
      const instance = await repo.insertInstance(work.trx, { ...input, now: work.now })
      const failure = await this.#stepOrKeep(work, session, { instance, delivery: { kind: 'start', elementId: null }, event })
      await this.#events.drain(work, session)
      return { instance, failure }
    })
  }

  /**
   * Submits the form of a user task; failures are told as start() tells them.
   * @throws AppError 404; 409 NOT_WAITING; refusal of the process
   */
  async submitForm(
    work: ParleyWork,
    instanceId: string,
    form: { waitId: string; variables: Record<string, unknown> },
    agentId: string | null,
  ): Promise<Failure | null> {
    const found = await repo.findInstance(work.trx, instanceId)
    if (!found) throw new AppError('NOT_FOUND', 404, `Process instance ${instanceId} does not exist.`)
    return this.#onInstance(work, found, async (session, instance) => {
      const isFree = instance.state === 'running' && !(await isBacklogged(work.trx, instanceId))
      if (!isFree) throw conflict('NOT_WAITING', `Process instance ${instanceId} is ${instance.state} and cannot take a form now.`)
      const delivery = { kind: 'form.completed', ...form } as Delivery
      return this.#stepOrKeep(work, session, { instance, delivery, event: eventOf(instance, delivery, agentId) })
    })
  }

  /**
   * Hands what a remote task came to to its instance, in a transaction of its own. The outcome is never lost: an instance
   * that cannot take it now takes it later. A wait that is gone meanwhile wants no outcome.
   */
  async settleTask(instanceId: string, delivery: TaskDelivery): Promise<void> {
    await this.#withTask(instanceId, delivery.waitId, async (work, session, instance) => {
      const input = { instance, delivery, event: eventOf(instance, delivery, null) }
      if (await isBacklogged(work.trx, instanceId)) await queueDelivery(work, input)
      else await this.#steps.runFact(work, session, input)
      // If the wait is still there, its outcome is kept and the task must not run again by itself.
      await repo.parkTask(work.trx, instanceId, delivery.waitId)
    })
  }

  /** Makes an incident of a remote task that failed for good; retrying the incident runs the task again. */
  async giveUpTask(instanceId: string, waitId: string, attempts: number, failure: Failure): Promise<void> {
    await this.#withTask(instanceId, waitId, async (work, _session, instance) => {
      const delivery: Delivery = { kind: 'task.failed', waitId, code: failure.code, message: failure.message }
      const event = { ...eventOf(instance, delivery, null), name: gaveUp }
      await keepFailure(work, { instance, delivery, event, failure: { ...failure, transient: false }, attempts, deliveryId: null })
      await repo.parkTask(work.trx, instanceId, waitId)
      const { id, key, chat_id: chatId } = instance
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key, state: 'incident', chatId }))
    })
  }

  /** Handles everything of the chat that is due by now: timers, response times, offers, retries. */
  async wake(chatId: string): Promise<void> {
    await this.advance(chatId)
    await this.#options.database.transaction((work) =>
      this.#inChat(work, chatId, async (session) => {
        const chat = await repo.lockChat(work.trx, chatId)
        if (!chat) return
        for (const handler of this.#dueHandlers) await handler(work, chat)
        await this.#backlog.retryDue(work, chatId, session)
        const isMoreDue = await this.#timers.fire(work, chatId, session)
        await this.#events.drain(work, session)
        if (isMoreDue) work.afterCommit(() => this.#options.outlets.wakeAt(chatId, work.now))
      }),
    )
  }

  /** Tries what is outstanding of an instance now; the answer tells why it is not resolved, null when it is. */
  async retry(work: ParleyWork, instance: repo.InstanceRow): Promise<Failure | null> {
    return this.#onInstance(work, instance, async (session, { id, chat_id: chatId }) => {
      const unarmed = await this.#timers.rearm(work, { chatId: chatId ?? '', instanceId: id })
      return unarmed ?? this.#backlog.retry(work, id, session)
    })
  }

  /** Changes a live instance under its chat's lock, between two steps; what follows from it is computed anew. */
  async change<T>(work: ParleyWork, instance: repo.InstanceRow, action: (current: repo.InstanceRow) => Promise<T>): Promise<T> {
    return this.#onInstance(work, instance, async (_session, current) => {
      const result = await action(current)
      const { id, key, chat_id: chatId } = current
      const after = await repo.findInstance(work.trx, id)
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key, state: after?.state ?? 'cancelled', chatId }))
      return result
    })
  }

  async #ask<T>(work: ParleyWork, session: Session, event: ChatEvent, guard: (work: ParleyWork, chat: ChatRow) => Promise<T>): Promise<T> {
    while (await this.#events.takeFact(work, event.chatId, session)) {
      // Facts that arrived since advance() come before the request.
    }
    const chat = await repo.lockChat(work.trx, event.chatId)
    if (!chat) throw new AppError('NOT_FOUND', 404, `Chat ${event.chatId} does not exist.`)
    const result = await guard(work, chat)
    if ((await this.#events.deliverRequest(work, event, session)) === 0) {
      throw conflict(
        'NOT_WAITING',
        `No process of chat ${chat.number} waits for ${event.name}. Its process may have ended or stopped at an incident.`,
      )
    }
    await this.#events.drain(work, session)
    return result
  }

  /** What the caller is told. What nobody could expect also goes into the step log, which the refused request itself could not keep. */
  async #refuse({ instance, isKnown, cause }: RequestFailure): Promise<unknown> {
    const { database, versions, log } = this.#options
    const version = await versions.get(database.db, instance.key, instance.version)
    if (isUnexpected(cause)) {
      log.error({ err: cause, instanceId: instance.id, process: instance.key, chatId: instance.chat_id }, 'A process failed a request')
      const failure = describeFailure(cause, version.compiled)
      if (isKnown) await this.#apart(() => database.transaction((work) => noteFailure(work, instance.id, failure, 1)))
    }
    return refusal(cause, version.compiled.name)
  }

  /** A step somebody waits for: refusals are thrown; what nobody could expect becomes an incident at once, and is answered. */
  async #stepOrKeep(work: ParleyWork, session: Session, input: InstanceDelivery): Promise<Failure | null> {
    try {
      await this.#steps.run(work, session, input, 1)
      return null
    } catch (error) {
      if (isUnexpected(error)) return this.#steps.keep(work, input, error, { attempts: 1, deliveryId: null, retry: false })
      const version = await this.#options.versions.get(work.trx, input.instance.key, input.instance.version)
      throw refusal(error, version.compiled.name)
    }
  }

  /** Under the lock of the instance's chat, with the instance as it is then; afterwards handles what was raised. */
  async #onInstance<T>(
    work: ParleyWork,
    found: repo.InstanceRow,
    action: (session: Session, instance: repo.InstanceRow) => Promise<T>,
  ): Promise<T> {
    if (found.chat_id === null) throw new Error('An instance without a chat cannot be delivered to')
    return this.#inChat(work, found.chat_id, async (session) => {
      const result = await action(session, (await repo.findInstance(work.trx, found.id)) ?? found)
      await this.#events.drain(work, session)
      return result
    })
  }

  /** As #onInstance, in a transaction of its own, and only when the instance still waits for this task. */
  async #withTask(
    instanceId: string,
    waitId: string,
    action: (work: ParleyWork, session: Session, instance: repo.InstanceRow) => Promise<void>,
  ): Promise<void> {
    await this.#options.database.transaction(async (work) => {
      const found = await repo.findInstance(work.trx, instanceId)
      if (!found) return
      await this.#onInstance(work, found, async (session, instance) => {
        if (await repo.waitsForTask(work.trx, instanceId, waitId)) await action(work, session, instance)
      })
    })
  }

  /** Runs under the chat's lock with a queue for raised events, and re-arms the chat's wake at the end. */
  async #inChat<T>(work: ParleyWork, chatId: string, action: (session: Session) => Promise<T>): Promise<T> {
    const outer = this.#sessions.get(work)
    if (outer) return action(outer)
    await work.trx.selectFrom('chats').select('id').where('id', '=', chatId).forUpdate().execute()
    const session = new Session(chatId)
    this.#sessions.set(work, session)
    try {
      const result = await action(session)
      for (const id of session.completedChatIds) await this.#cancelLifecycles(work, id)
      for (const id of session.chatIds) await this.#arm(work, id)
      return result
    } finally {
      this.#sessions.delete(work)
    }
  }

  async #cancelLifecycles(work: ParleyWork, chatId: string): Promise<void> {
    for (const id of await repo.cancelLifecycles(work.trx, chatId, work.now)) {
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key: repo.lifecycleKey, state: 'cancelled', chatId }))
    }
  }

  async #arm(work: ParleyWork, chatId: string): Promise<void> {
    const { wakeAt, hasFacts } = await repo.updateWake(work.trx, chatId)
    if (wakeAt) work.afterCommit(() => this.#options.outlets.wakeAt(chatId, wakeAt))
    if (hasFacts) work.afterCommit(() => this.#options.outlets.advanceSoon(chatId))
  }
}

/** A delivery to one wait, as the event a step sees. */
function eventOf(instance: repo.InstanceRow, delivery: Delivery, agentId: string | null): ChatEvent {
  return { chatId: instance.chat_id ?? '', name: delivery.kind, payload: {}, agentId }
}

async function hasFacts(db: Kysely<Schema>, chatId: string): Promise<boolean> {
  return (await db.selectFrom('process_events').select('id').where('chat_id', '=', chatId).limit(1).executeTakeFirst()) !== undefined
}
