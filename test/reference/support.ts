import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Channel, Chat, ChatTile, Message, Queue } from '../../src/contracts/index.ts'
import { addAgent, type ParleyOptions, startParley, type TestAgent, type TestParley } from '../helpers/parley.ts'
import { sharedRedisSkip, sharedRedisUrl } from '../helpers/redis.ts'
import { until } from '../helpers/until.ts'

/** The same test with its jobs kept in PostgreSQL, and in Redis. */
export function onBothBackends(name: string, body: (t: Test, parley: TestParley) => Promise<void>, options: ParleyOptions = {}): void {
  t.test(`${name}, jobs in PostgreSQL`, async (t) => body(t, await startParley(t, options)))
  t.test(`${name}, jobs in Redis`, { skip: sharedRedisSkip }, async (t) =>
    body(t, await startParley(t, { ...options, redisUrl: await sharedRedisUrl(t) })),
  )
}

/** A queue of its own with its own agents and its own door for customers, so that tests share a server and nothing else. */
export class Desk {
  readonly parley: TestParley
  readonly queue: Queue
  readonly channel: Channel

  constructor(parley: TestParley, queue: Queue, channel: Channel) {
    this.parley = parley
    this.queue = queue
    this.channel = channel
  }

  /** Another agent of this desk, logged in and active unless told otherwise. */
  agent(name: string, fields: Record<string, unknown> = {}, status: 'active' | 'inactive' = 'active'): Promise<TestAgent> {
    return addAgent(this.parley, name, { queueIds: [this.queue.id], ...fields }, status)
  }

  customer(name = `Customer ${randomUUID().slice(0, 8)}`): Customer {
    return new Customer(this, name)
  }

  configure(fields: Record<string, unknown>): Promise<Queue> {
    return this.parley.admin.ok<Queue>('PATCH', `/api/queues/${this.queue.id}`, fields)
  }

  /** A customer has written and the agent has accepted. */
  async conversation(agent: TestAgent, firstText = 'Hello'): Promise<{ customer: Customer; chatId: string; chat: Chat }> {
    const customer = this.customer()
    await customer.writes(firstText)
    const { id } = await agent.newItem(customer.name)
    return { customer, chatId: id, chat: await accepts(agent, id) }
  }
}

export async function openDesk(parley: TestParley, fields: Record<string, unknown> = {}): Promise<Desk> {
  const name = `Desk ${randomUUID().slice(0, 8)}`
  const queue = await parley.admin.ok<Queue>('POST', '/api/queues', { name, ...fields })
  const channel = await parley.admin.ok<Channel>('POST', '/api/channels', { kind: 'simulator', name, queueId: queue.id, config: {} })
  return new Desk(parley, queue, channel)
}

/** Somebody who writes through the desk's Simulator channel. */
export class Customer {
  readonly name: string
  readonly #desk: Desk

  constructor(desk: Desk, name: string) {
    this.#desk = desk
    this.name = name
  }

  async writes(text: string): Promise<void> {
    const url = `/webhooks/simulator/${this.#desk.channel.id}`
    const payload = { from: this.name, name: this.name, text, messageId: randomUUID() }
    const response = await this.#desk.parley.app.inject({ method: 'POST', url, payload })
    if (response.statusCode !== 200) throw new Error(`The webhook answered ${response.statusCode}: ${response.body}`)
  }

  /** Waits until this customer got a message of this text. */
  gets(text: string): Promise<unknown> {
    const url = `/webhooks/simulator/${this.#desk.channel.id}/messages?from=${encodeURIComponent(this.name)}`
    return until(
      async () => {
        const { items } = (await this.#desk.parley.app.inject({ url })).json<{ items: { direction: string; text: string | null }[] }>()
        return items.find((item) => item.direction === 'outgoing' && item.text === text)
      },
      { message: `${this.name} to get "${text}"` },
    )
  }
}

export async function accepts(agent: TestAgent, chatId: string): Promise<Chat> {
  return (await agent.ok<{ chat: Chat }>('POST', `/api/chats/${chatId}/accept`)).chat
}

export async function completes(agent: TestAgent, chatId: string): Promise<Chat> {
  return (await agent.ok<{ chat: Chat }>('POST', `/api/chats/${chatId}/complete`)).chat
}

export interface Transferred {
  chat: Chat
  childChat: Chat
  warnings: string[]
}

export function transfers(
  agent: TestAgent,
  chatId: string,
  to: { agentId?: string; queueId?: string; note?: string },
): Promise<Transferred> {
  return agent.ok<Transferred>('POST', `/api/chats/${chatId}/transfer`, to)
}

/** Waits until the chat, as this agent sees it, fits. */
export function chatThat(agent: TestAgent, chatId: string, fits: (chat: Chat) => boolean, message: string): Promise<Chat> {
  return until(
    async () => {
      const chat = await agent.chat(chatId)
      return fits(chat) ? chat : undefined
    },
    { message, timeoutMs: 20_000 },
  )
}

/** Waits until a message of the chat fits. */
export function messageThat(agent: TestAgent, chatId: string, fits: (message: Message) => boolean, message: string): Promise<Message> {
  return until(async () => (await agent.messages(chatId)).find(fits), { message, timeoutMs: 20_000 })
}

/** The texts of the conversation in order, without Parley's own lines and notes. */
export async function textsOf(agent: TestAgent, chatId: string, query = ''): Promise<(string | null)[]> {
  const { items } = await agent.ok<{ items: Message[] }>('GET', `/api/chats/${chatId}/messages${query}`)
  return items.filter(({ direction }) => direction === 'incoming' || direction === 'outgoing').map(({ text }) => text)
}

/** In which area of the agent's inbox the chat is; null when in neither. */
export async function areaOf(agent: TestAgent, chatId: string): Promise<'New items' | 'In progress' | null> {
  const { newItems, inProgress } = await agent.inbox()
  const has = (tiles: ChatTile[]) => tiles.some(({ id }) => id === chatId)
  return has(newItems) ? 'New items' : has(inProgress) ? 'In progress' : null
}

/** The quick action of this process, run on the chat. */
export async function runsAction<T>(
  agent: TestAgent,
  chatId: string,
  processKey: string,
  inputs: Record<string, unknown> = {},
): Promise<T> {
  const action = (await agent.chat(chatId)).actions.find((candidate) => candidate.processKey === processKey)
  if (!action) throw new Error(`No action runs ${processKey}`)
  return agent.ok<T>('POST', `/api/chats/${chatId}/actions/${action.id}`, { inputs })
}

/** Changes a setting, and puts its value back at the end of the test. */
export async function withSetting(t: Pick<Test, 'teardown'>, parley: TestParley, code: string, value: unknown): Promise<void> {
  const { items } = await parley.admin.ok<{ items: { code: string; value: unknown }[] }>('GET', '/api/settings')
  const before = items.find((setting) => setting.code === code)?.value
  await parley.admin.ok('PUT', `/api/settings/${code}`, { value })
  t.teardown(() => parley.admin.ok('PUT', `/api/settings/${code}`, { value: before }))
}
