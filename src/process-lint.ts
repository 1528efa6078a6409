import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { createInlineEngine, formatProblem, type Problem } from './engine/index.ts'
import { chatEventNames, hostProblems } from './modules/workflow/index.ts'
import { describeTasks } from './tasks.ts'

const shippedFolder = path.resolve(import.meta.dirname, '../processes')

/** The .bpmn files that are meant: files as they are, folders by what lies in them. */
async function bpmnFiles(names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      if (!(await stat(name)).isDirectory()) return [name]
      const files = (await readdir(name)).filter((file) => file.endsWith('.bpmn')).sort()
      return files.map((file) => path.join(name, file))
    }),
  )
  return found.flat()
}

/** Forms belong to a diagram when they lie beside it as `….form.json`; their ids are what user tasks may name. */
async function formIdsBeside(file: string): Promise<string[]> {
  const folder = path.dirname(file)
  const forms = (await readdir(folder)).filter((name) => name.endsWith('.form.json'))
  return Promise.all(
    forms.map(async (name) => {
      const form: unknown = JSON.parse(await readFile(path.join(folder, name), 'utf8'))
      return typeof form === 'object' && form !== null && 'id' in form ? String(form.id) : name
    }),
  )
}

/** Checks diagrams as an upload would. Answers the problems of each file by name. @throws Error for an unreadable file */
export async function lintProcesses(names: readonly string[]): Promise<Map<string, Problem[]>> {
  const engine = createInlineEngine()
  const tasks = describeTasks()
  const results = new Map<string, Problem[]>()
  for (const file of await bpmnFiles(names)) {
    const formIds = await formIdsBeside(file)
    const { definition, problems } = await engine.compile(await readFile(file, 'utf8'), { tasks, events: [...chatEventNames], formIds })
    results.set(file, [...problems, ...(definition ? hostProblems(definition) : [])])
  }
  await engine.close()
  return results
}

async function main(names: readonly string[]): Promise<number> {
  const results = await lintProcesses(names.length > 0 ? names : [path.relative('', shippedFolder)])
  const problems = [...results].flatMap(([file, found]) => found.map((problem) => ({ file, problem })))
  for (const { file, problem } of problems) process.stdout.write(`${formatProblem(problem, file)}\n`)
  const errors = problems.filter(({ problem }) => problem.severity === 'error').length
  process.stdout.write(`${results.size} checked, ${errors} errors, ${problems.length - errors} warnings\n`)
  return errors === 0 ? 0 : 1
}

if (import.meta.main) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 2
    },
  )
}
