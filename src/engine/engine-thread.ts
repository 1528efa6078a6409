import { Worker } from 'node:worker_threads'
import { HeapWatch } from './heap-watch.ts'
import { type FromWorker, fromFailure, type Job, type ToWorker } from './protocol.ts'
import { StepError, type TaskCall, type TaskRunner } from './types.ts'

export interface ThreadOptions {
  deadlineMs: number
  maxOldGenerationMb: number
}

/** Contexts a thread keeps; past that it forgets all and is sent again what it needs. */
const maximumContexts = 200

/** V8's limit over the watched one: a list that grows by half allocates that much beside what it has. */
const heapAllowance = 4

interface Work {
  runTask: TaskRunner | null
  resolve(result: unknown): void
  reject(error: unknown): void
  rejection: { error: unknown } | null
}

interface Thread {
  worker: Worker
  heap: HeapWatch
  /** Its modules are loaded; only then does the deadline run. */
  isReady: boolean
}

/**
 * One worker thread, started on first use and replaced when a job exceeds its deadline or memory.
 * The deadline runs only while the thread computes, not while it loads or the host does a task for it.
 */
export class EngineThread {
  private thread: Thread | null = null
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
      this.work = { runTask, resolve, reject, rejection: null }
      this.remainingMs = this.options.deadlineMs
      const forget = this.sent.size >= maximumContexts
      if (forget) this.sent.clear()
      this.postJob({ kind: 'job', forget, job: this.withoutKnownContext(job) })
    })
  }

  async close() {
    this.fail(new StepError('ENGINE_FAILED', 'The engine was closed'))
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

  private postJob(message: ToWorker) {
    try {
      this.post(message)
    } catch (error) {
      // It cannot be cloned, so the thread never saw it, nor the context it may have carried.
      this.fail(new StepError('ENGINE_FAILED', `The request is no plain data: ${messageOf(error)}`, { cause: error }))
      void this.discard()
    }
  }

  private post(message: ToWorker) {
    this.thread ??= this.start()
    this.thread.worker.postMessage(message)
    if (this.thread.isReady) this.watch(this.thread)
  }

  private start(): Thread {
    const { maxOldGenerationMb } = this.options
    const worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: maxOldGenerationMb * heapAllowance },
      env: {},
      execArgv: [],
    })
    // The server's other handles keep it alive; an idle engine must not.
    worker.unref()
    const heap = new HeapWatch(worker, maxOldGenerationMb, () => this.onHeapExceeded())
    const thread: Thread = { worker, heap, isReady: false }
    worker.on('message', (message: FromWorker) => this.onMessage(thread, message))
    worker.on('error', (error: NodeJS.ErrnoException) => this.onError(thread, error))
    worker.on('exit', () => this.onExit(thread))
    return thread
  }

  private onMessage(thread: Thread, message: FromWorker) {
    if (thread !== this.thread) return
    if (message.kind === 'ready') {
      thread.isReady = true
      if (this.work) this.watch(thread)
      return
    }
    this.unwatch()
    switch (message.kind) {
      case 'task':
        void this.doTask(thread, message.call)
        return
      case 'done':
        return this.settle((work) => work.resolve(message.result))
      case 'failed':
        return this.settle((work) => work.reject(fromFailure(message.error, work.rejection)))
    }
  }

  private async doTask(thread: Thread, call: TaskCall) {
    const { work } = this
    if (!work?.runTask) return
    const isCurrent = () => thread === this.thread && work === this.work
    try {
      const outcome = await work.runTask(call)
      if (isCurrent()) this.post({ kind: 'task.done', outcome })
    } catch (error) {
      // Kept here, so that whoever asked for the step gets the very error the task threw, or the one
      // that says its outcome is no plain data.
      work.rejection = { error }
      if (isCurrent()) this.post({ kind: 'task.rejected', message: messageOf(error) })
    }
  }

  private watch({ heap }: Thread) {
    this.computingSince = performance.now()
    this.deadline = setTimeout(() => this.onDeadline(), Math.max(0, this.remainingMs))
    heap.start()
  }

  private unwatch() {
    this.thread?.heap.stop()
    if (!this.deadline) return
    clearTimeout(this.deadline)
    this.deadline = null
    this.remainingMs -= performance.now() - this.computingSince
  }

  private onDeadline() {
    this.fail(new StepError('DEADLINE_EXCEEDED', `The engine computed for more than ${this.options.deadlineMs} ms`))
    void this.discard()
  }

  private onHeapExceeded() {
    this.fail(new StepError('OUT_OF_MEMORY', `The engine used more than ${this.options.maxOldGenerationMb} MB`))
    void this.discard()
  }

  private onError(thread: Thread, error: NodeJS.ErrnoException) {
    if (thread !== this.thread) return
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return this.onHeapExceeded()
    this.fail(new StepError('ENGINE_FAILED', `The engine's thread failed: ${error.message}`, { cause: error }))
    void this.discard()
  }

  private onExit(thread: Thread) {
    if (thread !== this.thread) return
    this.fail(new StepError('ENGINE_FAILED', "The engine's thread ended unexpectedly"))
    void this.discard()
  }

  private fail(error: unknown) {
    this.unwatch()
    this.settle((work) => work.reject(error))
  }

  private settle(finish: (work: Work) => void) {
    const { work } = this
    this.work = null
    if (work) finish(work)
  }

  private async discard() {
    const { thread } = this
    this.unwatch()
    this.thread = null
    this.sent.clear()
    await thread?.worker.terminate()
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
