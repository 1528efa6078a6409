import { Worker } from 'node:worker_threads'
import { type FromWorker, fromFailure, type Job, type ToWorker } from './protocol.ts'
import { StepError, type TaskCall, type TaskRunner } from './types.ts'

export interface ThreadOptions {
  deadlineMs: number
  maxOldGenerationMb: number
}

interface Work {
  job: Job
  runTask: TaskRunner | null
  resolve(result: unknown): void
  reject(error: unknown): void
  rejection: { error: unknown } | null
}

/**
 * One worker thread, started on first use and replaced when a job exceeds its deadline or memory.
 * The deadline runs only while the thread computes, not while the host does a task for it.
 */
export class EngineThread {
  private worker: Worker | null = null
  private work: Work | null = null
  private deadline: NodeJS.Timeout | null = null
  private remainingMs = 0
  private computingSince = 0
  private sent = new Set<string>()
  private readonly options: ThreadOptions

  constructor(options: ThreadOptions) {
    this.options = options
  }

  get isBusy(): boolean {
    return this.work !== null
  }

  /** Does one job; the thread must be free. @throws StepError */
  do(job: Job, runTask: TaskRunner | null): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.work = { job, runTask, resolve, reject, rejection: null }
      this.remainingMs = this.options.deadlineMs
      this.post({ kind: 'job', job: this.withoutKnownContext(job) })
    })
  }

  async close() {
    this.settle((work) => work.reject(new StepError('ENGINE_FAILED', 'The engine was closed')))
    await this.discard()
  }

  /** A context is sent once; the thread keeps it by its checksum. */
  private withoutKnownContext(job: Job): Job {
    if (job.kind !== 'step') return job
    const { definition } = job.request
    if (this.sent.has(definition.checksum)) return { ...job, request: { ...job.request, definition: { ...definition, context: '' } } }
    this.sent.add(definition.checksum)
    return job
  }

  private post(message: ToWorker) {
    const worker = this.worker ?? this.start()
    this.computingSince = performance.now()
    this.deadline = setTimeout(() => this.onDeadline(), Math.max(0, this.remainingMs))
    try {
      worker.postMessage(message)
    } catch (error) {
      // What cannot be cloned is the caller's mistake; the thread never saw it.
      this.pauseDeadline()
      this.fail(error)
    }
  }

  private start(): Worker {
    const worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.options.maxOldGenerationMb },
      env: {},
      execArgv: [],
    })
    // The server's other handles keep it alive; an idle engine must not.
    worker.unref()
    worker.on('message', (message: FromWorker) => this.onMessage(worker, message))
    worker.on('error', (error: NodeJS.ErrnoException) => this.onError(worker, error))
    worker.on('exit', () => this.onExit(worker))
    this.worker = worker
    return worker
  }

  private onMessage(worker: Worker, message: FromWorker) {
    if (worker !== this.worker) return
    this.pauseDeadline()
    switch (message.kind) {
      case 'task':
        void this.doTask(worker, message.call)
        return
      case 'done':
        return this.settle((work) => work.resolve(message.result))
      case 'failed':
        return this.settle((work) => work.reject(fromFailure(message.error, work.rejection)))
    }
  }

  private async doTask(worker: Worker, call: TaskCall) {
    const { work } = this
    if (!work?.runTask) return
    let answer: ToWorker
    try {
      answer = { kind: 'task.done', outcome: await work.runTask(call) }
    } catch (error) {
      // Kept here, so that whoever asked for the step gets the very error the task threw.
      work.rejection = { error }
      answer = { kind: 'task.rejected', message: error instanceof Error ? error.message : String(error) }
    }
    if (worker === this.worker && work === this.work) this.post(answer)
  }

  private onDeadline() {
    const { deadlineMs } = this.options
    this.fail(new StepError('DEADLINE_EXCEEDED', `The engine computed for more than ${deadlineMs} ms`))
    void this.discard()
  }

  private onError(worker: Worker, error: NodeJS.ErrnoException) {
    if (worker !== this.worker) return
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    const message = isMemory
      ? `The engine used more than ${this.options.maxOldGenerationMb} MB`
      : `The engine's thread failed: ${error.message}`
    this.fail(new StepError(isMemory ? 'OUT_OF_MEMORY' : 'ENGINE_FAILED', message, { cause: error }))
    void this.discard()
  }

  private onExit(worker: Worker) {
    if (worker !== this.worker) return
    this.worker = null
    this.sent.clear()
    this.fail(new StepError('ENGINE_FAILED', "The engine's thread ended unexpectedly"))
  }

  private fail(error: unknown) {
    this.pauseDeadline()
    this.settle((work) => work.reject(error))
  }

  private settle(finish: (work: Work) => void) {
    const { work } = this
    this.work = null
    if (work) finish(work)
  }

  private pauseDeadline() {
    if (!this.deadline) return
    clearTimeout(this.deadline)
    this.deadline = null
    this.remainingMs -= performance.now() - this.computingSince
  }

  private async discard() {
    const { worker } = this
    this.pauseDeadline()
    this.worker = null
    this.sent.clear()
    await worker?.terminate()
  }
}
