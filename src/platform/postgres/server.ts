import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { type Launcher, postgresEnvironment } from './launcher.ts'
import { endLeftover, readPostmasterFile, stopServer } from './postmaster-file.ts'

export interface ServerOptions {
  cluster: string
  postgres: string
  launcher: Launcher
  settings: Record<string, string>
  log: (line: string) => void
}

interface RunningServer {
  pid: number
  /** Resolves when the process has ended. */
  ended: Promise<void>
}

/** Crash recovery may take a while; a server that is alive but not ready after this is given up. */
const startTimeoutMs = 300_000
const pollMs = 10
/** What a server says that finds another one, or what a killed one left: the start is tried again then, after clearing up. */
const obstacles = ['pre-existing shared memory block', 'lock file "postmaster.pid" already exists']
const obstacleRetries = 40
const obstacleRetryMs = 250
const restartDelaysMs = [0, 500, 2_000, 5_000]

const wordsKept = 20

/** Starts the server and waits until it takes connections. Throws `start_failed` with the server's own words. */
async function startServer(options: ServerOptions): Promise<RunningServer> {
  for (let attempt = 0; ; attempt += 1) {
    const lastWords: string[] = []
    const server = spawnServer(options, lastWords)
    if (await becomesReady(options.cluster, server)) return server
    const words = lastWords.join('\n')
    if (attempt >= obstacleRetries || !obstacles.some((obstacle) => words.includes(obstacle))) {
      throw new EmbeddedPostgresError('start_failed', `The embedded PostgreSQL in ${options.cluster} did not start:\n${words}`)
    }
    await delay(obstacleRetryMs)
    await endLeftover(options.cluster, options.log)
  }
}

function spawnServer(options: ServerOptions, lastWords: string[]): RunningServer {
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { command, args } = options.launcher.wrap(options.postgres, ['-D', options.cluster, ...settings])
  // A session of its own: Ctrl+C in the terminal must reach Parley only, which stops the server last.
  const child = spawn(command, args, { env: postgresEnvironment, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastWords.push(line)
    if (lastWords.length > wordsKept) lastWords.shift()
    options.log(line)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      lastWords.push(error.message)
      resolve()
    })
  })
  return { pid: child.pid ?? 0, ended }
}

/** Waits until the server says that it takes connections (true) or ends (false). */
async function becomesReady(cluster: string, server: RunningServer): Promise<boolean> {
  let ended = false
  const end = server.ended.then(() => {
    ended = true
  })
  for (let waitedMs = 0; !ended; waitedMs += pollMs) {
    const file = await readPostmasterFile(cluster)
    if (file?.pid === server.pid && file.ready) return true
    if (waitedMs > startTimeoutMs) {
      await stopServer(cluster, server.pid)
      return false
    }
    await Promise.race([end, delay(pollMs)])
  }
  return false
}

/**
 * Keeps a server running until it is stopped: one that ends by itself (killed, out of memory) is started again at the
 * same address. Throws `start_failed` when the first start fails. `stop` waits until the server has ended.
 */
export async function keepServerRunning(options: ServerOptions): Promise<{ stop(): Promise<void> }> {
  let current: RunningServer | undefined = await startServer(options)
  const stopping = new AbortController()

  const restart = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      await delay(restartDelaysMs[Math.min(attempt, restartDelaysMs.length - 1)], undefined, { signal: stopping.signal })
      try {
        await endLeftover(options.cluster, options.log)
        current = await startServer(options)
        options.log('the embedded PostgreSQL runs again')
        return
      } catch (error) {
        options.log(`the embedded PostgreSQL does not start again yet: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await current?.ended
      if (stopping.signal.aborted) return
      current = undefined
      options.log('the embedded PostgreSQL ended unexpectedly and is started again')
      await restart()
    }
  }

  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error // the wait before a restart was cut short by stop(): nothing to do
  })

  return {
    stop: async () => {
      stopping.abort()
      if (current) await stopCurrent(options.cluster, current)
      await watching
      if (current) await stopCurrent(options.cluster, current) // a restart was under way when stop() came
    },
  }
}

async function stopCurrent(cluster: string, server: RunningServer): Promise<void> {
  await stopServer(cluster, server.pid)
  await server.ended
}
