import { type Delivery, StepError, type StepResult } from '../../engine/index.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyWork } from '../../schema.ts'
import { keepFailure } from './failures.ts'
import type { HostOutlets } from './host.types.ts'
import * as repo from './instances.repo.ts'
import { databaseTrouble } from './refusals.ts'
import { saveStep } from './saved-steps.repo.ts'
import { eventLoopMessage, type Session } from './session.ts'
import { describeFailure, type Failure, ProcessRuleError, type StepInput, type StepRunner } from './step.ts'
import type { RaiseEvent } from './task-registry.ts'
import type { VersionCache } from './version-cache.ts'
import type { ChatEvent } from './workflow.events.ts'

export interface InstanceDelivery {
  instance: repo.InstanceRow
  delivery: Delivery
  event: ChatEvent
}

export interface InstanceStepsOptions {
  runner: StepRunner
  versions: VersionCache
  outlets: HostOutlets
  raise: RaiseEvent
  log: Logger
}

/** Steps of single instances under their chat's lock, each saved whole or not at all. */
export class InstanceSteps {
  readonly #options: InstanceStepsOptions

  constructor(options: InstanceStepsOptions) {
    this.#options = options
  }

  /** One step; when it throws, nothing of it is left. @throws StepError, ProcessRuleError, or the database's own trouble */
  async run(work: ParleyWork, session: Session, { instance, delivery, event }: InstanceDelivery, attempt: number): Promise<StepResult> {
    const version = await this.#options.versions.get(work.trx, instance.key, instance.version)
    const input: StepInput = { instance, version, delivery, event }
    try {
      return await session.undoing(() => work.attempt(() => this.#step(work, session, input, attempt)))
    } catch (error) {
      throw databaseTrouble(error) ?? error
    }
  }

  /** A step that nobody waits for: a failure becomes a retry or an incident. Null = done; `NOT_WAITING` is no failure of the process. */
  async runFact(work: ParleyWork, session: Session, input: InstanceDelivery): Promise<Failure | null> {
    try {
      await this.run(work, session, input, 1)
      return null
    } catch (error) {
      if (databaseTrouble(error) !== null) throw error
      if (isNotWaiting(error)) return describeFailure(error)
      return this.keep(work, input, error, { attempts: 1, deliveryId: null, retry: true })
    }
  }

  /** Keeps a failed delivery, so that it is tried again or an administrator sees it. */
  async keep(
    work: ParleyWork,
    { instance, delivery, event }: InstanceDelivery,
    error: unknown,
    { attempts, deliveryId, retry }: { attempts: number; deliveryId: string | null; retry: boolean },
  ): Promise<Failure> {
    const version = await this.#options.versions.get(work.trx, instance.key, instance.version)
    const described = describeFailure(error, version.compiled)
    const failure = retry ? described : { ...described, transient: false }
    const { id, key, chat_id: chatId } = instance
    this.#options.log.warn(
      { err: error, instanceId: id, process: key, chatId, elementId: failure.elementId, attempts },
      'A process step failed',
    )
    // An answer no boundary wanted will not be wanted again: whoever retries wants the task itself run again.
    const unwanted = delivery.kind === 'task.failed' && error instanceof StepError && error.code === 'UNCAUGHT_ERROR'
    const kept = unwanted ? { ...event, name: gaveUp } : event
    if (await keepFailure(work, { instance, delivery, event: kept, failure, attempts, deliveryId })) {
      work.afterCommit(() => this.#options.outlets.instanceChanged({ id, key, state: 'incident', chatId }))
    }
    return failure
  }

  async #step(work: ParleyWork, session: Session, input: StepInput, attempt: number): Promise<StepResult> {
    const { instance, event } = input
    const result = await this.#options.runner.run(work, input)
    for (const { eventName, payload } of result.thrown) {
      await this.#options.raise(work, { chatId: instance.chat_id ?? '', name: eventName, payload, agentId: event.agentId })
    }
    await saveStep(work.trx, instance, result, attempt, work.now)
    await checkRules(work, input, result, session)
    const { outlets } = this.#options
    for (const wait of result.waits) if (wait.kind === 'task') work.afterCommit(() => outlets.runTask(instance.id, wait.id))
    const { id, key, chat_id: chatId } = instance
    work.afterCommit(() => outlets.instanceChanged({ id, key, state: result.outcome, chatId }))
    return result
  }
}

/** Name of the stored event of a remote task that failed for good: a retry runs the task again. */
export const gaveUp = 'task.gave_up'

export const isNotWaiting = (error: unknown): boolean => error instanceof StepError && error.code === 'NOT_WAITING'

async function checkRules(work: ParleyWork, { instance, version }: StepInput, result: StepResult, session: Session): Promise<void> {
  if (session.isTooDeep) throw new ProcessRuleError('EVENT_LOOP', eventLoopMessage(version.compiled.name))
  if (result.outcome !== 'completed' || version.key !== repo.lifecycleKey || instance.chat_id === null) return
  const chat = await work.trx.selectFrom('chats').select('status').where('id', '=', instance.chat_id).executeTakeFirstOrThrow()
  if (chat.status === 'completed') return
  throw new ProcessRuleError(
    'CHAT_NOT_COMPLETED',
    'The lifecycle reached its end but the chat is not completed. Every path must end with "Complete chat" or "Transfer chat".',
  )
}
