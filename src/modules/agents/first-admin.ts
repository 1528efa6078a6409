import type { ParleyDatabase } from '../../schema.ts'
import { audit } from '../settings/index.ts'
import { findLogin, hasOtherAdmin, insertAgent, lockAdministrators, updateAgent } from './agents.repo.ts'
import { generatePassword, hashPassword } from './passwords.ts'

/** What the environment says about the first administrator; null = not said. */
export interface FirstAdminWish {
  email: string | null
  password: string | null
}

export interface FirstAdmin {
  email: string
  /** To be shown once when it was generated; only its hash is stored. */
  password: string
  generated: boolean
}

/**
 * Makes an administrator when no enabled one is there; null when there is one. Nodes that start at once make one
 * together. An agent that has the email address already becomes that administrator.
 * @throws Error naming the variable when the wish cannot be met
 */
export async function ensureFirstAdmin(database: ParleyDatabase, wish: FirstAdminWish): Promise<FirstAdmin | null> {
  if (await hasOtherAdmin(database.db, null)) return null
  if (wish.password !== null && wish.password.length < 8) throw new Error('PARLEY_ADMIN_PASSWORD must have at least 8 characters.')
  if (wish.email !== null && !/^[^\s@]+@[^\s@]+$/.test(wish.email))
    throw new Error(`PARLEY_ADMIN_EMAIL must be an email address, not "${wish.email}".`)
  const email = wish.email ?? 'admin@parley.local'
  const password = wish.password ?? generatePassword()
  const passwordHash = await hashPassword(password)
  return database.transaction(async (work) => {
    await lockAdministrators(work.trx)
    if (await hasOtherAdmin(work.trx, null)) return null
    const known = await findLogin(work.trx, email)
    const fresh = { name: 'Administrator', email, passwordHash, role: 'admin' as const, language: 'en', maxChats: 0, disabled: false }
    if (known) await updateAgent(work.trx, known.id, { role: 'admin', disabled: false, password_hash: passwordHash })
    const id = known?.id ?? (await insertAgent(work.trx, fresh, work.now))
    await audit(work, null, 'agent.created', `agent:${id}`, { email, role: 'admin' })
    return { email, password, generated: wish.password === null }
  })
}
