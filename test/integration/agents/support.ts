import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { pino } from 'pino'
import type { Agent, Role } from '../../../src/contracts/agents.ts'
import {
  type AgentField,
  type AgentService,
  agentRoutes,
  authenticate,
  createAgentService,
  type EndedSessions,
  SESSION_COOKIE,
  type StatusCause,
} from '../../../src/modules/agents/index.ts'
import { ManualClock } from '../../../src/platform/clock.ts'
import { createDatabase } from '../../../src/platform/db/database.ts'
import { idempotency, withIdempotency } from '../../../src/platform/http/idempotency.ts'
import { createHttpServer, type HttpServer } from '../../../src/platform/http/server.ts'
import type { ParleyDatabase, Schema } from '../../../src/schema.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

/** The part of a test that is needed here. */
interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

export const PASSWORD = 'correct horse'
/** The administrator whom `addAgent` makes first. */
export const ROOT_EMAIL = 'root@example.com'
export const MINUTE = 60_000

/** A small Parley: the agents' routes on a database of its own. */
export interface Parley {
  /** Of its database. */
  url: string
  app: HttpServer
  agents: AgentService
  database: ParleyDatabase
  clock: ManualClock
  /** What the hooks were told, in order. */
  told: {
    status: { id: string; status: string; cause: StatusCause }[]
    changed: { id: string; fields: readonly AgentField[] }[]
    ended: EndedSessions[]
  }
  /** An agent with the password PASSWORD. */
  addAgent(fields?: { role?: Role; email?: string; queueIds?: string[]; disabled?: boolean }): Promise<Agent>
  /** Headers of a new session. */
  logIn(agent: Pick<Agent, 'email'>): Promise<{ cookie: string }>
  /** An agent of that role, logged in. */
  as(role: Role): Promise<{ agent: Agent; headers: { cookie: string } }>
  addQueue(fields?: { all?: boolean }): Promise<string>
}

export interface ParleyOptions {
  publicUrl?: string
  /** Of a database that is there; else one is made. */
  url?: string
  /** Is told of each route. */
  onRoute?(method: string, url: string): void
  /** What the clock says first. */
  at?: Date
  /** Makes the status hook fail for some agents. */
  failStatusOf?(agent: Agent): boolean
  /** Adds routes. */
  routes?(app: HttpServer): void
}

export async function startParley(t: WithTeardown, options: ParleyOptions = {}): Promise<Parley> {
  const publicUrl = options.publicUrl ?? 'http://127.0.0.1:3000'
  const log = pino({ level: 'silent' })
  const clock = new ManualClock(options.at ?? new Date('2030-01-07T08:00:00Z'))
  const url = options.url ?? (await createTestDatabase(t)).url
  const database: ParleyDatabase = withIdempotency(createDatabase<Schema>({ url, clock, log, maxConnections: 10 }))
  const told: Parley['told'] = { status: [], changed: [], ended: [] }
  const agents = createAgentService({
    database,
    clock,
    log,
    hooks: {
      onStatusChanged: (_work, agent, cause) => {
        if (options.failStatusOf?.(agent)) throw new Error('The hook failed')
        told.status.push({ id: agent.id, status: agent.status, cause })
      },
      onAgentChanged: (_work, { id }, fields) => void told.changed.push({ id, fields }),
      onSessionsEnded: (ended) => void told.ended.push(ended),
    },
  })
  const app = createHttpServer({
    log,
    publicUrl,
    isReady: () => true,
    docs: { title: 'Parley', description: 'Test', version: '0', sessionCookie: SESSION_COOKIE },
  })
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) options.onRoute?.(one, url)
  })
  await app.register(authenticate, { agents, publicUrl })
  await app.register(idempotency, { database, clock, ownerOf: (request) => request.agentOrNull?.id ?? null })
  await app.register(agentRoutes({ agents, publicUrl }))
  options.routes?.(app)
  t.teardown(async () => {
    await app.close()
    await database.close()
  })

  const system = { name: '', email: '', role: 'admin' as const, language: 'en', queueIds: [], sessionId: null, tokenId: null }
  const addAgent: Parley['addAgent'] = async (fields = {}) => {
    const { role = 'agent', email = `${randomUUID()}@example.com`, ...rest } = fields
    // The record of the act needs an actor who exists.
    await agents.ensureFirstAdmin({ email: ROOT_EMAIL, password: PASSWORD })
    const root = await database.db.selectFrom('agents').select('id').where('email', '=', ROOT_EMAIL).executeTakeFirstOrThrow()
    return agents.createAgent({ ...system, id: root.id }, { name: `Agent ${email}`, email, password: PASSWORD, role, ...rest })
  }
  const logIn: Parley['logIn'] = async ({ email }) => {
    const { token } = await agents.logIn({ email, password: PASSWORD }, { address: '192.0.2.1', token: null })
    return { cookie: `${SESSION_COOKIE}=${token}` }
  }
  return {
    url,
    app,
    agents,
    database,
    clock,
    told,
    addAgent,
    logIn,
    async as(role) {
      const agent = await addAgent({ role })
      return { agent, headers: await logIn(agent) }
    },
    async addQueue({ all = false } = {}) {
      const row = await database.db
        .insertInto('queues')
        .values({ name: `Queue ${randomUUID()}`, all_agents: all, created_at: clock.now() })
        .returning('id')
        .executeTakeFirstOrThrow()
      return row.id
    },
  }
}

/** The session cookie that an answer sets, as a request header. */
export function cookieOf(answer: { cookies: { name: string; value: string }[] }): { cookie: string } {
  const cookie = answer.cookies.find(({ name }) => name === SESSION_COOKIE)
  if (!cookie) throw new Error('The answer sets no session cookie')
  return { cookie: `${cookie.name}=${cookie.value}` }
}

/**
 * Does several things truly at once: writes to the table `agents` are held up until as many transactions as there are
 * things wait, for that table or for each other.
 */
export async function atOnce<T>(parley: Parley, things: (() => Promise<T>)[]): Promise<PromiseSettledResult<T>[]> {
  const { promise: mayGo, resolve: go } = Promise.withResolvers<void>()
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
  const holder = parley.database.transaction(async (work) => {
    await sql`lock table agents in share row exclusive mode`.execute(work.trx)
    held()
    await mayGo
  })
  await isHeld
  const results = Promise.allSettled(things.map((thing) => thing()))
  try {
    await until(async () => (await waiting(parley)) === things.length, { message: `${things.length} transactions to wait` })
  } finally {
    go()
    await holder
  }
  return results
}

async function waiting({ database }: Parley): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
    database.db,
  )
  return rows[0]?.count ?? 0
}
