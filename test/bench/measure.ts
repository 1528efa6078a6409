import path from 'node:path'
import { withClient, withDatabase } from './database.ts'
import { fill } from './fill.ts'
import type { LifecycleOptions, LifecycleResult } from './lifecycle.ts'
import type { ClosedLoad, ClosedResult, Customers, Target } from './load.ts'
import { ParleyServer } from './parley-server.ts'
import { hasPgbench, measurePgbench } from './pgbench.ts'
import { acceptAll, measureAcknowledgement, measureNewChats, measurePush, type PushResult, type Stage, withoutTraces } from './phases.ts'
import type { Row } from './report.ts'
import { rowsOf } from './rows.ts'
import { Helper } from './rpc.ts'
import { setScene } from './scene.ts'
import { median } from './stats.ts'
import { startTelegramStub } from './telegram-stub.ts'

/** How much is measured. */
export interface Plan {
  /** Messages stored before, for one database each; the last is the largest. */
  sizes: [number, number]
  agents: number
  openChats: number
  newChats: number
  rounds: number
  blockSeconds: number
  steadySeconds: number
  /** Chats of one round of lifecycles. */
  lifecycles: number
}

export interface MeasureOptions {
  plan: Plan
  /** A PostgreSQL server in which databases may be made. */
  url: string
  folder: string
  profileDir: string | undefined
  stops: (() => Promise<unknown>)[]
  say(text: string): void
}

/** What was measured on one database; rates a second by round, times in milliseconds. */
export interface Measured {
  stored: number
  parley: number[]
  bare: number[]
  /** Empty without pgbench. */
  pgbench: number[]
  newChats: { perSecond: number; offeredSeconds: number }
  acceptsPerSecond: number
  /** `bare`: the bare handler's p99 at the same rate. */
  acknowledgement: { rate: number; p50: number; p99: number; bareP99: number }
  push: PushResult
  lifecycle: LifecycleResult
}

/** Connections of providers; those to the database are as many as Parley's pool has. */
const connections = 50
const poolSize = 20
/** Messages a second at which the way to the agents is measured. */
const pushRate = 200

/** The whole run; both databases take turns, so that what else the machine does meets both. */
export async function measure(options: MeasureOptions): Promise<Row[]> {
  const { plan, stops, say } = options
  const [load, watchers, lifecycle] = ['load.ts', 'watchers.ts', 'lifecycle.ts'].map((file) => new Helper(file)) as [Helper, Helper, Helper]
  stops.push(() => Promise.all([load, watchers, lifecycle].map((helper) => helper.stop())))
  const telegram = await startTelegramStub()
  stops.push(() => telegram.stop())
  const stages: (Stage & { measured: Measured })[] = []
  for (const stored of plan.sizes) {
    say(`Storing ${stored} messages`)
    const stage = await prepare(options, stored, telegram.url, load, watchers)
    stages.push({ ...stage, measured: empty(stored) })
  }
  for (const stage of stages) {
    say(`New chats, over ${stage.stored} messages`)
    const customers = { first: 800_000_000, count: plan.newChats }
    stage.measured.newChats = await measureNewChats(stage, customers)
    stage.measured.acceptsPerSecond = await acceptAll(stage, customers)
  }
  const bare = await startBare(options, stages)
  await measureOpenChats(options, stages, bare)
  for (const stage of stages) {
    say(`Acknowledgement and push, over ${stage.stored} messages`)
    const rate = median(stage.measured.parley) / 2
    const { p50, p99 } = await measureAcknowledgement(stage, stage.scene.target, rate, plan.steadySeconds)
    const bareP99 = (await measureAcknowledgement(stage, bare.get(stage) ?? stage.scene.target, rate, plan.steadySeconds)).p99
    stage.measured.acknowledgement = { rate, p50, p99, bareP99 }
    stage.measured.push = await measurePush(stage, pushRate, plan.steadySeconds)
  }
  for (const stage of stages) await stage.server.stop()
  for (const stage of stages) {
    say(`Lifecycles, over ${stage.stored} messages`)
    stage.measured.lifecycle = await lifecycle.ask<LifecycleResult>('run', {
      url: stage.url,
      dataDir: path.join(options.folder, 'lifecycle'),
      channelId: stage.scene.channelId,
      agentIds: stage.scene.agents.map(({ id }) => id),
      rounds: plan.rounds,
      chats: plan.lifecycles,
    } satisfies LifecycleOptions)
  }
  say('One engine step')
  const engine = await lifecycle.ask<{ rawMs: number; parleyMs: number }>('engine')
  return rowsOf(
    stages.map(({ measured }) => measured),
    engine,
  )
}

const empty = (stored: number): Measured => ({
  stored,
  parley: [],
  bare: [],
  pgbench: [],
  newChats: { perSecond: Number.NaN, offeredSeconds: Number.NaN },
  acceptsPerSecond: Number.NaN,
  acknowledgement: { rate: Number.NaN, p50: Number.NaN, p99: Number.NaN, bareP99: Number.NaN },
  push: { p50: Number.NaN, p99: Number.NaN, acknowledgedP99: Number.NaN },
  lifecycle: { rawMs: [], hostMs: [], hostPerSecond: [] },
})

/** A database with past work and open chats, and Parley on it. */
async function prepare(
  { plan, url, folder, profileDir, stops }: MeasureOptions,
  stored: number,
  telegramUrl: string,
  load: Helper,
  watchers: Helper,
): Promise<Stage> {
  const name = `bench_${stored}`
  await withClient(url, (client) => client.query(`create database ${name}`))
  const databaseUrl = withDatabase(url, name)
  const server = await ParleyServer.start({ databaseUrl, dataDir: path.join(folder, name), profileDir })
  stops.push(() => server.stop())
  const scene = await setScene(server, databaseUrl, plan.agents, telegramUrl)
  const agentIds = scene.agents.map(({ id }) => id)
  await withClient(databaseUrl, (client) =>
    fill(client, { messages: stored, channelId: scene.channelId, queueId: scene.queueId, agentIds }),
  )
  const customers = { first: 700_000_000, count: plan.openChats }
  const stage = { stored, url: databaseUrl, server, scene, load, watchers, customers }
  await measureNewChats(stage, customers)
  await acceptAll(stage, customers)
  return stage
}

/** The bare handler on each database. */
async function startBare({ stops }: MeasureOptions, stages: Stage[]): Promise<Map<Stage, Target>> {
  const targets = new Map<Stage, Target>()
  for (const stage of stages) {
    const helper = new Helper('bare.ts')
    stops.push(() => helper.stop())
    const port = await helper.ask<number>('start', { url: stage.url, channelId: stage.scene.channelId, poolSize })
    targets.set(stage, { port, path: '/', secret: '' })
  }
  return targets
}

/** Inbound messages on open chats: Parley, the bare handler and pgbench take turns. */
async function measureOpenChats(
  { plan, say }: MeasureOptions,
  stages: (Stage & { measured: Measured })[],
  bare: Map<Stage, Target>,
): Promise<void> {
  const withPgbench = await hasPgbench()
  if (!withPgbench) say('No pgbench on the PATH: left out')
  for (let round = 0; round <= plan.rounds; round++) {
    // The first round only warms up: code is compiled, connections are opened, statements prepared.
    const seconds = round === 0 ? 1 : plan.blockSeconds
    for (const stage of stages) {
      say(`Messages on open chats, over ${stage.stored} messages, round ${round === 0 ? '0 (warm-up)' : round}`)
      const { measured, scene, customers } = stage
      const results = await oneRound(stage, bare.get(stage) ?? scene.target, customers, seconds, withPgbench)
      if (round === 0) continue
      measured.parley.push(results.parley)
      measured.bare.push(results.bare)
      if (results.pgbench !== null) measured.pgbench.push(results.pgbench)
    }
  }
}

async function oneRound(stage: Stage, bare: Target, customers: Customers, seconds: number, withPgbench: boolean) {
  const { url, scene, load } = stage
  const block = (target: Target) =>
    withoutTraces(url, () => load.ask<ClosedResult>('closed', { target, customers, connections, seconds } satisfies ClosedLoad))
  const parley = (await block(scene.target)).perSecond
  return {
    parley,
    bare: (await block(bare)).perSecond,
    pgbench: withPgbench
      ? await withoutTraces(url, () => measurePgbench({ url, channelId: scene.channelId, customers, connections: poolSize, seconds }))
      : null,
  }
}
