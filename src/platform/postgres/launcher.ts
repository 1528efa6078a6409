import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/**
 * A way to run PostgreSQL's programs, which refuse to run as root and (initdb) as a user without an account.
 */
export interface Launcher {
  name: 'direct' | 'unshare' | 'setpriv'
  /** The user, as this process sees users, who must own the cluster's files; undefined: whoever runs this process. */
  owner: number | undefined
  /** The command line that runs `command` this way. */
  wrap(command: string, args: readonly string[]): { command: string; args: string[] }
}

interface Account {
  uid: number
  gid: number
}

/** The environment of the server's programs: nothing of ours, so that no PG… variable changes what they do. */
export const postgresEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
}

const direct: Launcher = {
  name: 'direct',
  owner: undefined,
  wrap: (command, args) => ({ command, args: [...args] }),
}

/**
 * Runs in a user namespace in which this user has another number. Files stay this user's own, so folders that only
 * this user may enter stay reachable.
 */
function unshareLauncher(uid: number, account: Account): Launcher {
  return {
    name: 'unshare',
    owner: uid,
    wrap: (command, args) => ({
      command: 'unshare',
      args: ['--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--', command, ...args],
    }),
  }
}

/**
 * Becomes another user who keeps one right of root's: to enter and write folders whatever their mode. Works where
 * user namespaces are forbidden (Docker), and under another user's private folder (sudo). `no_setuid_fixup` makes
 * access(2), with which PostgreSQL looks for its own program, honour that right too.
 */
function setprivLauncher(account: Account): Launcher {
  return {
    name: 'setpriv',
    owner: account.uid,
    wrap: (command, args) => ({
      command: 'setpriv',
      args: [
        `--reuid=${account.uid}`,
        `--regid=${account.gid}`,
        '--clear-groups',
        '--securebits=+no_setuid_fixup',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        '--',
        command,
        ...args,
      ],
    }),
  }
}

function hasAccount(): boolean {
  try {
    userInfo()
    return true
  } catch {
    return false // os.userInfo throws when the user has no entry in the password file: exactly what is asked here
  }
}

/** An account other than root: the one called postgres, else nobody, else the first. */
function unprivilegedAccount(): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([name, , uid, gid]) => (name && Number(uid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : []))
  const account = accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody') ?? accounts[0]
  if (!account) throw new EmbeddedPostgresError('cannot_run', 'PostgreSQL cannot run as root, and this machine has no other account.')
  return account
}

function candidates(clusterOwner: Account | undefined): Launcher[] {
  const uid = process.getuid?.()
  if (uid === undefined || (uid !== 0 && hasAccount())) return [direct]
  if (uid !== 0) return [unshareLauncher(uid, unprivilegedAccount())]
  // A cluster that an ordinary user made stays that user's, so that a single start with sudo does not lock them out.
  if (clusterOwner && clusterOwner.uid !== 0) return [setprivLauncher(clusterOwner), unshareLauncher(0, unprivilegedAccount())]
  return [unshareLauncher(0, unprivilegedAccount()), setprivLauncher(unprivilegedAccount())]
}

/** Writes a file into the directory, removes it, and runs `postgres --version`: all that the server needs to be able to do. */
function probe(launcher: Launcher, directory: string, postgres: string): Promise<string> {
  const script = 'probe="$1/.probe-$$"; : >"$probe" && rm -f "$probe" && exec "$2" --version'
  const { command, args } = launcher.wrap('/bin/sh', ['-c', script, 'sh', directory, postgres])
  return new Promise((resolve, reject) => {
    execFile(command, args, { env: postgresEnvironment, cwd: '/', timeout: 60_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${launcher.name}: ${stderr.trim() || error.message}`))
      else resolve(stdout.trim())
    })
  })
}

/**
 * Finds a way to run PostgreSQL that works for this user in this directory, by trying it.
 * `clusterOwner` is who owns the cluster that is there already. Also answers what `postgres --version` says.
 * Throws `cannot_run` with every reason when there is no way.
 */
export async function chooseLauncher(options: {
  directory: string
  postgres: string
  clusterOwner: Account | undefined
}): Promise<{ launcher: Launcher; version: string }> {
  const reasons: string[] = []
  for (const launcher of candidates(options.clusterOwner)) {
    try {
      return { launcher, version: await probe(launcher, options.directory, options.postgres) }
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new EmbeddedPostgresError(
    'cannot_run',
    `The embedded PostgreSQL cannot run here in ${options.directory} (${reasons.join('; ')}). Run Parley as an ordinary user, or set DATABASE_URL to a PostgreSQL server.`,
  )
}
