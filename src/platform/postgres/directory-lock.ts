import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export interface DirectoryLock {
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Takes the directory for this process. The lock is a file lock of the kernel (SQLite's, whose database stays
 * empty), so it ends with the process however that dies, and never has to be cleared by hand.
 * Throws `directory_in_use`, with the number of the process that has it, when it is taken.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const ownerFile = path.join(directory, 'owner.pid')
  const database = new DatabaseSync(path.join(directory, 'lock'), { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY)) throw cause
    throw new EmbeddedPostgresError(
      'directory_in_use',
      `The data directory ${directory} is in use by another Parley${ownerText(ownerFile)}.`,
      {
        cause,
      },
    )
  }
  writeFileSync(ownerFile, `${process.pid}\n`)
  return {
    release: () => {
      rmSync(ownerFile, { force: true })
      database.close()
    },
  }
}

function ownerText(ownerFile: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(ownerFile, 'utf8'), 10)})`
  } catch {
    return '' // the owner has the lock but has not written its number yet: the answer is right without it
  }
}
