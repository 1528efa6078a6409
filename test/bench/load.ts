// The load generator: customers who write through Telegram's webhook, in a process of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpLane } from './http-lane.ts'
import { serve } from './rpc.ts'
import { percentile } from './stats.ts'

/** Where to post, and the secret that Telegram would send along. */
export interface Target {
  port: number
  path: string
  secret: string
}

/** Telegram ids of customers, from `first` on. */
export interface Customers {
  first: number
  count: number
}

export interface ClosedLoad {
  target: Target
  customers: Customers
  connections: number
  seconds: number
}

export interface OpenLoad {
  target: Target
  customers: Customers
  connections: number
  /** Messages a second, at even distances whatever the server does. */
  rate: number
  seconds: number
  /** Whether to answer with each message's times. */
  keepTimes: boolean
}

export interface ClosedResult {
  perSecond: number
  p50: number
  p99: number
}

export interface OpenResult {
  p50: number
  p99: number
  perSecond: number
  /** By the number in the message's text: when it was answered, in nanoseconds of the clock all processes share. */
  answered: Record<string, string>
}

/** Unique among runs against one database: Telegram counts messages of a chat, and a repeated id would be a duplicate. */
let counter = Date.now() * 100

const words = 'my order has not arrived yet could you please tell me when it will be here thank you'

function updateOf(customer: number): { number: number; body: string } {
  const number = counter++
  const from = { id: customer, is_bot: false, first_name: 'Customer', last_name: String(customer), language_code: 'en' }
  const body = JSON.stringify({
    update_id: number,
    message: {
      message_id: number,
      from,
      chat: { id: customer, first_name: from.first_name, last_name: from.last_name, type: 'private' },
      date: Math.floor(Date.now() / 1000),
      text: `${number} ${words}`,
    },
  })
  return { number, body }
}

function requestOf(target: Target, body: string): string {
  return `POST ${target.path} HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\ncontent-type: application/json\r\nx-telegram-bot-api-secret-token: ${target.secret}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function write(lane: HttpLane, target: Target, customer: number): Promise<number> {
  const { number, body } = updateOf(customer)
  const status = await lane.send(requestOf(target, body))
  if (status !== 200) throw new Error(`The webhook answered ${status}`)
  return number
}

async function withLanes<T>(target: Target, connections: number, use: (lanes: HttpLane[]) => Promise<T>): Promise<T> {
  const lanes = await Promise.all(Array.from({ length: connections }, () => HttpLane.open(target.port)))
  try {
    return await use(lanes)
  } finally {
    for (const lane of lanes) lane.close()
  }
}

/** Every connection sends its next message as soon as the last one is answered. */
async function closed({ target, customers, connections, seconds }: ClosedLoad): Promise<ClosedResult> {
  return withLanes(target, connections, async (lanes) => {
    const latencies: number[] = []
    const begun = performance.now()
    const until = begun + seconds * 1000
    let turn = 0
    await Promise.all(
      lanes.map(async (lane) => {
        for (let sent = performance.now(); sent < until; ) {
          await write(lane, target, customers.first + (turn++ % customers.count))
          const answered = performance.now()
          latencies.push(answered - sent)
          sent = answered
        }
      }),
    )
    const perSecond = latencies.length / ((performance.now() - begun) / 1000)
    return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }
  })
}

/** Each customer writes once, as fast as the connections allow. */
async function once({ target, customers, connections }: Omit<ClosedLoad, 'seconds'>): Promise<{ seconds: number }> {
  return withLanes(target, connections, async (lanes) => {
    const begun = performance.now()
    let next = 0
    await Promise.all(
      lanes.map(async (lane) => {
        while (next < customers.count) await write(lane, target, customers.first + next++)
      }),
    )
    return { seconds: (performance.now() - begun) / 1000 }
  })
}

/** Sends at even distances; a latency counts from when the message was due, so that a stalled server cannot hide it. */
async function open({ target, customers, connections, rate, seconds, keepTimes }: OpenLoad): Promise<OpenResult> {
  return withLanes(target, connections, async (lanes) => {
    const free = [...lanes]
    const waiting: (() => void)[] = []
    const latencies: number[] = []
    const answered: Record<string, string> = {}
    const total = Math.round(rate * seconds)
    const begun = performance.now()
    const send = async (index: number): Promise<void> => {
      const due = begun + (index * 1000) / rate
      let lane = free.pop()
      while (!lane) {
        await new Promise<void>((resolve) => waiting.push(resolve))
        lane = free.pop()
      }
      const number = await write(lane, target, customers.first + (index % customers.count))
      if (keepTimes) answered[number] = process.hrtime.bigint().toString()
      latencies.push(performance.now() - due)
      free.push(lane)
      waiting.shift()?.()
    }
    const sent: Promise<void>[] = []
    while (sent.length < total) {
      const due = Math.min(total, Math.floor(((performance.now() - begun) * rate) / 1000) + 1)
      while (sent.length < due) sent.push(send(sent.length))
      await sleep(1)
    }
    await Promise.all(sent)
    const perSecond = total / ((performance.now() - begun) / 1000)
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), perSecond, answered }
  })
}

serve({ closed, once, open })
