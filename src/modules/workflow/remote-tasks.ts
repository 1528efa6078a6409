import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { scheduleRetry } from './failures.ts'
import * as repo from './instances.repo.ts'
import type { ProcessHost } from './process-host.ts'
import { BpmnError, type TaskRegistry } from './task-registry.ts'
import { decodeValue, decodeVariables } from './values.ts'

/** How long one attempt may take before another may start, in milliseconds. */
const leaseMs = 120_000
const retryDelaysMs = [2_000, 15_000, 60_000, 300_000]

interface StoredTask {
  taskType: string
  inputs: Record<string, unknown>
  retries: number
}

/** Runs the tasks that talk to the outside: outside any transaction, at least once, then completes them in a new step. */
export class RemoteTaskRunner {
  readonly #database: ParleyDatabase
  readonly #tasks: TaskRegistry
  readonly #host: ProcessHost
  readonly #log: Logger
  readonly #schedule: (instanceId: string, waitId: string, at: Date) => void

  constructor(options: {
    database: ParleyDatabase
    tasks: TaskRegistry
    host: ProcessHost
    log: Logger
    schedule: (instanceId: string, waitId: string, at: Date) => void
  }) {
    this.#database = options.database
    this.#tasks = options.tasks
    this.#host = options.host
    this.#log = options.log
    this.#schedule = options.schedule
  }

  /** One attempt. Does nothing when the wait is gone or another worker has it. */
  async run(instanceId: string, waitId: string, signal: AbortSignal): Promise<void> {
    const claimed = await this.#claim(instanceId, waitId)
    if (!claimed) return
    const { task, attempts } = claimed
    const definition = this.#tasks.get(task.taskType)
    if (definition.kind !== 'remote') throw new Error(`Task type ${task.taskType} is not remote`)
    try {
      const inputs = this.#tasks.checkInputs(task.taskType, decodeVariables(task.inputs))
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(leaseMs)])
      const outputs = this.#tasks.checkOutputs(task.taskType, await definition.run({ executionId: waitId, signal: deadline }, inputs))
      await this.#database.transaction((work) => this.#host.deliver(work, instanceId, { kind: 'task.completed', waitId, outputs }, null))
    } catch (error) {
      await this.#failed(instanceId, waitId, task, attempts, error)
    }
  }

  async #claim(instanceId: string, waitId: string): Promise<{ task: StoredTask; attempts: number } | null> {
    return this.#database.transaction(async (work) => {
      const row = await work.trx
        .updateTable('process_waits')
        .set((eb) => ({ due_at: new Date(work.now.getTime() + leaseMs), attempts: eb('attempts', '+', 1) }))
        .where('instance_id', '=', instanceId)
        .where('wait_id', '=', waitId)
        .where('kind', '=', 'task')
        .where('due_at', '<=', work.now)
        .returning(['task', 'attempts'])
        .executeTakeFirst()
      return row ? { task: row.task as unknown as StoredTask, attempts: row.attempts } : null
    })
  }

  async #failed(instanceId: string, waitId: string, task: StoredTask, attempts: number, error: unknown): Promise<void> {
    this.#log.warn({ err: error, instanceId, taskType: task.taskType, attempts }, 'A remote task failed')
    if (error instanceof BpmnError) {
      const { code, message } = error
      await this.#database.transaction((work) => this.#host.deliver(work, instanceId, { kind: 'task.failed', waitId, code, message }, null))
      return
    }
    const delay = attempts < task.retries ? (retryDelaysMs[attempts - 1] ?? 300_000) : null
    await this.#database.transaction(async (work) => {
      if (delay !== null) {
        const at = new Date(work.now.getTime() + delay)
        await work.trx
          .updateTable('process_waits')
          .set({ due_at: at })
          .where('instance_id', '=', instanceId)
          .where('wait_id', '=', waitId)
          .execute()
        work.afterCommit(() => this.#schedule(instanceId, waitId, at))
        return
      }
      await this.#giveUp(work, instanceId, waitId, attempts, error)
    })
  }

  async #giveUp(
    work: Parameters<Parameters<ParleyDatabase['transaction']>[0]>[0],
    instanceId: string,
    waitId: string,
    attempts: number,
    error: unknown,
  ): Promise<void> {
    const instance = await repo.findInstance(work.trx, instanceId)
    if (!instance) return
    await work.trx
      .updateTable('process_waits')
      .set({ due_at: null })
      .where('instance_id', '=', instanceId)
      .where('wait_id', '=', waitId)
      .execute()
    const wait = await work.trx
      .selectFrom('process_waits')
      .select('element_id')
      .where('instance_id', '=', instanceId)
      .where('wait_id', '=', waitId)
      .executeTakeFirst()
    await scheduleRetry(work, {
      instance,
      delivery: { kind: 'task.failed', waitId, code: 'TASK_FAILED', message: error instanceof Error ? error.message : String(error) },
      event: { chatId: instance.chat_id ?? '', name: 'task.failed', payload: {}, agentId: null },
      failure: {
        code: 'TASK_FAILED',
        message: error instanceof Error ? error.message : String(error),
        elementId: wait?.element_id ?? null,
        transient: false,
      },
      attempts,
      deliveryId: null,
    })
  }

  /** Makes a remote task that gave up run again at once; used when its incident is retried. Answers whether there was one. */
  async rerun(work: Parameters<Parameters<ParleyDatabase['transaction']>[0]>[0], instanceId: string): Promise<boolean> {
    const deliveries = await repo.listDeliveries(work.trx, instanceId)
    const first = deliveries[0]
    const delivery = first ? (decodeValue(first.delivery) as unknown as { kind: string; waitId?: string }) : null
    if (!first || delivery?.kind !== 'task.failed' || delivery.waitId === undefined) return false
    await work.trx.deleteFrom('process_deliveries').where('id', '=', first.id).execute()
    await work.trx
      .updateTable('process_waits')
      .set({ due_at: work.now, attempts: 0 })
      .where('instance_id', '=', instanceId)
      .where('wait_id', '=', delivery.waitId)
      .execute()
    const { waitId } = delivery
    work.afterCommit(() => this.#schedule(instanceId, waitId, work.now))
    return true
  }
}
