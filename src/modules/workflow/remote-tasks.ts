import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import type { ProcessHost, TaskDelivery } from './process-host.ts'
import { BpmnError, type TaskRegistry } from './task-registry.ts'
import { decodeVariables } from './values.ts'

/** How long one attempt may take before another may start, in milliseconds. */
const leaseMs = 120_000
/** Waits before the second and further attempts; the last holds for all that follow. */
const retryDelaysMs = [2_000, 15_000, 60_000, 300_000]

interface StoredTask {
  taskType: string
  inputs: Record<string, unknown>
  retries: number
}

interface Claim {
  task: StoredTask
  elementId: string
  /** Counts this one. */
  attempts: number
}

/** What became of one attempt: an answer for the process, or a failure that may pass. */
type Attempt = { delivery: TaskDelivery } | { failed: unknown }

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
    const claim = await this.#claim(instanceId, waitId)
    if (!claim) return
    const attempt = await this.#attempt(waitId, claim.task, signal)
    if ('delivery' in attempt) await this.#host.settleTask(instanceId, attempt.delivery)
    else await this.#failed(instanceId, waitId, claim, attempt.failed)
  }

  async #claim(instanceId: string, waitId: string): Promise<Claim | null> {
    return this.#database.transaction(async (work) => {
      const row = await work.trx
        .updateTable('process_waits')
        .set((eb) => ({ due_at: new Date(work.now.getTime() + leaseMs), attempts: eb('attempts', '+', 1) }))
        .where('instance_id', '=', instanceId)
        .where('wait_id', '=', waitId)
        .where('kind', '=', 'task')
        .where('due_at', '<=', work.now)
        .returning(['task', 'element_id', 'attempts'])
        .executeTakeFirst()
      return row ? { task: row.task as unknown as StoredTask, elementId: row.element_id, attempts: row.attempts } : null
    })
  }

  /** The call itself. An expected failure (BPMN error) is an answer too. */
  async #attempt(waitId: string, task: StoredTask, signal: AbortSignal): Promise<Attempt> {
    const definition = this.#tasks.get(task.taskType)
    if (definition.kind !== 'remote') throw new Error(`Task type ${task.taskType} is not remote`)
    try {
      const inputs = this.#tasks.checkInputs(task.taskType, decodeVariables(task.inputs))
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(leaseMs)])
      const answer = await definition.run({ executionId: waitId, signal: deadline }, inputs)
      return { delivery: { kind: 'task.completed', waitId, outputs: this.#tasks.checkOutputs(task.taskType, answer) } }
    } catch (error) {
      if (error instanceof BpmnError) return { delivery: { kind: 'task.failed', waitId, code: error.code, message: error.message } }
      return { failed: error }
    }
  }

  async #failed(instanceId: string, waitId: string, { task, elementId, attempts }: Claim, error: unknown): Promise<void> {
    this.#log.warn({ err: error, instanceId, taskType: task.taskType, attempts }, 'A remote task failed')
    if (attempts >= task.retries) {
      const message = error instanceof Error ? error.message : String(error)
      await this.#host.giveUpTask(instanceId, waitId, attempts, { code: 'TASK_FAILED', message, elementId, transient: false })
      return
    }
    const delay = retryDelaysMs[attempts - 1] ?? retryDelaysMs.at(-1) ?? 0
    await this.#database.transaction(async (work) => {
      const at = new Date(work.now.getTime() + delay)
      await work.trx
        .updateTable('process_waits')
        .set({ due_at: at })
        .where('instance_id', '=', instanceId)
        .where('wait_id', '=', waitId)
        .where('attempts', '=', attempts)
        .execute()
      work.afterCommit(() => this.#schedule(instanceId, waitId, at))
    })
  }
}
