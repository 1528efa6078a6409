// npm run bench [-- --quick] [--json FILE] [--profile FOLDER] [--explain]: what Parley costs, beside the least it could cost.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbeddedPostgres } from '../../src/platform/postgres/embedded-postgres.ts'
import { measure, type Plan } from './measure.ts'
import { formatTable, judge } from './report.ts'

const full: Plan = {
  sizes: [1_000, 200_000],
  agents: 20,
  openChats: 200,
  newChats: 300,
  rounds: 3,
  blockSeconds: 3,
  steadySeconds: 6,
  lifecycles: 20,
}
const quick: Plan = {
  sizes: [1_000, 20_000],
  agents: 20,
  openChats: 40,
  newChats: 40,
  rounds: 1,
  blockSeconds: 1,
  steadySeconds: 2,
  lifecycles: 5,
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    profile: { type: 'string' },
    explain: { type: 'boolean', default: false },
  },
})

/** The server does not start without its web app. */
function buildWebApp(): void {
  const root = path.resolve(import.meta.dirname, '../..')
  if (existsSync(path.join(root, 'dist/web/index.html'))) return
  say('Building the web app')
  execFileSync(process.execPath, ['scripts/run.mjs', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Whatever hangs, the run ends; helpers and servers end with this process. */
function limitTime(seconds: number): void {
  setTimeout(() => {
    process.stderr.write(`The bench took more than ${seconds} s and was given up.\n`)
    void stopAll().finally(() => process.exit(1))
  }, seconds * 1000).unref()
}

/** What must be ended, in the order of starting; ended backwards. */
const stops: (() => Promise<unknown>)[] = []

let stopping: Promise<void> | undefined

function stopAll(): Promise<void> {
  stopping ??= (async () => {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop()
  })()
  return stopping
}

/** Progress goes to the error output, the table to the output. */
function say(text: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}\n`)
}

async function run(): Promise<void> {
  const plan = options.quick ? quick : full
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-bench-'))
  stops.push(() => rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    settings: { max_connections: '300' },
    log: (line) => {
      if (/^(ERROR|FATAL|PANIC):/.test(line)) process.stderr.write(`PostgreSQL: ${line}\n`)
    },
  })
  stops.push(() => postgres.stop())
  const rows = judge(
    await measure({
      plan,
      url: postgres.url,
      folder,
      profileDir: options.profile,
      stops,
      say,
    }),
  )
  const result = { at: new Date().toISOString(), node: process.version, cpu: `${cpus().length} × ${cpus()[0]?.model ?? '?'}`, plan, rows }
  console.log(`\n${formatTable(rows)}\n`)
  console.log("×: ratio to what stands before it. Rates are medians over rounds, ratios medians of the rounds' ratios.")
  if (options.json === undefined) console.log(`\n${JSON.stringify(result)}`)
  else await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)))
}
try {
  if (options.explain) {
    const { explain } = await import('./explain.ts')
    await explain(1_000_000)
  } else {
    buildWebApp()
    limitTime(options.quick ? 60 : 240)
    await run()
  }
} finally {
  await stopAll()
}
process.exit()
