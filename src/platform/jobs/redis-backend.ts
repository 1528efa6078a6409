import { createRedisBackend } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import type { JobsBackend, ReportError } from './backend.ts'

/** How replies look is not ours to choose: BullMQ expects ioredis's default. */
type Settings = Omit<RedisOptions, 'replyMapping'>

/** Keeps trying for ever, at most 2 s apart, so that workers come back by themselves. */
const retryStrategy = (times: number) => Math.min(times * 100, 2_000)

/**
 * Connects to Redis: one connection for adding jobs, one shared by all workers, and one per worker to wait on.
 * @throws when Redis cannot be reached now
 */
export async function openRedisBackend(url: string, prefix: string, report: ReportError): Promise<JobsBackend> {
  // An add must fail at once while Redis is away: nothing is queued up here, the caller's sweeper adds it later.
  const producer = connect(url, report, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5_000 })
  // A worker's commands (done, failed, extend lock) wait for Redis to return; BullMQ insists on null.
  const worker = connect(url, report, { maxRetriesPerRequest: null })
  try {
    await Promise.all([producer.connect(), worker.connect()])
  } catch (error) {
    producer.disconnect()
    worker.disconnect()
    throw error
  }
  return {
    factory: (name, options, use) =>
      createRedisBackend(name, { ...options, ...{ prefix }, connection: use?.withBlockingConnection ? worker : producer }, use),
    idleWaitS: 5,
    async ping() {
      await producer.ping()
    },
    async close(force) {
      for (const client of [worker, producer]) {
        if (!force && client.status === 'ready') await client.quit()
        else client.disconnect()
      }
    },
  }
}

function connect(url: string, report: ReportError, options: Settings): Redis {
  const settings: Settings = { lazyConnect: true, connectTimeout: 5_000, retryStrategy, ...options }
  const client = new Redis(url, settings)
  client.on('error', (error: unknown) => report(error))
  return client
}
