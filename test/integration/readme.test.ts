import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { readConfig } from '../../src/platform/config.ts'
import { ApiClient, makeDataDir, startChild } from '../helpers/child-parley.ts'
import { createTestDatabase } from '../helpers/postgres.ts'
import { startTelegramEmulator } from '../helpers/providers/telegram-emulator.ts'
import { until } from '../helpers/until.ts'

const root = path.resolve(import.meta.dirname, '../..')
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const login = { email: 'admin@example.com', password: 'correct horse battery' }

t.setTimeout(120_000)

/** The blocks that are marked as examples, one after the other in one shell. */
function examples(): string {
  const blocks = [...readme.matchAll(/^```bash example\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  return ['set -euo pipefail', ...blocks].join('\n')
}

t.test('the examples do what the text says', async (t) => {
  const { url } = await createTestDatabase(t)
  const telegram = await startTelegramEmulator()
  t.teardown(() => telegram.close())
  const parley = startChild(t, {
    DATABASE_URL: url,
    PARLEY_DATA_DIR: await makeDataDir(t),
    PARLEY_ADMIN_EMAIL: login.email,
    PARLEY_ADMIN_PASSWORD: login.password,
  })
  const origin = await parley.ready()
  const env = {
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
    PARLEY: origin,
    EMAIL: login.email,
    PASSWORD: login.password,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API: telegram.origin,
  }
  const script = examples()
  t.match(script, /until .*inbox/, 'the examples are found')
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env, cwd: await makeDataDir(t), timeout: 90_000 }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`The examples failed: ${error.stderr}${error.stdout}`)
    },
  )
  t.match(stdout, 'Olena: Where is my order 4711?\nAdministrator: It left our warehouse this morning.')
  t.match(stdout, '"valid":true')
  await until(() => telegram.sent.length > 0, { timeoutMs: 30_000, message: 'the reply at Telegram' })
  t.match(telegram.sent, [{ text: 'It left our warehouse this morning.', chat: { id: 6012345678 } }])

  const api = await ApiClient.logIn(origin, login)
  t.match(await api.ok('GET', '/api/chats'), {
    items: [{ status: 'completed', contact: { name: 'Olena' }, agent: { name: 'Administrator' } }],
  })
  t.match(await api.ok('GET', '/api/processes/chat_lifecycle'), { activeVersion: 2 })
})

t.test('the map names every folder and file of src', async (t) => {
  const map = readme.slice(readme.indexOf('## Map'), readme.indexOf('## Tests'))
  const names = (folder: string, within: string) =>
    readdirSync(path.join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || within === 'all')
      .map((entry) => `${folder}/${entry.name}${entry.isDirectory() ? '/' : ''}`)
  const there = [...names('src', 'all'), ...names('src/modules', 'folders'), ...names('src/platform', 'folders')]
  for (const name of there.filter((item) => item !== 'src/modules/')) t.ok(map.includes(`\`${name}\``), `${name} is on the map`)
  for (const [, name] of map.matchAll(/`((?:src|processes|migrations|scripts|test)\/[^`]*)`/g)) {
    t.ok(readdirSync(path.join(root, path.dirname(String(name)))).includes(path.basename(String(name))), `${name} exists`)
  }
})

t.test('the environment is told completely', async (t) => {
  const read = new Set<string>()
  readConfig(
    new Proxy<NodeJS.ProcessEnv>(
      {},
      {
        get(_target, name) {
          read.add(String(name))
        },
      },
    ),
  )
  const table = readme.slice(readme.indexOf('## Environment'), readme.indexOf('## How a chat runs'))
  const told = new Set(
    [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell]) => [...String(cell).matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  )
  t.same([...told].toSorted(), [...read].toSorted())
})

t.test('every library is among the decisions', async (t) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const table = readme.slice(readme.indexOf('### Libraries'))
  const packages = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !name.startsWith('@types/'))
  for (const name of packages) t.match(table, new RegExp(`\\b${name.replace('@fastify/', '')}\\b`.replace('\\b@', '@')), name)
})
