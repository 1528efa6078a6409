#!/usr/bin/env node
// The way into every job of the project: npm start, npm test, npm run bench | build | process:lint.
// Plain JavaScript without dependencies for any Node from 20.19 on, since it is what installs everything else.
import { ensureInstalled } from './lib/install.mjs'
import { findNode } from './lib/node.mjs'
import { UserError } from './lib/problems.mjs'
import { runInForeground } from './lib/processes.mjs'
import { runTests } from './lib/tests.mjs'
import { ensureWebBuilt } from './lib/web.mjs'

/** Each job gets the arguments after its name and answers its exit code. */
const jobs = {
  start: async (args) => {
    const node = await prepare({ development: false })
    await ensureWebBuilt(node)
    return runInForeground(node, ['src/main.ts', ...args])
  },
  test: async (args) => {
    const node = await prepare({ development: true })
    const webProblem = await ensureWebBuilt(node).then(
      () => undefined,
      (error) => error,
    )
    return runTests({ node, args, webProblem })
  },
  bench: async (args) => runInForeground(await prepare({ development: true }), ['test/bench/main.ts', ...args]),
  build: async () => {
    await ensureWebBuilt(await prepare({ development: false }))
    return 0
  },
  'process:lint': async (args) => runInForeground(await prepare({ development: false }), ['src/process-lint.ts', ...args]),
}

async function prepare(options) {
  await ensureInstalled(options)
  return findNode()
}

const [name, ...args] = process.argv.slice(2)
try {
  const job = jobs[name]
  if (!job) throw new UserError(`Usage: node scripts/run.mjs ${Object.keys(jobs).join(' | ')} [arguments]`)
  process.exitCode = await job(args)
} catch (error) {
  // What the user can put right is told in a sentence; anything else is a bug and shows where it is.
  process.stderr.write(`${error instanceof UserError ? error.message : error.stack}\n`)
  process.exitCode = 1
}
