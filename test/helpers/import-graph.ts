import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'
import { parseSync } from 'vite'

const root = path.resolve(import.meta.dirname, '../..')

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

export interface SourceFile {
  /** Path from the clone's folder. */
  name: string
  text: string
}

/** Every source file of these folders. */
export async function readSources(...folders: string[]): Promise<SourceFile[]> {
  const names = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(path.join(root, folder), { recursive: true })
      return entries.filter((entry) => /\.tsx?$/.test(entry) && !entry.endsWith('.d.ts')).map((entry) => path.join(folder, entry))
    }),
  )
  return Promise.all(names.flat().map(async (name) => ({ name, text: await readFile(path.join(root, name), 'utf8') })))
}

/** What a file imports; without `types` only what is imported when it runs. */
export function importsOf({ name, text }: SourceFile, types: boolean): string[] {
  const { module, errors } = parseSync(name, text)
  if (errors.length > 0) throw new Error(`${name} cannot be parsed: ${errors[0]?.message}`)
  const found = new Set<string>()
  for (const { moduleRequest, entries } of module.staticImports) {
    if (types || entries.length === 0 || entries.some((entry) => !entry.isType)) found.add(moduleRequest.value)
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest && (types || !isType)) found.add(moduleRequest.value)
  }
  for (const { moduleRequest } of module.dynamicImports) found.add(unquote(text.slice(moduleRequest.start, moduleRequest.end)))
  return [...found]
}

/** `import(…)` of anything but a text literal could hide what is imported. */
function unquote(literal: string): string {
  if (!/^(['"])[^'"\\]*\1$/.test(literal)) throw new Error(`import(${literal}): only a plain text can be checked`)
  return literal.slice(1, -1)
}

/**
 * Checks rules on the imports of source files, and answers each violation as a line. dependency-cruiser reads no
 * TypeScript without TypeScript's own programming interface, which version 7 has not: it gets files with nothing but
 * the imports, of the same names ending in .js.
 */
export async function findViolations(
  t: WithTeardown,
  sources: readonly SourceFile[],
  rules: IForbiddenRuleType[],
  { types }: { types: boolean },
): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-imports-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(path.join(root, 'package.json'), path.join(folder, 'package.json'))
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  for (const source of sources) {
    const imports = importsOf(source, types).filter((specifier) => !specifier.endsWith('.css'))
    const lines = imports.map((specifier) => `import ${JSON.stringify(asJavaScript(specifier))}`)
    const file = path.join(folder, asJavaScript(`./${source.name}`))
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, `${lines.join('\n')}\n`)
  }
  const files = [...new Set(sources.map(({ name }) => name.split(path.sep)[0] ?? name))]
  const { output } = await cruise(files, {
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: rules },
    doNotFollow: { path: 'node_modules' },
    preserveSymlinks: true,
    moduleSystems: ['es6'],
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  })
  const { summary } = output as ICruiseResult
  if (summary.totalCruised < sources.length) throw new Error(`Only ${summary.totalCruised} of ${sources.length} files were looked at`)
  return summary.violations.map(({ rule, from, to, cycle }) => {
    const around = cycle ? ` (${cycle.map((step) => step.name).join(' → ')})` : ''
    return `${rule.name}: ${from} → ${to}${around}`
  })
}

function asJavaScript(specifier: string): string {
  return specifier.startsWith('.') ? specifier.replace(/\.tsx?$/, '.js') : specifier
}
