import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

/** Runs the command as `npm run process:lint` does. */
function lint(...files: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/run.mjs', 'process:lint', ...files], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

t.test('the shipped processes fit the tasks there really are', async (t) => {
  t.match(await lint(), { code: 0, stdout: /^\d+ checked, 0 errors, 0 warnings\n$/ })
})

t.test('a wrong diagram is told by file, line and element', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-lint-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'wrong.bpmn')
  const lifecycle = await readFile(path.join(root, 'processes/chat_lifecycle.bpmn'), 'utf8')
  await writeFile(file, lifecycle.replace('type="chat.assign"', 'type="chat.asign"'))
  await cp(path.join(root, 'processes/request_callback.bpmn'), path.join(folder, 'without-its-form.bpmn'))
  const outcome = await lint(folder)
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, /wrong\.bpmn:\d+:\d+ error \S+ \w+ .*chat\.asign/)
  t.match(outcome.stdout, /without-its-form\.bpmn:\d+:\d+ \w+ \S+ .*request_callback/)
  t.match(await lint(path.join(folder, 'absent.bpmn')), { code: 2, stderr: /absent\.bpmn/ })
})
