import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import tap from 'tap'
import { migrate } from '../../src/platform/db/migrate.ts'

export interface TestDatabase {
  url: string
  /** Drops the database now, even while connections are open. The end of the test does it too. */
  drop(): Promise<void>
}

/** The part of a test that is needed here. */
interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

const migrationsFolder = path.resolve(import.meta.dirname, '../../migrations')
/** Any number that no other user of advisory locks on the test server has. */
const templateLock = 7_275_539

let serverUrl: Promise<string> | undefined
let templateName: Promise<string> | undefined

/** The address of the maintenance database of the shared test server; without one, of a server for this process alone. */
export function testServerUrl(): Promise<string> {
  serverUrl ??= process.env.PARLEY_TEST_DATABASE_URL ? Promise.resolve(process.env.PARLEY_TEST_DATABASE_URL) : startOwnServer()
  return serverUrl
}

/**
 * Makes a database with all migrations applied, for this test alone (a clone of a template, about 55 ms), and drops it
 * at the test's end.
 */
export async function createTestDatabase(t: WithTeardown): Promise<TestDatabase> {
  const server = await testServerUrl()
  templateName ??= prepareTemplate(server)
  const template = await templateName
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  let dropped: Promise<unknown> | undefined
  const drop = async (): Promise<void> => {
    dropped ??= withClient(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    await dropped
  }
  t.teardown(drop)
  return { url: withDatabase(server, name), drop }
}

/** Makes the migrated template once per server and state of the migrations, however many processes ask at once. */
async function prepareTemplate(server: string): Promise<string> {
  const name = `parley_template_${await migrationsHash()}`
  await withClient(server, async (client) => {
    if (await isFinished(client, name)) return
    await client.query('SELECT pg_advisory_lock($1)', [templateLock])
    // The lock ends with the connection.
    if (await isFinished(client, name)) return
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${name}`)
    await migrate(withDatabase(server, name))
    // Marks it as finished; and nobody may connect, as a connection would hinder cloning.
    await client.query(`ALTER DATABASE ${name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
  })
  return name
}

async function isFinished(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate', [name])
  return rowCount === 1
}

async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(migrationsFolder)).sort()) {
    hash.update(name).update(await readFile(path.join(migrationsFolder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Starts a server that ends with this process, and at the latest when all tests of this file have ended. */
async function startOwnServer(): Promise<string> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'postgres-server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  tap.teardown(async () => {
    child.stdin.end()
    await closed
  })
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('The PostgreSQL server for the tests did not start')
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
