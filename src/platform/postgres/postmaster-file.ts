import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** What a server writes about itself into `postmaster.pid` (PostgreSQL, src/include/utils/pidfile.h). */
export interface PostmasterFile {
  pid: number
  socketFolder: string | undefined
  /** The server takes connections. */
  ready: boolean
}

const fastShutdownMs = 60_000
const immediateShutdownMs = 30_000
const pollMs = 10

function filePath(cluster: string): string {
  return path.join(cluster, 'postmaster.pid')
}

/** Reads the cluster's `postmaster.pid`; undefined when there is none or it is still empty. */
export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  let text: string
  try {
    text = await readFile(filePath(cluster), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const lines = text.split('\n')
  const pid = Number.parseInt(lines[0] ?? '', 10)
  if (!Number.isInteger(pid)) return undefined
  return { pid, socketFolder: lines[4] || undefined, ready: lines[7]?.trim() === 'ready' }
}

/** The command line of a process; empty when it has ended (also when nobody has collected its end yet). */
function commandLine(pid: number): string[] {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(' ')
  } catch {
    return [] // no such process: both ways of asking fail then
  }
}

/** Whether the process is a PostgreSQL server of this very cluster, and not one that got the number of a dead one. */
export function isServerOf(cluster: string, pid: number): boolean {
  const words = commandLine(pid)
  const folder = words.indexOf('-D')
  if (path.basename(words[0] ?? '') !== 'postgres' || folder < 0) return false
  return `${words.slice(folder + 1).join(' ')} `.startsWith(`${cluster} `)
}

async function waitForEnd(cluster: string, pid: number, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += pollMs) {
    if (!isServerOf(cluster, pid)) return true
    await delay(pollMs)
  }
  return false
}

/**
 * Stops a server by its number: first the fast way (open transactions are rolled back, everything is written), then
 * the immediate way. Throws `stop_failed` when neither ends it.
 */
export async function stopServer(cluster: string, pid: number): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', immediateShutdownMs],
  ] as const) {
    if (!isServerOf(cluster, pid)) return
    process.kill(pid, signal)
    if (await waitForEnd(cluster, pid, timeoutMs)) return
  }
  throw new EmbeddedPostgresError('stop_failed', `The PostgreSQL server of ${cluster} (process ${pid}) does not stop.`)
}

/**
 * Clears the way for a new server: stops the one that a killed Parley left, and sees to it that a file left by a dead
 * one does not stand in the way. Needs the directory's lock. Answers the old server's socket folder, if any.
 */
export async function endLeftover(cluster: string, log: (line: string) => void): Promise<string | undefined> {
  const left = await readPostmasterFile(cluster)
  if (!left) {
    await rm(filePath(cluster), { force: true }) // an empty file, at which PostgreSQL would stop
    return undefined
  }
  if (isServerOf(cluster, left.pid)) {
    log(`stopping the PostgreSQL server that an earlier Parley left running (process ${left.pid})`)
    await stopServer(cluster, left.pid)
  } else {
    await disownPostmasterFile(cluster)
  }
  return left.socketFolder
}

/**
 * A dead server's number may belong to another program by now, and PostgreSQL then refuses to start. Our own number
 * in its place makes PostgreSQL take the file for a left one (it passes over its parent's), and it still checks by
 * the shared memory named in the file that no process of the dead server is left.
 */
async function disownPostmasterFile(cluster: string): Promise<void> {
  const lines = (await readFile(filePath(cluster), 'utf8')).split('\n')
  lines[0] = String(process.pid)
  await writeFile(filePath(cluster), lines.join('\n'))
}
