import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findPostgresBinaries } from './binaries.ts'
import { clusterDatabase, clusterFolder, clusterOwner, clusterUser, makePrivateFolder, prepareCluster } from './cluster.ts'
import { lockDirectory } from './directory-lock.ts'
import { chooseLauncher } from './launcher.ts'
import { endLeftover } from './postmaster-file.ts'
import { keepServerRunning } from './server.ts'

export interface EmbeddedPostgres {
  /** A `postgresql://` address that node-postgres and libpq understand; it stays the same while the server is kept running. */
  url: string
  /** Stops the server, waits until it has ended and gives the directory back. May be called more than once. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Parley's data directory; everything of the server lies in its folder `postgres`. Made when missing. */
  dataDir: string
  /** Gets the server's log, line by line. */
  log: (line: string) => void
  /** Off only where data may be lost with the machine's power, as in tests. On unless told. */
  fsync?: boolean
  /** PostgreSQL settings, by their names, over ours. */
  settings?: Record<string, string>
}

const socketPort = '5432'
const socketName = `/.s.PGSQL.${socketPort}`
/** sun_path holds 108 bytes on Linux and 104 on macOS, with the ending zero. */
const maxSocketPathBytes = 103
const temporaryPrefix = 'parley-postgres-'

/**
 * Starts the PostgreSQL server that Parley brings along, on a Unix socket, with its data kept in the data directory.
 * It is started again when it ends by itself; this process does not end on its own accord before `stop`.
 * A server that a killed Parley left behind in that directory is stopped first; its committed data is all there.
 * Throws EmbeddedPostgresError: `directory_in_use` when another Parley has the directory, `wrong_version`,
 * `cannot_run`, `binaries_missing`, `initialisation_failed`, `start_failed`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = path.resolve(options.dataDir, 'postgres')
  await makePrivateFolder(folder)
  // One name for one folder: a server that is left is recognised by its path.
  const home = await realpath(folder)
  const lock = lockDirectory(home)
  try {
    const { socketFolder, server } = await startLocked(home, options)
    let stopped: Promise<void> | undefined
    const stop = async (): Promise<void> => {
      await server.stop()
      await rm(socketFolder, { recursive: true, force: true })
      lock.release()
    }
    return {
      url: `postgresql://${clusterUser}@localhost:${socketPort}/${clusterDatabase}?host=${encodeURIComponent(socketFolder)}`,
      stop: () => {
        stopped ??= stop()
        return stopped
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startLocked(home: string, options: EmbeddedPostgresOptions) {
  const fsync = options.fsync ?? true
  const binaries = findPostgresBinaries()
  const { launcher, version } = await chooseLauncher({
    directory: home,
    postgres: binaries.postgres,
    clusterOwner: await clusterOwner(home),
  })
  await prepareCluster({ home, binaries, launcher, version, fsync })
  const cluster = clusterFolder(home)
  const oldSocketFolder = await endLeftover(cluster, options.log)
  if (oldSocketFolder && path.basename(oldSocketFolder).startsWith(temporaryPrefix))
    await rm(oldSocketFolder, { recursive: true, force: true })
  const socketFolder = await makeSocketFolder(home)
  try {
    const settings = { ...serverSettings(socketFolder, fsync), ...options.settings }
    const server = await keepServerRunning({ cluster, postgres: binaries.postgres, launcher, settings, log: options.log })
    return { socketFolder, server }
  } catch (error) {
    await rm(socketFolder, { recursive: true, force: true })
    throw error
  }
}

/** The socket lies beside the cluster, or in a short temporary folder where its path would be too long for the kernel. */
async function makeSocketFolder(home: string): Promise<string> {
  const beside = path.join(home, 'run')
  if (Buffer.byteLength(beside + socketName) <= maxSocketPathBytes) {
    await makePrivateFolder(beside)
    return beside
  }
  const fits = Buffer.byteLength(path.join(tmpdir(), `${temporaryPrefix}123456`) + socketName) <= maxSocketPathBytes
  return mkdtemp(path.join(fits ? tmpdir() : '/tmp', temporaryPrefix))
}

function serverSettings(socketFolder: string, fsync: boolean): Record<string, string> {
  return {
    listen_addresses: '',
    port: socketPort,
    unix_socket_directories: quoteListItem(socketFolder),
    unix_socket_permissions: '0700',
    fsync: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
    // On in any case: a server that is killed must not lose what was committed.
    synchronous_commit: 'on',
    max_connections: '100',
    shared_buffers: '128MB',
    // Nothing replicates from this server.
    wal_level: 'minimal',
    max_wal_senders: '0',
    // Compiling pays off for long reports only; the chat's short queries would sometimes pay for it.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_min_messages: 'warning',
    log_line_prefix: '',
    logging_collector: 'off',
  }
}

/** The setting is a list: a path with a comma or a space has to be quoted. */
function quoteListItem(value: string): string {
  return `"${value.replaceAll('"', '""')}"`
}
