import type { Kysely } from 'kysely'
import type { CompiledDefinition } from '../../engine/index.ts'
import { AppError } from '../../platform/errors.ts'
import type { Schema } from '../../schema.ts'
import { findVersion } from './definitions.repo.ts'
import type { RunnableVersion } from './step.ts'

const capacity = 500

/** Versions are immutable, so they are kept in memory; the least recently used goes first. */
export class VersionCache {
  readonly #versions = new Map<string, RunnableVersion>()

  /** @throws AppError 404 when the version does not exist */
  async get(db: Kysely<Schema>, key: string, version: number): Promise<RunnableVersion> {
    const id = `${key}@${version}`
    let found = this.#versions.get(id)
    if (found) this.#versions.delete(id)
    else {
      const row = await findVersion(db, key, version)
      if (!row) throw new AppError('NOT_FOUND', 404, `Process ${key} has no version ${version}.`)
      found = { key, version, checksum: row.checksum, compiled: row.compiled as unknown as CompiledDefinition }
    }
    this.#versions.set(id, found)
    const oldest = this.#versions.size > capacity ? this.#versions.keys().next().value : undefined
    if (oldest !== undefined) this.#versions.delete(oldest)
    return found
  }
}
