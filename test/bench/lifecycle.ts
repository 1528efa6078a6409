// Runs chats through the process host, without HTTP, beside raw bpmn-engine on the same diagram.
import { randomUUID } from 'node:crypto'
import { type Container, createContainer } from '../../src/container.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { readConfig } from '../../src/platform/config.ts'
import { createLogger } from '../../src/platform/log.ts'
import { measureEngineStep } from './engine-step.ts'
import { createRawLifecycle, type LifecycleTimes } from './raw-lifecycle.ts'
import { serve } from './rpc.ts'
import { median } from './stats.ts'

export interface LifecycleOptions {
  url: string
  dataDir: string
  channelId: string
  agentIds: string[]
  rounds: number
  /** Chats of one round, one after the other; three times as many run at once. */
  chats: number
}

export interface LifecycleResult {
  /** Milliseconds of a step (accept or complete), the median of each round. */
  rawMs: number[]
  hostMs: number[]
  /** Steps a second of eight chats at a time: start, accept, complete. */
  hostPerSecond: number[]
}

const atOnce = 8

async function newChat(container: Container, channelId: string): Promise<string> {
  const id = randomUUID()
  const [row] = await container.database.query<{ chat_id: string }>(
    'receive_message',
    'select chat_id from receive_message($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [channelId, ['telegram'], [id], { name: 'Customer', phone: null, language: 'en' }, id, 'Hello', null, null, new Date()],
  )
  if (!row) throw new Error('receive_message answered nothing')
  return row.chat_id
}

/** The three steps of one chat: it is created, accepted and completed. */
async function runChat(container: Container, chatId: string, agentId: string): Promise<LifecycleTimes> {
  const { host } = container
  await host.advance(chatId)
  const timed = async (name: string): Promise<number> => {
    const begun = performance.now()
    await host.request({ chatId, name, payload: { chatId, agentId }, agentId }, async () => undefined)
    return performance.now() - begun
  }
  return { accept: await timed('agent.accepted'), complete: await timed('agent.completed') }
}

async function oneByOne(count: number, run: (index: number) => Promise<LifecycleTimes>): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const { accept, complete } = await run(index)
    times.push(accept, complete)
  }
  return median(times)
}

async function stepsPerSecond(chatIds: string[], run: (chatId: string, index: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let index = next++; index < chatIds.length; index = next++) await run(chatIds[index] ?? '', index)
    }),
  )
  return (chatIds.length * 3) / ((performance.now() - begun) / 1000)
}

async function run({ url, dataDir, channelId, agentIds, rounds, chats }: LifecycleOptions): Promise<LifecycleResult> {
  const config = readConfig({ PARLEY_DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
  const container = await createContainer({ config, databaseUrl: url, log: createLogger('warn'), clock: systemClock, nodeId: randomUUID() })
  const agentOf = (index: number) => agentIds[index % agentIds.length] ?? ''
  const raw = await createRawLifecycle()
  const host = async (index: number) => runChat(container, await newChat(container, channelId), agentOf(index))
  const result: LifecycleResult = { rawMs: [], hostMs: [], hostPerSecond: [] }
  await oneByOne(10, raw)
  await oneByOne(10, host)
  for (let round = 0; round < rounds; round++) {
    result.rawMs.push(await oneByOne(chats, raw))
    result.hostMs.push(await oneByOne(chats, host))
    const ids = []
    for (let index = 0; index < chats * 3; index++) ids.push(await newChat(container, channelId))
    result.hostPerSecond.push(await stepsPerSecond(ids, (chatId, index) => runChat(container, chatId, agentOf(index))))
  }
  await container.close(5_000)
  return result
}

serve({ run, engine: () => measureEngineStep() })
