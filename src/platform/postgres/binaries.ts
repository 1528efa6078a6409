import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/**
 * Finds the PostgreSQL programs that npm installed for this operating system and processor.
 * Throws `binaries_missing` where there are none.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  // The platform package is a dependency of embedded-postgres, so it is looked for from there.
  const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  let entry: string
  try {
    entry = parent.resolve(name)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'binaries_missing',
      `The embedded PostgreSQL is not installed for this machine (${name}). Run npm ci, or set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    )
  }
  const folder = path.resolve(path.dirname(entry), '..', 'native', 'bin')
  const binaries = { initdb: path.join(folder, 'initdb'), postgres: path.join(folder, 'postgres') }
  for (const file of Object.values(binaries)) {
    if (!existsSync(file)) throw new EmbeddedPostgresError('binaries_missing', `${file} is missing. Run npm ci again.`)
  }
  return binaries
}
