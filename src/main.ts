import { randomUUID } from 'node:crypto'
import { buildApp, defaultWebRoot } from './app.ts'
import { type Container, createContainer } from './container.ts'
import { addDemoData } from './demo.ts'
import type { FirstAdmin } from './modules/agents/index.ts'
import { releaseAbandonedLanes } from './modules/channels/index.ts'
import { systemClock } from './platform/clock.ts'
import { type Config, readConfig } from './platform/config.ts'
import { migrate } from './platform/db/migrate.ts'
import { createLogger } from './platform/log.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './platform/postgres/embedded-postgres.ts'
import { seed } from './seed.ts'
import { startWorker } from './worker.ts'

/** How long running requests, jobs and sockets may take to end when Parley stops, in milliseconds. */
const shutdownDeadlineMs = 15_000

type Log = ReturnType<typeof createLogger>

async function startDatabase(config: Config, log: Log): Promise<{ url: string; embedded: EmbeddedPostgres | null }> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, embedded: null }
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log: (line) => log.debug({ postgres: line }, 'PostgreSQL') })
  return { url: embedded.url, embedded }
}

/** Starts Parley in the configured role and answers the way to stop it. */
async function start(config: Config, log: Log): Promise<() => Promise<void>> {
  const { url, embedded } = await startDatabase(config, log)
  // What has been started, in the order of starting; stopping goes backwards, so the database ends last.
  const stops: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (const end of stops.toReversed()) await end()
  }
  if (embedded) stops.push(() => embedded.stop())
  try {
    await migrate(url)
    const container = await createContainer({ config, databaseUrl: url, log, clock: systemClock, nodeId: randomUUID() })
    stops.push(() => container.close(shutdownDeadlineMs))
    await seed(container, { simulator: embedded !== null, announce: announceLogin })
    // The embedded server has one Parley at a time: whatever is held was held by one that was killed.
    if (embedded) await releaseAbandonedLanes(container.database)
    await container.start()
    if (config.demo) await addDemoData(container)
    if (config.role !== 'api') await startWorker(container)
    if (config.role === 'worker') process.stdout.write('Parley worker is ready\n')
    else await serve(container, stops)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

/** Told as soon as the login exists: a start that fails later must not take the only password with it. */
function announceLogin({ email, password, generated }: FirstAdmin): void {
  if (generated) process.stdout.write(`First login: ${email} with password ${password} (shown this once)\n`)
}

/** Serves requests; stopping ends requests, sockets and jobs together. */
async function serve(container: Container, stops: (() => Promise<unknown>)[]): Promise<void> {
  const { host, port } = container.config
  const app = await buildApp(container, { webRoot: defaultWebRoot })
  stops.push(async () => {
    container.setReady(false)
    await Promise.all([app.close(), container.jobs.close(shutdownDeadlineMs)])
  })
  await app.listen({ port, host })
  container.setReady(true)
  const address = app.server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  process.stdout.write(`Parley is ready at http://${host.includes(':') ? `[${host}]` : host}:${actual}\n`)
}

async function main(): Promise<void> {
  const config = readConfig(process.env, process.argv.slice(2))
  const log = createLogger(config.logLevel)
  process.on('unhandledRejection', (error) => {
    log.error({ err: error }, 'A rejection nobody handled; this is a bug, and Parley ends')
    process.exit(70)
  })
  const starting = start(config, log)
  let stopping = false
  const shutdown = (cause: string): void => {
    if (stopping) return
    stopping = true
    log.info({ cause }, 'Parley stops')
    setTimeout(() => process.exit(75), shutdownDeadlineMs * 2).unref()
    // During a start, the start is finished first: what has been begun can only be ended once it is there.
    starting
      .then((stop) => stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'Parley did not stop cleanly')
          process.exit(1)
        },
      )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, shutdown)
  // npm start keeps a channel open to this process; it closes when the starter is killed.
  process.once('disconnect', () => shutdown('disconnect'))
  await starting
}

main().catch((error: unknown) => {
  process.stderr.write(`Parley cannot start: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
