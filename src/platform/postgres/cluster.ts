import { spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { PostgresBinaries } from './binaries.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { type Launcher, postgresEnvironment } from './launcher.ts'

/** The role that owns everything, and the database that Parley uses. */
export const clusterUser = 'parley'
export const clusterDatabase = 'parley'

const unfinishedPrefix = 'cluster.new-'

interface ClusterOptions {
  /** The folder that holds the cluster; it must exist and be this process's alone (locked). */
  home: string
  binaries: PostgresBinaries
  launcher: Launcher
  /** What `postgres --version` says. */
  version: string
  fsync: boolean
}

/** Where the cluster's files are. */
export function clusterFolder(home: string): string {
  return path.join(home, 'cluster')
}

/** Who owns the cluster's files; undefined when there is no cluster yet. */
export async function clusterOwner(home: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const { uid, gid } = await stat(clusterFolder(home))
    return { uid, gid }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Makes the cluster if there is none, and checks the one that is there.
 * A cluster is built beside its place and moved there when it is complete, so a crash in between leaves nothing half done.
 * Throws `wrong_version` for a cluster of another major version and `initialisation_failed` with initdb's own words.
 */
export async function prepareCluster(options: ClusterOptions): Promise<void> {
  for (const name of await readdir(options.home)) {
    if (name.startsWith(unfinishedPrefix)) await rm(path.join(options.home, name), { recursive: true, force: true })
  }
  const folder = clusterFolder(options.home)
  const owner = await clusterOwner(options.home)
  if (!owner) return createCluster(options, folder)
  await checkVersion(folder, options.version)
  if (options.launcher.owner !== undefined && owner.uid !== options.launcher.owner) await changeOwner(folder, options.launcher.owner)
}

async function createCluster(options: ClusterOptions, folder: string): Promise<void> {
  const unfinished = await mkdtemp(path.join(options.home, unfinishedPrefix))
  if (options.launcher.owner !== undefined) await chown(unfinished, options.launcher.owner, -1)
  const initdbArgs = [
    `--pgdata=${unfinished}`,
    `--username=${clusterUser}`,
    // Only the Unix socket is open, in a folder that only this user may enter.
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(options.fsync ? [] : ['--no-sync']),
  ]
  await runProgram(options.launcher, options.binaries.initdb, initdbArgs)
  const singleUserArgs = ['--single', '-D', unfinished, '-c', `fsync=${options.fsync ? 'on' : 'off'}`, 'postgres']
  await runProgram(options.launcher, options.binaries.postgres, singleUserArgs, `CREATE DATABASE ${clusterDatabase}\n`)
  await rename(unfinished, folder)
  if (options.fsync) await syncFolder(options.home)
}

async function checkVersion(folder: string, programVersion: string): Promise<void> {
  const clusterMajor = (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim()
  const programMajor = /(\d+)/.exec(programVersion)?.[1]
  if (clusterMajor === programMajor) return
  throw new EmbeddedPostgresError(
    'wrong_version',
    `The data directory ${folder} was made by PostgreSQL ${clusterMajor}, and this Parley brings PostgreSQL ${programMajor}. ` +
      `Use the Parley that made it, dump its database there and load the dump into a new data directory.`,
  )
}

async function changeOwner(folder: string, uid: number): Promise<void> {
  await chown(folder, uid, -1)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) await changeOwner(file, uid)
    else if (entry.isFile()) await chown(file, uid, -1)
  }
}

function runProgram(launcher: Launcher, program: string, programArgs: string[], input = ''): Promise<void> {
  const { command, args } = launcher.wrap(program, programArgs)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: postgresEnvironment, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      // Single-user mode goes on after an error and ends with 0, so its words count too.
      if (code === 0 && !/\b(ERROR|FATAL|PANIC):/.test(errors)) return resolve()
      const reason = errors.trim() || `ended with ${signal ?? code}`
      reject(new EmbeddedPostgresError('initialisation_failed', `${path.basename(program)} could not make the database: ${reason}`))
    })
    child.stdin.on('error', () => undefined) // the program ended before it read its input; its exit code tells why
    child.stdin.end(input)
  })
}

/** Makes the rename itself survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Makes a folder that only this user may enter, and its parents. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}
