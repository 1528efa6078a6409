import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/postgres/embedded-postgres.ts'
import { until } from '../helpers/until.ts'

const ownerProgram = path.resolve(import.meta.dirname, '../helpers/postgres-owner.ts')
const isRoot = process.getuid?.() === 0
/** Any user but root. */
const otherUser = 65_534

// Clusters are made a dozen times, which takes its time on a busy machine.
t.setTimeout(300_000)

async function makeDataDir(t: Test): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-embedded-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function start(t: Test, dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, fsync: false, log: () => undefined })
  t.teardown(() => server.stop())
  return server
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined) // the tests that kill the server cut the connection; the query tells
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Another process that starts the server in this directory, once that answers. */
async function startOwner(t: Test, dataDir: string): Promise<{ url: string; owner: ChildProcess }> {
  const owner = spawn(process.execPath, [ownerProgram, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => owner.kill('SIGKILL'))
  for await (const url of createInterface({ input: owner.stdout })) return { url, owner }
  throw new Error('the owner did not start the server')
}

/** The server's number as it wrote it down. */
async function serverPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(path.join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'), 10)
}

/** Processes that have the directory in their command line. */
function processesNaming(dataDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(dataDir) ? [line] : []
      } catch {
        return [] // it ended between the listing and the look
      }
    })
}

t.test('data is kept from one start to the next, and a stop leaves nothing running', async (t) => {
  const dataDir = await makeDataDir(t)
  const first = await start(t, dataDir)
  await query(first.url, `CREATE TABLE notes (body text); INSERT INTO notes VALUES ('Grüße, 世界')`)
  t.ok(processesNaming(dataDir).length > 0, 'the server runs')
  await first.stop()
  await first.stop()
  t.same(processesNaming(dataDir), [], 'no process is left')
  t.notOk(existsSync(path.join(dataDir, 'postgres/run')), 'no socket is left')
  t.notOk(existsSync(path.join(dataDir, 'postgres/cluster/postmaster.pid')))

  const second = await start(t, dataDir)
  t.same(await query(second.url, 'SELECT body FROM notes'), [{ body: 'Grüße, 世界' }])
})

t.test('by default nothing is traded for speed, and only this user can connect', async (t) => {
  const dataDir = await makeDataDir(t)
  const server = await startEmbeddedPostgres({ dataDir, log: () => undefined, settings: { work_mem: '5MB' } })
  t.teardown(() => server.stop())
  const rows = await query(
    server.url,
    `SELECT current_setting('fsync') fsync, current_setting('synchronous_commit') commit, current_setting('full_page_writes') pages,
       current_setting('listen_addresses') addresses, current_setting('server_encoding') encoding, current_setting('work_mem') work_mem`,
  )
  t.same(rows, [{ fsync: 'on', commit: 'on', pages: 'on', addresses: '', encoding: 'UTF8', work_mem: '5MB' }])
  t.equal((await stat(path.join(dataDir, 'postgres'))).mode & 0o777, 0o700)
})

t.test('a server that a killed owner left is taken over with all that was committed', async (t) => {
  const dataDir = await makeDataDir(t)
  const { url, owner } = await startOwner(t, dataDir)
  await query(url, `CREATE TABLE notes (body text); INSERT INTO notes VALUES ('kept')`)
  owner.kill('SIGKILL')
  await once(owner, 'close')
  t.same(await query(url, 'SELECT body FROM notes'), [{ body: 'kept' }], 'the server lives on')

  const server = await start(t, dataDir)
  t.same(await query(server.url, 'SELECT body FROM notes'), [{ body: 'kept' }])
  await server.stop()
  t.same(processesNaming(dataDir), [], 'no process is left')
})

t.test('the data directory has one owner at a time', async (t) => {
  const dataDir = await makeDataDir(t)
  const { url, owner } = await startOwner(t, dataDir)
  await t.rejects(startEmbeddedPostgres({ dataDir, log: () => undefined }), {
    code: 'directory_in_use',
    message: new RegExp(`${path.join(dataDir, 'postgres')}.*process ${owner.pid}`),
  })
  t.same(await query(url, 'SELECT 1 AS one'), [{ one: 1 }], 'the owner is not disturbed')
  owner.kill('SIGKILL')
  await once(owner, 'close')

  await start(t, dataDir)
  await t.rejects(startEmbeddedPostgres({ dataDir, log: () => undefined }), { code: 'directory_in_use' }, 'not twice in one process either')
})

t.test('a private directory whose path is too long for a socket', async (t) => {
  const dataDir = path.join(await makeDataDir(t), 'a, b "quoted" folder'.padEnd(90, '.'))
  await mkdir(dataDir, { mode: 0o700 })
  await chmod(path.dirname(dataDir), 0o700)
  const server = await start(t, dataDir)
  t.same(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }])
  const socketFolder = new URL(server.url).searchParams.get('host') ?? ''
  t.equal((await stat(socketFolder)).mode & 0o777, 0o700)
  await server.stop()
  t.notOk(existsSync(socketFolder), 'the temporary folder of the socket is gone')
})

t.test('a socket is found in a folder with a comma, a space and a quote in its name', async (t) => {
  const dataDir = path.join(await makeDataDir(t), 'a, "b" & ü%')
  const server = await start(t, dataDir)
  t.same(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }])
})

t.test('a left postmaster.pid never hurts the process that has its number now', async (t) => {
  const dataDir = await makeDataDir(t)
  await (await start(t, dataDir)).stop()
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], { stdio: 'ignore' })
  t.teardown(() => bystander.kill('SIGKILL'))
  const cluster = path.join(dataDir, 'postgres/cluster')
  await writeFile(path.join(cluster, 'postmaster.pid'), `${bystander.pid}\n${cluster}\n1700000000\n5432\n/nowhere\n\n0 0\nready   \n`)

  const server = await start(t, dataDir)
  t.same(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }])
  t.ok(bystander.exitCode === null && bystander.signalCode === null, 'the bystander lives')
  await server.stop()
  await writeFile(path.join(cluster, 'postmaster.pid'), '')
  t.same(await query((await start(t, dataDir)).url, 'SELECT 1 AS one'), [{ one: 1 }], 'an empty one does not stand in the way')
})

t.test('what a crash in the middle of the first start left is cleared away', async (t) => {
  const dataDir = await makeDataDir(t)
  const unfinished = path.join(dataDir, 'postgres/cluster.new-abcdef')
  await mkdir(unfinished, { recursive: true })
  await writeFile(path.join(unfinished, 'PG_VERSION'), '18\n')
  const server = await start(t, dataDir)
  t.same(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }])
  t.notOk(existsSync(unfinished))
})

t.test('a cluster of another major version is left alone', async (t) => {
  const dataDir = await makeDataDir(t)
  await (await start(t, dataDir)).stop()
  await writeFile(path.join(dataDir, 'postgres/cluster/PG_VERSION'), '17\n')
  await t.rejects(startEmbeddedPostgres({ dataDir, log: () => undefined }), {
    code: 'wrong_version',
    message: /PostgreSQL 17.*PostgreSQL 18/,
  })
  await writeFile(path.join(dataDir, 'postgres/cluster/PG_VERSION'), '18\n')
  t.same(await query((await start(t, dataDir)).url, 'SELECT 1 AS one'), [{ one: 1 }], 'the failed start gave the directory back')
})

t.test('a server that is killed comes back at the same address', async (t) => {
  const dataDir = await makeDataDir(t)
  const server = await start(t, dataDir)
  await query(server.url, `CREATE TABLE notes (body text); INSERT INTO notes VALUES ('kept')`)
  const killed = await serverPid(dataDir)
  process.kill(killed, 'SIGKILL')
  const rows = await until(() => query(server.url, 'SELECT body FROM notes').catch(() => undefined), {
    timeoutMs: 60_000,
    message: 'the server answers again',
  })
  t.same(rows, [{ body: 'kept' }])
  t.not(await serverPid(dataDir), killed)
  await server.stop()
  t.same(processesNaming(dataDir), [], 'no process is left')
})

t.test(
  'started by root, a cluster of an ordinary user stays that user’s',
  { skip: isRoot ? false : 'only root can do this' },
  async (t) => {
    const dataDir = await makeDataDir(t)
    await (await start(t, dataDir)).stop()
    const cluster = path.join(dataDir, 'postgres/cluster')
    await giveAway(cluster)
    const server = await start(t, dataDir)
    await query(server.url, 'CREATE TABLE notes (body text)')
    await server.stop()
    t.equal((await stat(cluster)).uid, otherUser)
    t.equal((await stat(path.join(cluster, 'PG_VERSION'))).uid, otherUser)
  },
)

async function giveAway(folder: string): Promise<void> {
  await chown(folder, otherUser, otherUser)
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    await chown(path.join(folder, entry), otherUser, otherUser)
}
