import { type Selectable, sql } from 'kysely'
import type { Account, NameListQuery } from '../../contracts/index.ts'
import { containing, fromCursor, toCursor } from '../../platform/db/keyset.ts'
import { notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, Schema } from '../../schema.ts'

/** Accounts: the companies that contacts belong to. */
export class AccountService {
  readonly #database: ParleyDatabase

  constructor(database: ParleyDatabase) {
    this.#database = database
  }

  /** A page by name. @throws AppError 400 for a cursor of another list */
  async list({ q = '', limit = 50, cursor }: NameListQuery): Promise<{ items: Account[]; nextCursor: string | null }> {
    const after = cursor === undefined ? null : fromCursor(cursor)
    const place = sql<string>`lower(name) collate "C"`
    const rows = await this.#database.db
      .selectFrom('accounts')
      .selectAll()
      .select(place.as('place'))
      .$if(q.trim() !== '', (query) => query.where(sql<string>`lower(name)`, 'like', containing(q.trim())))
      .$if(after !== null, (query) => query.where(sql<boolean>`(${place}, id) > (${after?.name}, ${after?.id}::bigint)`))
      .orderBy(place)
      .orderBy('id')
      .limit(limit + 1)
      .execute()
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    return {
      items: page.map(toAccount),
      nextCursor: rows.length > limit && last ? toCursor({ name: last.place, id: last.id }) : null,
    }
  }

  /** @throws AppError 404 NOT_FOUND */
  async get(id: string): Promise<Account> {
    const row = await this.#database.db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw notFound(`Account ${id}`)
    return toAccount(row)
  }

  async create(name: string): Promise<Account> {
    return this.#database.transaction(async (work) =>
      toAccount(
        await work.trx.insertInto('accounts').values({ name: name.trim(), created_at: work.now }).returningAll().executeTakeFirstOrThrow(),
      ),
    )
  }

  /** @throws AppError 404 NOT_FOUND */
  async rename(id: string, name: string): Promise<Account> {
    return this.#database.transaction(async (work) => {
      const row = await work.trx.updateTable('accounts').set({ name: name.trim() }).where('id', '=', id).returningAll().executeTakeFirst()
      if (!row) throw notFound(`Account ${id}`)
      return toAccount(row)
    })
  }
}

function toAccount(row: Selectable<Schema['accounts']>): Account {
  return { id: row.id, name: row.name, createdAt: row.created_at.toISOString() }
}
