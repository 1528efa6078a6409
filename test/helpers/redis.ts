import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { until } from './until.ts'

/** A Redis server that belongs to one test. */
export interface TestRedis {
  readonly url: string
  /** Kills the server; its data is gone. */
  stop(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** The part of a test that is needed here. */
interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

const program = findOnPath('redis-server')

/**
 * For the `skip` option of tests that need Redis: the reason when this machine has no redis-server. With `CI=true` it is
 * never skipped, so that such a test fails instead.
 */
export const redisSkip: false | string =
  program === undefined && process.env.CI !== 'true' ? 'NOT TESTED ON REDIS: there is no redis-server on this machine' : false

/** The same, for tests that can share the server named by `PARLEY_TEST_REDIS_URL`. */
export const sharedRedisSkip: false | string = process.env.PARLEY_TEST_REDIS_URL ? false : redisSkip

/** The address of the shared Redis, else of one started for this test. Other tests may use it too: use keys of your own. */
export async function sharedRedisUrl(t: WithTeardown): Promise<string> {
  return process.env.PARLEY_TEST_REDIS_URL ?? (await startTestRedis(t)).url
}

/** Starts a Redis server for this test alone, without persistence, and stops it at the test's end. */
export async function startTestRedis(t: WithTeardown): Promise<TestRedis> {
  if (program === undefined) throw new Error('There is no redis-server on this machine')
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  let running: { stop(): Promise<void> } | undefined
  const redis: TestRedis = {
    url,
    async stop() {
      await running?.stop()
      running = undefined
    },
    async start() {
      running = run(program, settings)
      await until(() => answers(url), { message: 'redis-server to answer' })
    },
  }
  t.teardown(async () => {
    await redis.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await redis.start()
  return redis
}

/** The shell kills the server when its standard input closes, which it also does when this process is killed. */
function run(command: string, args: string[]): { stop(): Promise<void> } {
  const script = '"$@" >/dev/null </dev/null & server=$!; cat >/dev/null; kill -9 $server; wait $server 2>/dev/null'
  const child = spawn('sh', ['-c', script, 'sh', command, ...args], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    stop: () => {
      child.stdin?.end()
      return ended
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => undefined) // not up yet; the answer says it
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch {
    return false // not up yet
  } finally {
    client.disconnect()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function findOnPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false // not here
      }
    })
}
