import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import { type Delivery, type Engine, StepError, type StepResult } from '../../engine/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { isDatabaseUnavailable, sqlState } from '../../platform/db/database.ts'
import { AppError, conflict } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ChatsTable, ParleyDatabase, ParleyWork } from '../../schema.ts'
import { resolveIncidents, scheduleRetry } from './failures.ts'
import * as repo from './instances.repo.ts'
import { describeFailure, type Failure, ProcessRuleError, type ScopeReader, type StepInput, StepRunner } from './step.ts'
import type { TaskRegistry } from './task-registry.ts'
import { decodeValue } from './values.ts'
import type { VersionCache } from './version-cache.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Events an event may cause in one transaction, and the events raised after them, are handled this many rounds deep. */
const maxGenerations = 10
/** Due timers of one chat handled by one wake; the rest follows in the next. */
const maxTimersPerWake = 50

export type ChatRow = Selectable<ChatsTable>

/** Something of a chat that falls due besides process timers: response times, offers. Runs under the chat's lock. */
export type DueHandler = (work: ParleyWork, chat: ChatRow) => Promise<void>

/** Told of every event, in its transaction, whoever raised it. */
export type EventListener = (work: ParleyWork, event: ChatEvent) => Promise<void>

/** Pushes and jobs that follow a commit; wired by the container. */
export interface HostOutlets {
  /** The chat is due at this time: have wake(chatId) called then. */
  wakeAt(chatId: string, at: Date): void
  /** A remote task waits to be run. */
  runTask(instanceId: string, waitId: string): void
  /** The process inbox of the chat has something: have advance(chatId) called soon. */
  advanceSoon(chatId: string): void
  instanceChanged(instance: { id: string; key: string; state: string; chatId: string | null }): void
}

export interface ProcessHostOptions {
  database: ParleyDatabase
  engine: Engine
  tasks: TaskRegistry
  scopes: ScopeReader
  versions: VersionCache
  clock: Clock
  log: Logger
  outlets: HostOutlets
}

interface Session {
  queue: { event: ChatEvent; generation: number }[]
  /** Generation of the event being handled. */
  generation: number
  /** Chats this transaction has touched; their wake times are computed at its end. */
  chatIds: Set<string>
  completedChats: Set<string>
}

interface Taken {
  /** Instances that took the event now. */
  steps: number
  /** Failure of a step, kept for requests (facts turn it into a retry or an incident). */
  failure: unknown
}

/**
 * Runs the processes of chats. A fact is committed first and handled after, in order per chat; a request is
 * handled in its own transaction and refused when no instance waits for it. Every step is saved whole or not at all.
 */
export class ProcessHost {
  readonly #options: ProcessHostOptions
  readonly #runner: StepRunner
  readonly #sessions = new WeakMap<ParleyWork, Session>()
  readonly #listeners = new Map<string, EventListener[]>()
  readonly #dueHandlers: DueHandler[] = []

  constructor(options: ProcessHostOptions) {
    this.#options = options
    this.#runner = new StepRunner(options.engine, options.tasks, options.scopes)
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
    if (session) {
      if (event.name === 'chat.completed') session.completedChats.add(event.chatId)
      session.chatIds.add(event.chatId)
      session.queue.push({ event, generation: session.generation + 1 })
      return
    }
    const result = await sql<{ raised: boolean }>`
      select raise_fact(c.id, c.heard_events, ${event.name}, ${JSON.stringify(event.payload)}::jsonb, ${event.agentId}::bigint, ${work.now}) as raised
      from chats c where c.id = ${event.chatId}`.execute(work.trx)
    if (result.rows[0]?.raised) work.afterCommit(() => this.#options.outlets.advanceSoon(event.chatId))
  }

  /** Handles the chat's pending facts, each in a transaction of its own, until none is left. */
  async advance(chatId: string): Promise<void> {
    for (;;) {
      const more = await this.#options.database.transaction((work) =>
        this.#inChat(work, chatId, (session) => this.#takeFact(work, chatId, session)),
      )
      if (!more) return
    }
  }

  /**
   * Asks the chat's processes for something, in one transaction: pending facts first, then `guard` (which may refuse by
   * throwing), then the request itself.
   * @throws AppError 409 NOT_WAITING when no instance waits for it; the refusal of a process as an AppError with its code
   */
  async request<T>(event: ChatEvent, guard: (work: ParleyWork, chat: ChatRow) => Promise<T>): Promise<T> {
    await this.advance(event.chatId)
    return this.#options.database.transaction((work) =>
      this.#inChat(work, event.chatId, async (session) => {
        while (await this.#takeFact(work, event.chatId, session)) {
          // Facts that arrived since advance() come before the request.
        }
        const chat = await repo.lockChat(work.trx, event.chatId)
        if (!chat) throw new AppError('NOT_FOUND', 404, `Chat ${event.chatId} does not exist.`)
        const result = await guard(work, chat)
        const taken = await this.#deliverEvent(work, event, session, 'request')
        if (taken.failure !== null) throw refusal(taken.failure)
        if (taken.steps === 0) {
          throw conflict(
            'NOT_WAITING',
            `No process of chat ${chat.number} waits for ${event.name}. Its process may have ended or stopped at an incident.`,
          )
        }
        await this.#drainQueue(work, session)
        return result
      }),
    )
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
      const version = await this.#options.versions.get(work.trx, input.key, input.version)
      const instance = await repo.insertInstance(work.trx, { ...input, now: work.now })
      const failure = await this.#stepOrKeep(work, { instance, version, delivery: { kind: 'start', elementId: null }, event })
      await this.#drainQueue(work, session)
      return { instance, failure }
    })
  }

  /** Submits the form of a user task; failures are told as start() tells them. @throws AppError refusal of the process */
  async submitForm(
    work: ParleyWork,
    instanceId: string,
    form: { waitId: string; variables: Record<string, unknown> },
    agentId: string | null,
  ): Promise<Failure | null> {
    const delivery = { kind: 'form.completed', ...form } as Delivery
    return this.#onInstance(work, instanceId, delivery, agentId, (input) => this.#stepOrKeep(work, input))
  }

  /** Delivers to one wait of one instance (a form, the outcome of a remote task). @throws AppError refusal of the process */
  async deliver(work: ParleyWork, instanceId: string, delivery: Delivery, agentId: string | null): Promise<StepResult> {
    return this.#onInstance(work, instanceId, delivery, agentId, async (input) => {
      try {
        return await work.attempt(() => this.#step(work, input, 1))
      } catch (error) {
        throw refusal(error)
      }
    })
  }

  /** Hands the outcome of a remote task to its instance. */
  async settleTask(instanceId: string, delivery: Extract<Delivery, { kind: 'task.completed' | 'task.failed' }>): Promise<void> {
    await this.#options.database.transaction((work) => this.deliver(work, instanceId, delivery, null))
  }

  /** Handles everything of the chat that is due by now: timers, response times, offers, retries. */
  async wake(chatId: string): Promise<void> {
    await this.advance(chatId)
    await this.#options.database.transaction((work) =>
      this.#inChat(work, chatId, async (session) => {
        const chat = await repo.lockChat(work.trx, chatId)
        if (!chat) return
        for (const handler of this.#dueHandlers) await handler(work, chat)
        await this.#retryDeliveries(work, chatId, session, 'due')
        for (let fired = 0; fired < maxTimersPerWake; fired++) {
          const timer = await repo.findDueTimer(work.trx, chatId, work.now)
          if (!timer) break
          const event: ChatEvent = { chatId, name: 'timer', payload: { elementId: timer.element_id }, agentId: null }
          await this.#deliver(work, timer, { kind: 'timer', waitId: timer.wait_id }, event, 'fact')
        }
        await this.#drainQueue(work, session)
      }),
    )
  }

  /** Tries the outstanding deliveries of one instance now, incident or not; the answer tells what really happened. */
  async retry(work: ParleyWork, instance: repo.InstanceRow): Promise<unknown> {
    if (instance.chat_id === null) throw new Error('An instance without a chat has no deliveries')
    return this.#inChat(work, instance.chat_id, async (session) => {
      const failure = await this.#retryDeliveries(work, instance.chat_id ?? '', session, instance.id)
      await this.#drainQueue(work, session)
      return failure
    })
  }

  /** Prepares a delivery to a running instance under its chat's lock, lets `take` do it and handles what it raised. */
  async #onInstance<T>(
    work: ParleyWork,
    instanceId: string,
    delivery: Delivery,
    agentId: string | null,
    take: (input: StepInput & { event: ChatEvent }) => Promise<T>,
  ): Promise<T> {
    const found = await repo.findInstance(work.trx, instanceId)
    if (!found) throw new AppError('NOT_FOUND', 404, `Process instance ${instanceId} does not exist.`)
    const chatId = found.chat_id
    if (chatId === null) throw new Error('An instance without a chat cannot be delivered to')
    return this.#inChat(work, chatId, async (session) => {
      const instance = (await repo.findInstance(work.trx, instanceId)) ?? found
      if (instance.state !== 'running') throw conflict('NOT_WAITING', `Process instance ${instanceId} is ${instance.state}.`)
      const version = await this.#options.versions.get(work.trx, instance.key, instance.version)
      const result = await take({ instance, version, delivery, event: { chatId, name: delivery.kind, payload: {}, agentId } })
      await this.#drainQueue(work, session)
      return result
    })
  }

  /** A step somebody waits for: refusals are thrown; what nobody could expect becomes an incident at once, and is answered. */
  async #stepOrKeep(work: ParleyWork, input: StepInput & { event: ChatEvent }): Promise<Failure | null> {
    try {
      await work.attempt(() => this.#step(work, input, 1))
      return null
    } catch (error) {
      if (!isUnexpected(error)) throw refusal(error)
      return this.#fail(work, input.instance, input.delivery, input.event, error, 1, null, { retry: false })
    }
  }

  /** Runs under the chat's lock with a queue for raised events, and re-arms the chat's wake at the end. */
  async #inChat<T>(work: ParleyWork, chatId: string, action: (session: Session) => Promise<T>): Promise<T> {
    const outer = this.#sessions.get(work)
    if (outer) return action(outer)
    await work.trx.selectFrom('chats').select('id').where('id', '=', chatId).forUpdate().execute()
    const session: Session = { queue: [], generation: 0, chatIds: new Set([chatId]), completedChats: new Set() }
    this.#sessions.set(work, session)
    try {
      const result = await action(session)
      for (const id of session.completedChats) await repo.cancelLifecycle(work.trx, id, work.now)
      for (const id of session.chatIds) {
        const wakeAt = await repo.updateWake(work.trx, id)
        if (wakeAt) work.afterCommit(() => this.#options.outlets.wakeAt(id, wakeAt))
      }
      return result
    } finally {
      this.#sessions.delete(work)
    }
  }

  /** Handles the oldest pending fact; false when there is none. */
  async #takeFact(work: ParleyWork, chatId: string, session: Session): Promise<boolean> {
    const row = await work.trx
      .selectFrom('process_events')
      .selectAll()
      .where('chat_id', '=', chatId)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    if (!row) return false
    await work.trx.deleteFrom('process_events').where('id', '=', row.id).execute()
    session.generation = 0
    if (row.name === 'timers.rearm') await this.#rearm(work, chatId)
    else {
      await this.#deliverEvent(work, { chatId, name: row.name, payload: row.payload, agentId: row.agent_id }, session, 'fact')
      await this.#drainQueue(work, session)
    }
    return true
  }

  async #drainQueue(work: ParleyWork, session: Session): Promise<void> {
    for (let next = session.queue.shift(); next; next = session.queue.shift()) {
      session.generation = next.generation
      await this.#deliverEvent(work, next.event, session, 'fact')
    }
    session.generation = 0
  }

  async #deliverEvent(work: ParleyWork, event: ChatEvent, session: Session, mode: 'fact' | 'request'): Promise<Taken> {
    const taken: Taken = { steps: 0, failure: null }
    const delivery: Delivery = { kind: 'message', eventName: event.name }
    for (const instance of await repo.findListeners(work.trx, event.chatId, event.name)) {
      if (instance.backlogged) {
        if (mode === 'fact') {
          await repo.insertDelivery(work.trx, {
            instance,
            delivery,
            event: { name: event.name, payload: event.payload },
            agentId: event.agentId,
            attempts: 0,
            nextAttemptAt: null,
            now: work.now,
          })
        }
        continue
      }
      const failure = await this.#deliver(work, instance, delivery, event, mode)
      if (failure === null) taken.steps++
      else taken.failure ??= failure
    }
    for (const start of await repo.findStarts(work.trx, event.name)) {
      const instance = await repo.insertInstance(work.trx, {
        key: start.key,
        version: start.version,
        chatId: event.chatId,
        variables: {},
        agentId: event.agentId,
        now: work.now,
      })
      const failure = await this.#deliver(work, instance, { kind: 'start', elementId: start.element_id }, event, mode)
      if (failure === null) taken.steps++
      else taken.failure ??= failure
    }
    if (session.generation >= maxGenerations && session.queue.some((item) => item.generation > maxGenerations)) {
      session.queue = session.queue.filter((item) => item.generation <= maxGenerations)
      this.#options.log.error(
        { chatId: event.chatId, event: event.name },
        'Events raised each other more than 10 generations deep; the rest was cut off',
      )
    }
    return taken
  }

  /** One step of one instance. Null = done; otherwise the failure, which for a fact is already scheduled or an incident. */
  async #deliver(
    work: ParleyWork,
    instance: repo.InstanceRow,
    delivery: Delivery,
    event: ChatEvent,
    mode: 'fact' | 'request',
  ): Promise<unknown> {
    const version = await this.#options.versions.get(work.trx, instance.key, instance.version)
    try {
      await work.attempt(() => this.#step(work, { instance, version, delivery, event }, 1))
      return null
    } catch (error) {
      if (isDatabaseUnavailable(error) || sqlState(error) === '40001' || sqlState(error) === '40P01') throw error
      if (error instanceof StepError && error.code === 'NOT_WAITING') return error
      if (mode === 'fact') await this.#fail(work, instance, delivery, event, error, 1, null)
      return error
    }
  }

  async #step(work: ParleyWork, input: StepInput, attempt: number): Promise<StepResult> {
    const session = this.#sessions.get(work)
    const queued = session?.queue.length ?? 0
    try {
      const result = await this.#runner.run(work, input)
      for (const thrown of result.thrown) {
        await this.raise(work, {
          chatId: input.instance.chat_id ?? '',
          name: thrown.eventName,
          payload: thrown.payload,
          agentId: input.event.agentId,
        })
      }
      await repo.saveStep(work.trx, input.instance, result, attempt, work.now)
      await this.#checkRules(work, input, result, session)
      for (const wait of result.waits) {
        if (wait.kind === 'task') work.afterCommit(() => this.#options.outlets.runTask(input.instance.id, wait.id))
      }
      const { id, key, chat_id } = input.instance
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key, state: result.outcome, chatId: chat_id }))
      return result
    } catch (error) {
      if (session) session.queue.length = queued
      throw error
    }
  }

  async #checkRules(work: ParleyWork, input: StepInput, result: StepResult, session: Session | undefined): Promise<void> {
    if (session && session.generation >= maxGenerations && session.queue.some((item) => item.generation > maxGenerations)) {
      throw new ProcessRuleError(
        'EVENT_LOOP',
        `Events raised by "${input.version.compiled.name}" call each other more than ${maxGenerations} times over. Look for processes that react to what they raise.`,
      )
    }
    if (result.outcome === 'completed' && input.version.key === 'chat_lifecycle' && input.instance.chat_id !== null) {
      const chat = await work.trx.selectFrom('chats').select('status').where('id', '=', input.instance.chat_id).executeTakeFirstOrThrow()
      if (chat.status !== 'completed') {
        throw new ProcessRuleError(
          'CHAT_NOT_COMPLETED',
          'The lifecycle reached its end but the chat is not completed. Every path must end with "Complete chat" or "Transfer chat".',
        )
      }
    }
  }

  async #fail(
    work: ParleyWork,
    instance: repo.InstanceRow,
    delivery: Delivery,
    event: ChatEvent,
    error: unknown,
    attempts: number,
    deliveryId: string | null,
    options: { retry: boolean } = { retry: true },
  ): Promise<Failure> {
    const described = describeFailure(error)
    const failure = options.retry ? described : { ...described, transient: false }
    this.#options.log.warn(
      { err: error, instanceId: instance.id, process: instance.key, chatId: instance.chat_id, elementId: failure.elementId, attempts },
      'A process step failed',
    )
    const incident = await scheduleRetry(work, { instance, delivery, event, failure, attempts, deliveryId })
    if (incident) {
      const { id, key, chat_id } = instance
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key, state: 'incident', chatId: chat_id }))
    }
    return failure
  }

  /** Runs outstanding deliveries in order: those due ('due') of all instances of the chat, or all of one instance. Answers the failure, if any. */
  async #retryDeliveries(work: ParleyWork, chatId: string, session: Session, which: string): Promise<unknown> {
    const heads = await work.trx
      .selectFrom('process_deliveries as d')
      .select('d.instance_id')
      .distinct()
      .where('d.chat_id', '=', chatId)
      .where((eb) => (which === 'due' ? eb('d.next_attempt_at', '<=', work.now) : eb('d.instance_id', '=', which)))
      .execute()
    let failure: unknown = null
    for (const head of heads) failure = (await this.#retryInstance(work, head.instance_id)) ?? failure
    session.generation = 0
    return failure
  }

  async #retryInstance(work: ParleyWork, instanceId: string): Promise<unknown> {
    for (const row of await repo.listDeliveries(work.trx, instanceId)) {
      const instance = await repo.findInstance(work.trx, instanceId)
      if (!instance) return null
      const version = await this.#options.versions.get(work.trx, instance.key, instance.version)
      const delivery = decodeValue(row.delivery) as unknown as Delivery
      const stored = row.event as { name: string; payload: Record<string, unknown> }
      const event: ChatEvent = { chatId: row.chat_id ?? '', name: stored.name, payload: stored.payload, agentId: row.agent_id }
      try {
        await work.attempt(async () => {
          await work.trx.deleteFrom('process_deliveries').where('id', '=', row.id).execute()
          await this.#step(work, { instance, version, delivery, event }, row.attempts + 1)
        })
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error
        const gone = error instanceof StepError && error.code === 'NOT_WAITING' && row.attempts === 0
        if (!gone) {
          await this.#fail(work, instance, delivery, event, error, row.attempts + 1, row.id)
          return error
        }
        await work.trx.deleteFrom('process_deliveries').where('id', '=', row.id).execute()
      }
    }
    await resolveIncidents(work, instanceId)
    return null
  }

  /** Computes the due times of timers that read chat fields anew. */
  async #rearm(work: ParleyWork, chatId: string): Promise<void> {
    const waits = await work.trx
      .selectFrom('process_waits as w')
      .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
      .select(['w.instance_id', 'w.wait_id', 'w.timer', 'i.variables'])
      .where('w.chat_id', '=', chatId)
      .where('w.kind', '=', 'timer')
      .where('w.chat_field', 'is', null)
      .where(sql<boolean>`jsonb_array_length(w.timer -> 'reads') > 0`)
      .execute()
    if (waits.length === 0) return
    const chat = await this.#options.scopes.chat(work, chatId, { incomingBeforeReply: false })
    for (const wait of waits) {
      const timer = wait.timer as { kind: 'date' | 'duration' | 'cycle'; expression: string }
      const variables = decodeValue(wait.variables) as Record<string, never>
      const dueAt = await this.#options.engine.dueAt(timer, { chat, event: null, agent: null, now: work.now }, variables)
      await work.trx
        .updateTable('process_waits')
        .set({ due_at: dueAt })
        .where('instance_id', '=', wait.instance_id)
        .where('wait_id', '=', wait.wait_id)
        .execute()
    }
  }
}

/** Codes of the host itself: a diagram that hands a task wrong values did not mean to refuse anything. */
const wrongDiagram = new Set(['INVALID_INPUT', 'INVALID_OUTPUT'])

/** Whether a failure is neither a refusal of the process nor of the database: something an administrator has to look at. */
function isUnexpected(error: unknown): boolean {
  if (error instanceof ProcessRuleError) return true
  if (!(error instanceof StepError) || error.code === 'NOT_WAITING') return false
  if (error.bpmnErrorCode !== null) return wrongDiagram.has(error.bpmnErrorCode)
  if (error.cause instanceof AppError) return error.cause.status >= 500
  return !isDatabaseUnavailable(error.cause) && !['40001', '40P01'].includes(sqlState(error.cause) ?? '')
}

/** A failed step of a request, as the caller is told: the process's own refusal keeps its code. */
function refusal(error: unknown): unknown {
  if (error instanceof StepError) {
    if (error.code === 'NOT_WAITING') return conflict('NOT_WAITING', error.message)
    if (error.cause instanceof AppError) return error.cause
    if (error.bpmnErrorCode !== null) return conflict(error.bpmnErrorCode, error.message)
    if (isDatabaseUnavailable(error.cause) || ['40001', '40P01'].includes(sqlState(error.cause) ?? '')) return error.cause
  }
  if (error instanceof StepError || error instanceof ProcessRuleError) {
    return new AppError('PROCESS_FAILED', 500, `The process could not do this: ${describeFailure(error).message}`, {
      expose: true,
      cause: error,
    })
  }
  return error
}
