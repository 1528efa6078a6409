import { existsSync, writeFileSync } from 'node:fs'
import { UserError } from './problems.mjs'
import { run } from './processes.mjs'
import { hashOf, inRoot, readIfThere, say } from './project.mjs'

const config = 'src/web/vite.config.ts'
const sources = ['src/web', 'src/contracts', 'package-lock.json', 'tsconfig.json']

/** Builds the web app into dist/web unless what is there was made from the same sources. Throws UserError with Vite's words. */
export async function ensureWebBuilt(node) {
  if (!existsSync(inRoot(config))) {
    say(`There is no ${config}: the web app is not built.`)
    return
  }
  const hash = hashOf(...sources)
  if (readIfThere('dist', 'web', '.stamp') === hash) return
  say('Building the web app …')
  const { code, text } = await run(node, ['node_modules/vite/bin/vite.js', 'build', '--config', config, '--logLevel', 'warn'], {
    output: 'collect',
  })
  if (code !== 0) throw new UserError(`Building the web app failed:\n${text.trim()}`)
  if (!existsSync(inRoot('dist', 'web', 'index.html'))) throw new UserError('Building the web app made no dist/web/index.html.')
  writeFileSync(inRoot('dist', 'web', '.stamp'), hash)
}
