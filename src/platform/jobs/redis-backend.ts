import { createRedisBackend } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import type { JobsBackend, ReportError } from './backend.ts'

/** Keeps trying for ever, at most 2 s apart, so that workers come back by themselves. */
const retryStrategy = (times: number) => Math.min(times * 100, 2_000)

const settings = { lazyConnect: true, connectTimeout: 5_000, keepAlive: 10_000, retryStrategy }

/**
 * The workers' connection, of which BullMQ makes a copy per worker to wait on. The copies are remembered, because BullMQ
 * can end them only while Redis answers.
 */
class WorkerConnection extends Redis {
  readonly copies: Redis[] = []

  override duplicate<Override extends Partial<RedisOptions> | undefined = undefined>(override?: Override) {
    const copy = super.duplicate(override)
    this.copies.push(copy)
    return copy
  }
}

/**
 * Connects to Redis: one connection for adding jobs, one shared by all workers, and one per worker to wait on.
 * @throws when Redis cannot be reached now
 */
export async function openRedisBackend(url: string, prefix: string, report: ReportError): Promise<JobsBackend> {
  // An add must fail at once while Redis is away: nothing is queued up here, the caller's sweeper adds it later.
  const producer = new Redis(url, { ...settings, enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5_000 })
  // A worker's commands (done, failed, extend lock) wait for Redis to return; BullMQ insists on null.
  const worker = new WorkerConnection(url, { ...settings, maxRetriesPerRequest: null })
  for (const client of [producer, worker]) client.on('error', (error: unknown) => report(error))
  try {
    await Promise.all([producer.connect(), worker.connect()])
  } catch (error) {
    producer.disconnect()
    worker.disconnect()
    throw error
  }
  return {
    factory(name, options, use) {
      const connection = use?.withBlockingConnection ? worker : producer
      const own = { ...options, prefix, connection }
      return createRedisBackend(name, own, use)
    },
    idleWaitS: 5,
    async ping() {
      await producer.ping()
    },
    async close(force) {
      for (const copy of worker.copies) copy.disconnect()
      for (const client of [worker, producer]) {
        if (!force && client.status === 'ready') await client.quit()
        else client.disconnect()
      }
    },
  }
}
