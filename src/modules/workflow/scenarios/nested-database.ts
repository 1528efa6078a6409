import { CompiledQuery, type Transaction } from 'kysely'
import type { Clock } from '../../../platform/clock.ts'
import { Work } from '../../../platform/db/database.ts'
import type { ParleyDatabase, Schema } from '../../../schema.ts'

/**
 * A database inside one transaction: every transaction of it is a savepoint, one after the other, and its after-commit
 * effects run when the savepoint is released. Whoever opened the outer transaction takes everything back at its end.
 */
export function createNestedDatabase(trx: Transaction<Schema>, clock: Clock): ParleyDatabase {
  let last: Promise<unknown> = Promise.resolve()

  /** One connection has one stack of savepoints, so nothing may run between two of them. */
  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = last.then(action)
    last = result.catch(() => {
      // The caller of that turn has the error; the next one only waits for its end.
    })
    return result
  }

  async function underSavepoint<T>(action: () => Promise<T>): Promise<T> {
    const run = (statement: string) => trx.executeQuery(CompiledQuery.raw(statement))
    await run('savepoint nested')
    try {
      const result = await action()
      await run('release savepoint nested')
      return result
    } catch (error) {
      await run('rollback to savepoint nested')
      await run('release savepoint nested')
      throw error
    }
  }

  return {
    db: trx,
    async transaction(action) {
      const { result, effects } = await inTurn(async () => {
        const work = new Work<Schema>(trx, clock.now())
        return { result: await underSavepoint(() => action(work)), effects: work.effects }
      })
      for (const effect of effects) await effect()
      return result
    },
    async query(_name, text, values) {
      const result = await inTurn(() => underSavepoint(() => trx.executeQuery(CompiledQuery.raw(text, values))))
      return result.rows as never
    },
    close: async () => {
      // The outer transaction belongs to whoever opened it.
    },
  }
}
