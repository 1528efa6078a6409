import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { UserError } from './problems.mjs'
import { onNpmEnd, run, tethered } from './processes.mjs'
import { hashOf, inRoot, readIfThere, root, say } from './project.mjs'
import { provideRedis } from './redis.mjs'
import { reportTap } from './tap-report.mjs'
import { startTestPostgres } from './test-postgres.mjs'

const isCi = Boolean(process.env.CI) && process.env.CI !== 'false'
const maxJobs = 4

/**
 * Runs formatting and lint rules, types, and then all tests; with arguments only the tests, with the arguments for
 * tap (files, options). Everything is run even when something before it failed. Answers the exit code.
 */
export async function runTests({ node, args, webProblem }) {
  const tally = { passed: 0, failed: 0 }
  const current = watchSignals()
  const check = (name, ok, reason = '') => {
    tally[ok ? 'passed' : 'failed'] += 1
    if (!ok) say(`FAILED: ${name}${reason && `\n${reason}`}`)
  }
  if (webProblem) check('web app', false, webProblem.message)
  if (args.length === 0) {
    check('formatting and lint (biome check)', await succeeds(current, node, ['node_modules/@biomejs/biome/bin/biome', 'check', '.']))
    check('types (tsc --noEmit)', await succeeds(current, node, ['node_modules/typescript/bin/tsc', '--noEmit']))
  }
  const results = await withServers(node, args, check, (env) => runTap({ node, args, env, current }))
  if (current.signal) return 130
  tally.passed += results.passed
  tally.failed += results.failed
  if (results.skipped > 0) say(`${results.skipped} skipped (reasons above)`)
  process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed\n`)
  return tally.failed === 0 ? 0 : 1
}

/** Ends the program that runs right now on Ctrl+C and the like, and lets this one clear up. */
function watchSignals() {
  const current = { end: undefined, signal: undefined }
  const end = (signal) => {
    current.signal = signal
    current.end?.()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
  onNpmEnd(() => end('SIGTERM'))
  return current
}

async function succeeds(current, node, args) {
  if (current.signal) return false
  const onStart = (child) => {
    current.end = () => child.kill('SIGTERM')
  }
  return (await run(node, args, { onStart })).code === 0
}

/** Gives the tests their servers and ends those whatever happens. */
async function withServers(node, args, check, use) {
  const env = { ...process.env }
  // Tests make their own databases; an address meant for the product must never reach them.
  for (const name of ['DATABASE_URL', 'REDIS_URL']) delete env[name]
  const postgres = process.env.PARLEY_TEST_DATABASE_URL ? undefined : await startTestPostgres(node)
  if (postgres) env.PARLEY_TEST_DATABASE_URL = postgres.url
  try {
    const redis = await provideRedis({ mayInstall: args.length === 0 })
    if (redis.url) env.PARLEY_TEST_REDIS_URL = redis.url
    else if (isCi) check('Redis', false, redis.problem)
    else say(`\n*** SKIPPED: the tests on Redis, because ${redis.problem} ***\n`)
    try {
      return await use(env)
    } finally {
      await redis.stop?.()
    }
  } finally {
    await postgres?.stop()
  }
}

async function runTap({ node, args, env, current }) {
  const tap = 'node_modules/tap/dist/esm/run.mjs'
  await buildTap(node, tap)
  const jobs = Math.max(2, Math.min(availableParallelism(), maxJobs))
  let report
  const onStart = (child) => {
    current.end = () => child.stdin.end()
    report = reportTap(child.stdout)
  }
  if (current.signal) return { passed: 0, failed: 0, skipped: 0 }
  const tapArgs = [tap, 'run', `--jobs=${jobs}`, ...args.flatMap(testFiles), '--reporter=tap']
  const { code } = await run(process.execPath, tethered(node, tapArgs), { output: 'tether', env, onStart })
  const results = await report
  // tap can fail without a failed assertion: no test file, a crash, a file that ends too early.
  if (code !== 0 && results.failed === 0) results.failed = 1
  return results
}

/** tap takes files only; a folder stands for the tests in it. */
function testFiles(argument) {
  const folder = path.resolve(root, argument)
  if (argument.startsWith('-') || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [argument]
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  return files.sort().map((name) => path.join(argument, name))
}

/** tap has to be assembled with the plugins of .taprc before its first run, as it does not notice in time itself. */
async function buildTap(node, tap) {
  const hash = hashOf('package-lock.json', '.taprc')
  if (readIfThere('node_modules', '.parley-tap') === hash) return
  const { code, text } = await run(node, [tap, 'build'], { output: 'collect' })
  if (code !== 0) throw new UserError(`Preparing tap failed:\n${text.trim()}`)
  writeFileSync(inRoot('node_modules', '.parley-tap'), hash)
}
