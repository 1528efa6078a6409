import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { requirements, type TestName } from './requirements.ts'

const root = path.resolve(import.meta.dirname, '../..')
const sources = new Map<string, Promise<string>>()

/** Whether the file calls something with this name first, as tests are declared; a name may go on with what is known at run time only. */
async function declares({ file, name }: TestName): Promise<boolean> {
  if (!existsSync(path.join(root, file))) return false
  const source = sources.get(file) ?? readFile(path.join(root, file), 'utf8')
  sources.set(file, source)
  const text = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`\\(\\s*(?:'${text}'|"${text}"|\`${text}(?:\`|\\$\\{))`).test(await source)
}

t.test('the check finds names that are not there', async (t) => {
  const file = 'test/reference/requirements.test.ts'
  t.ok(await declares({ file, name: 'the check finds names that are not there' }))
  t.notOk(await declares({ file, name: 'the check finds names' }), 'the whole name counts')
  t.notOk(await declares({ file: 'test/reference/none.test.ts', name: 'anything' }))
  t.ok(await declares({ file: 'test/integration/chats/main-job.test.ts', name: 'a customer writes, an agent answers, on ' }))
})

t.test('requirements are numbered in order', async (t) => {
  t.same(
    requirements.map(({ id }) => id),
    requirements.map((_, index) => `R${index + 1}`),
  )
})

for (const { id, requirement, tests } of requirements) {
  t.test(`${id} ${requirement}`, async (t) => {
    t.ok(tests.length > 0, 'there is a test')
    for (const test of tests) t.ok(await declares(test), `${test.file}: ${test.name}`)
  })
}
