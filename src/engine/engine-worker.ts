import { parentPort } from 'node:worker_threads'
import { createInlineEngine } from './inline-engine.ts'
import { type FromWorker, type Job, type ToWorker, toFailure } from './protocol.ts'
import type { TaskOutcome } from './types.ts'

/** A worker thread of the pool: does one job at a time and asks the host to do its tasks. */

const port = parentPort
if (!port) throw new Error('engine-worker.ts runs as a worker thread only')

const engine = createInlineEngine()
const contexts = new Map<string, string>()
let answerTask: { resolve: (outcome: TaskOutcome) => void; reject: (error: Error) => void } | null = null

const send = (message: FromWorker) => port.postMessage(message)

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'job':
      if (message.forget) contexts.clear()
      work(message.job).then(
        (result) => send({ kind: 'done', result }),
        (error: unknown) => send({ kind: 'failed', error: toFailure(error) }),
      )
      return
    case 'task.done':
      answerTask?.resolve(message.outcome)
      return
    case 'task.rejected':
      answerTask?.reject(new Error(message.message))
      return
  }
})

send({ kind: 'ready' })

async function work(job: Job): Promise<unknown> {
  switch (job.kind) {
    case 'compile':
      return engine.compile(job.xml, job.catalog)
    case 'step':
      return engine.step({ ...job.request, definition: withContext(job.request.definition) }, (call) => {
        send({ kind: 'task', call })
        return new Promise((resolve, reject) => {
          answerTask = { resolve, reject }
        })
      })
    case 'evaluate':
      return engine.evaluate(job.expression, job.scope, job.variables)
    case 'dueAt':
      return engine.dueAt(job.timer, job.scope, job.variables)
  }
}

function withContext(definition: { checksum: string; context: string; key: string }) {
  if (definition.context) contexts.set(definition.checksum, definition.context)
  const context = contexts.get(definition.checksum)
  if (context === undefined) throw new Error(`The thread was never sent the definition ${definition.checksum}`)
  return { ...definition, context }
}
