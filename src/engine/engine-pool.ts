import { EngineThread } from './engine-thread.ts'
import type { Job } from './protocol.ts'
import { type Engine, StepError, type StepRequest, type StepResult, type TaskRunner, type Value } from './types.ts'

export interface EnginePoolOptions {
  /** Worker threads at most; each starts with the first job that needs it. */
  threads?: number
  /** How long one job may compute; time the host spends on tasks does not count. */
  deadlineMs?: number
  /** Heap of one thread. */
  maxOldGenerationMb?: number
}

interface Waiting {
  job: Job
  runTask: TaskRunner | null
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * The engine in worker threads, one job at a time a thread; further jobs queue in order. A job that
 * computes too long or takes too much memory fails alone (StepError DEADLINE_EXCEEDED, OUT_OF_MEMORY),
 * its thread is replaced.
 */
export function createEnginePool(options: EnginePoolOptions = {}): Engine {
  const { threads: size = 2, deadlineMs = 5_000, maxOldGenerationMb = 256 } = options
  const threads = Array.from({ length: Math.max(1, size) }, () => new EngineThread({ deadlineMs, maxOldGenerationMb }))
  const queue: Waiting[] = []
  let isClosed = false

  function enqueue<T>(job: Job, runTask: TaskRunner | null = null): Promise<T> {
    if (isClosed) return Promise.reject(new StepError('ENGINE_FAILED', 'The engine was closed'))
    return new Promise<unknown>((resolve, reject) => {
      queue.push({ job, runTask, resolve, reject })
      dispatch()
    }) as Promise<T>
  }

  function dispatch() {
    for (const thread of threads) {
      if (thread.isBusy) continue
      const next = queue.shift()
      if (!next) return
      thread.do(next.job, next.runTask).then(next.resolve, next.reject).finally(dispatch)
    }
  }

  return {
    compile: (xml, catalog) => enqueue({ kind: 'compile', xml, catalog }),
    step: (request: StepRequest, runTask: TaskRunner) => enqueue<StepResult>({ kind: 'step', request }, runTask),
    evaluate: (expression, scope, variables) => enqueue<Value>({ kind: 'evaluate', expression, scope, variables }),
    dueAt: (timer, scope, variables) => enqueue<Date | null>({ kind: 'dueAt', timer, scope, variables }),
    async close() {
      isClosed = true
      for (const { reject } of queue.splice(0)) reject(new StepError('ENGINE_FAILED', 'The engine was closed'))
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}
