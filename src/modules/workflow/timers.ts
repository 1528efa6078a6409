import { sql } from 'kysely'
import { type Engine, StepError, type Value } from '../../engine/index.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyWork } from '../../schema.ts'
import { noteFailure, openIncident } from './failures.ts'
import type { InstanceSteps } from './instance-steps.ts'
import * as repo from './instances.repo.ts'
import type { Session } from './session.ts'
import { describeFailure, type Failure, type ScopeReader } from './step.ts'
import { decodeVariables } from './values.ts'
import type { ChatEvent } from './workflow.events.ts'

/** Due timers of one chat handled by one wake; the rest follows in the next. */
const maxTimersPerWake = 50

export interface TimersOptions {
  engine: Engine
  scopes: ScopeReader
  steps: InstanceSteps
  log: Logger
}

/** Timers of the instances of a chat; the chat's lock is held. */
export class Timers {
  readonly #options: TimersOptions

  constructor(options: TimersOptions) {
    this.#options = options
  }

  /** Fires what is due, the earliest first. Answers whether something due is left. */
  async fire(work: ParleyWork, chatId: string, session: Session): Promise<boolean> {
    const { steps, log } = this.#options
    for (let fired = 0; fired < maxTimersPerWake; fired++) {
      const timer = await repo.findDueTimer(work.trx, chatId, work.now)
      if (!timer) return false
      const event: ChatEvent = { chatId, name: 'timer', payload: { elementId: timer.element_id }, agentId: null }
      const input = { instance: timer, event, delivery: { kind: 'timer', waitId: timer.wait_id } as const }
      const failure = await steps.runFact(work, session, input)
      if (failure?.code !== 'NOT_WAITING') continue
      // Saved waits are the engine's own, so this cannot be; but such a row would be due for ever.
      log.error({ instanceId: timer.id, waitId: timer.wait_id }, 'A timer was due that its instance does not wait for; it was removed')
      await work.trx.deleteFrom('process_waits').where('instance_id', '=', timer.id).where('wait_id', '=', timer.wait_id).execute()
    }
    return true
  }

  /**
   * Computes the due times of timers that read chat fields anew. A timer whose expression fails keeps the time it had,
   * and an incident tells. Answers the last failure.
   */
  async rearm(work: ParleyWork, of: { chatId: string; instanceId?: string }): Promise<Failure | null> {
    const { instanceId } = of
    const waits = await work.trx
      .selectFrom('process_waits as w')
      .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
      .select(['w.instance_id', 'w.wait_id', 'w.element_id', 'w.element_name', 'w.element_type', 'w.timer', 'i.variables'])
      .where('w.chat_id', '=', of.chatId)
      .$if(instanceId !== undefined, (query) => query.where('w.instance_id', '=', instanceId ?? ''))
      .where('w.kind', '=', 'timer')
      .where('w.chat_field', 'is', null)
      .where(sql<boolean>`jsonb_array_length(w.timer -> 'reads') > 0`)
      .execute()
    if (waits.length === 0) return null
    const chat = await this.#options.scopes.chat(work, of.chatId, { incomingBeforeReply: false })
    let failure: Failure | null = null
    for (const wait of waits) {
      const timer = wait.timer as { kind: 'date' | 'duration' | 'cycle'; expression: string }
      try {
        const dueAt = await this.#dueAt(timer, { chat, event: null, agent: null, now: work.now }, decodeVariables(wait.variables))
        await work.trx
          .updateTable('process_waits')
          .set({ due_at: dueAt })
          .where('instance_id', '=', wait.instance_id)
          .where('wait_id', '=', wait.wait_id)
          .execute()
      } catch (error) {
        if (!(error instanceof StepError)) throw error
        failure = { ...describeFailure(error), elementId: wait.element_id, element: { name: wait.element_name, type: wait.element_type } }
        await noteFailure(work, wait.instance_id, failure, 1)
        await openIncident(work, wait.instance_id, failure, 1, null)
      }
    }
    return failure
  }

  #dueAt(
    timer: { kind: 'date' | 'duration' | 'cycle'; expression: string },
    scope: Parameters<Engine['dueAt']>[1],
    variables: Record<string, Value>,
  ): Promise<Date | null> {
    return this.#options.engine.dueAt(timer, scope, variables)
  }
}
