import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The folder of the clone, wherever that lies and whatever folder the command was given in. */
export const root = path.resolve(import.meta.dirname, '../..')

/** A path inside the clone. */
export const inRoot = (...parts) => path.join(root, ...parts)

/** Tells what is going on, on standard error, so that a command's own output stays clean. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** A hash of the names and contents of files and folders (relative to the clone); what is missing counts as such. */
export function hashOf(...names) {
  const hash = createHash('sha256')
  for (const name of names) addToHash(hash, name)
  return hash.digest('hex')
}

function addToHash(hash, name) {
  const file = inRoot(name)
  hash.update(`${name}\0`)
  if (!existsSync(file)) return
  const entries = readFolder(file)
  if (!entries) hash.update(readFileSync(file)).update('\0')
  else for (const entry of entries.sort()) addToHash(hash, path.join(name, entry))
}

/** The names in a folder; undefined when it is no folder. */
function readFolder(file) {
  try {
    return readdirSync(file)
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined
    throw error
  }
}

/** The text of a file in the clone; undefined when there is none. */
export function readIfThere(...parts) {
  const file = inRoot(...parts)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
