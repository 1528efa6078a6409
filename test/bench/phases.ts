import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from './database.ts'
import type { Customers, OpenLoad, OpenResult, Target } from './load.ts'
import type { ParleyServer } from './parley-server.ts'
import type { Helper } from './rpc.ts'
import { call, type Scene } from './scene.ts'
import { percentile } from './stats.ts'

/** One database with a Parley on it, and the processes that put work on it. */
export interface Stage {
  /** Messages stored before anything is measured. */
  stored: number
  url: string
  server: ParleyServer
  scene: Scene
  load: Helper
  watchers: Helper
  /** Customers whose chats are open and in progress. */
  customers: Customers
}

/** New customers each write once, with all agents' inboxes open; every chat runs through its lifecycle's start. */
export async function measureNewChats(stage: Stage, customers: Customers): Promise<{ perSecond: number; offeredSeconds: number }> {
  const { scene, server, load } = stage
  await stage.watchers.ask('connect', { port: server.port, cookies: scene.agents.map(({ cookie }) => cookie) })
  const result = await withClient(stage.url, async (client) => {
    const begun = performance.now()
    const writing = load.ask<{ seconds: number }>('once', { target: scene.target, customers, connections: 20 })
    const offered = `select count(distinct o.chat_id)::int as count from chat_offers o join chats c on c.id = o.chat_id
      join contact_identities i on i.contact_id = c.contact_id where o.state = 'open' and c.status = 'waiting' and i.namespace = 'telegram'
      and i.external_id = any (select g::text from generate_series($1::bigint, $2::bigint) g)`
    for (;;) {
      const { rows } = await client.query<{ count: number }>(offered, [customers.first, customers.first + customers.count - 1])
      if (rows[0]?.count === customers.count) break
      await sleep(20)
    }
    const offeredSeconds = (performance.now() - begun) / 1000
    return { perSecond: customers.count / (await writing).seconds, offeredSeconds }
  })
  await stage.watchers.ask('disconnect')
  return result
}

/** Every waiting chat of the customers gets an owner, by the API. Answers accepts a second. */
export async function acceptAll({ url, server, scene }: Stage, customers: Customers): Promise<number> {
  const chatIds = await withClient(url, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `select c.id from chats c join contact_identities i on i.contact_id = c.contact_id where i.namespace = 'telegram' and c.status = 'waiting'
         and i.external_id = any (select g::text from generate_series($1::bigint, $2::bigint) g) order by c.id`,
      [customers.first, customers.first + customers.count - 1],
    )
    return rows.map(({ id }) => id)
  })
  const begun = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let index = next++; index < chatIds.length; index = next++) {
        const agent = scene.agents[index % scene.agents.length]
        await call(server, agent?.cookie ?? '', 'POST', `/api/chats/${chatIds[index]}/accept`)
      }
    }),
  )
  return chatIds.length / ((performance.now() - begun) / 1000)
}

/** Takes away what `work` stored, so that each measurement begins with the same number of messages. */
export async function withoutTraces<T>(url: string, work: () => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ max: string }>('select coalesce(max(id), 0) as max from messages')
    const result = await work()
    await client.query('delete from messages where id > $1', [rows[0]?.max])
    await client.query('vacuum messages')
    await client.query('vacuum chats')
    return result
  })
}

/** How long the provider waits for the acknowledgement at this rate. */
export function measureAcknowledgement(stage: Stage, target: Target, rate: number, seconds: number): Promise<OpenResult> {
  const { customers, load } = stage
  const input: OpenLoad = { target, customers, connections: 50, rate, seconds, keepTimes: false }
  return withoutTraces(stage.url, () => load.ask<OpenResult>('open', input))
}

export interface PushResult {
  p50: number
  p99: number
  acknowledgedP99: number
}

/** From the webhook's answer, which follows the commit, to the frame at the chat's owner, in milliseconds. */
export async function measurePush(stage: Stage, rate: number, seconds: number): Promise<PushResult> {
  const { scene, server, customers, load, watchers } = stage
  await watchers.ask('connect', { port: server.port, cookies: scene.agents.map(({ cookie }) => cookie) })
  const input: OpenLoad = { target: scene.target, customers, connections: 50, rate, seconds, keepTimes: true }
  const latencies = await withoutTraces(stage.url, async () => {
    const { answered, p99 } = await load.ask<OpenResult>('open', input)
    const arrived = await allArrived(watchers, Object.keys(answered))
    // A frame may overtake its answer; it is then there at once.
    const pushed = Object.entries(answered).map(([number, at]) => Math.max(0, Number(BigInt(arrived[number] ?? 0) - BigInt(at)) / 1e6))
    return { pushed, p99 }
  })
  await watchers.ask('disconnect')
  return { p50: percentile(latencies.pushed, 0.5), p99: percentile(latencies.pushed, 0.99), acknowledgedP99: latencies.p99 }
}

async function allArrived(watchers: Helper, numbers: string[]): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (let attempt = 0; attempt < 100; attempt++) {
    Object.assign(all, (await watchers.ask<{ arrived: Record<string, string> }>('take')).arrived)
    if (numbers.every((number) => number in all)) return all
    await sleep(50)
  }
  throw new Error(`${numbers.filter((number) => !(number in all)).length} of ${numbers.length} messages never reached their agent`)
}
