import { Redis, type RedisOptions } from 'ioredis'
import type { Link, LinkEvents } from './relay.types.ts'

type Settings = Omit<RedisOptions, 'replyMapping'>

/**
 * Links nodes by Redis pub/sub: one connection to send, one to listen, both come back by themselves.
 * @throws when Redis cannot be reached now
 */
export async function openRedisLink(url: string, channel: string, nodeId: string, events: LinkEvents): Promise<Link> {
  const own = `${nodeId} `
  let opened = false
  let refusal: unknown // ioredis itself rejects with no more than "Connection is closed."
  // Once open, its errors are those of send(), which rejects.
  const onSenderError = (error: unknown) => {
    refusal ??= error
  }
  const sender = connect(url, onSenderError, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 5_000 })
  const onError = (error: unknown) => {
    if (opened) events.onLost(error)
    else refusal ??= error
  }
  const listener = connect(url, onError, { autoResubscribe: false })
  listener.on('message', (_channel: string, payload: string) => {
    if (!payload.startsWith(own)) events.onPayload(payload.slice(payload.indexOf(' ') + 1))
  })
  listener.on('close', () => {
    if (opened) events.onLost(new Error('the connection to Redis is closed'))
  })
  try {
    await Promise.all([sender.connect(), listener.connect()])
    await listener.subscribe(channel)
  } catch (error) {
    sender.disconnect()
    listener.disconnect()
    throw refusal ?? error
  }
  opened = true
  const subscribeAgain = async () => {
    try {
      await listener.subscribe(channel)
      events.onRestored()
    } catch (error) {
      events.onLost(error) // lost once more while subscribing; the next 'ready' tries again
    }
  }
  // Not ioredis's own resubscribing: it does not say when messages arrive again.
  listener.on('ready', () => void subscribeAgain())
  return {
    async send(payload) {
      await sender.publish(channel, own + payload)
    },
    async close() {
      opened = false
      for (const client of [sender, listener]) {
        if (client.status === 'ready') await client.quit()
        else client.disconnect()
      }
    },
  }
}

function connect(url: string, onError: (error: unknown) => void, options: Settings): Redis {
  const retryStrategy = (times: number) => Math.min(times * 100, 2_000)
  const settings: Settings = { lazyConnect: true, connectTimeout: 5_000, keepAlive: 10_000, retryStrategy, ...options }
  const client = new Redis(url, settings)
  client.on('error', onError)
  return client
}
