import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { hashToken } from '../../src/modules/agents/secret-tokens.ts'
import { withClient } from './database.ts'
import type { Target } from './load.ts'

/** The secret that Telegram would send with each update. */
export const telegramSecret = 'a-secret-of-the-bench'

/** Where a Parley listens. */
export interface ServerAddress {
  /** Without a trailing slash. */
  readonly url: string
  readonly port: number
}

export interface Scene {
  channelId: string
  queueId: string
  agents: { id: string; cookie: string }[]
  target: Target
}

/** A session without its login: argon2 is made to be slow, and logging in is not what is measured. */
async function addSession(client: pg.Client, agentId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await client.query(
    `insert into sessions (token_hash, agent_id, created_at, last_seen_at, expires_at) values ($1, $2, now(), now(), now() + interval '1 day')`,
    [hashToken(token), agentId],
  )
  return `parley_session=${token}`
}

/** Agents who are logged in and active, members of the seeded queue as everybody is, and a Telegram channel of that queue. */
export async function setScene(server: ServerAddress, databaseUrl: string, agentCount: number, telegramUrl: string): Promise<Scene> {
  return withClient(databaseUrl, async (client) => {
    const admin = await client.query<{ id: string }>(`select id from agents where role = 'admin' limit 1`)
    const queue = await client.query<{ id: string }>('select id from queues order by id limit 1')
    const queueId = String(queue.rows[0]?.id)
    const agents = []
    for (let number = 1; number <= agentCount; number++) {
      const { rows } = await client.query<{ id: string }>(
        `with agent as (insert into agents (name, email, role, status, created_at) values ($1, $2, 'agent', 'active', now()) returning id)
         insert into agent_status_periods (agent_id, status, cause, started_at) select id, 'active', 'agent', now() from agent returning agent_id as id`,
        [`Agent ${number}`, `agent-${number}@example.com`],
      )
      const id = String(rows[0]?.id)
      agents.push({ id, cookie: await addSession(client, id) })
    }
    const channel = await call<{ id: string }>(server, await addSession(client, String(admin.rows[0]?.id)), 'POST', '/api/channels', {
      kind: 'telegram',
      name: 'Bench',
      queueId,
      config: { token: '1:bench', secretToken: telegramSecret, apiBaseUrl: telegramUrl },
    })
    const target = { port: server.port, path: `/webhooks/telegram/${channel.id}`, secret: telegramSecret }
    return { channelId: channel.id, queueId, agents, target }
  })
}

/** One call of the API. @throws Error unless it succeeds */
export async function call<T>(server: ServerAddress, cookie: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return (response.status === 204 ? null : await response.json()) as T
}
