import { randomUUID } from 'node:crypto'
import type { Channel, Message } from '../../../src/contracts/index.ts'
import { addAgent, startParley, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { type GraphEmulator, startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { startTelegramEmulator, type TelegramCustomer, type TelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { startTwilioEmulator, type TwilioEmulator } from '../../helpers/providers/twilio-emulator.ts'
import { until } from '../../helpers/until.ts'

/** The part of a test that is needed here. */
export interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

/** Where providers believe this server to be; webhooks are posted to where it listens. */
export const publicUrl = 'https://chat.example.org'

/** `worker` false: nothing is delivered, and no channel is checked but by the test. */
export const startListening = (t: WithTeardown, options: { worker?: boolean } = {}): Promise<TestParley> =>
  startParley(t, { listen: true, env: { PARLEY_PUBLIC_URL: publicUrl }, ...options })

/** A channel of the seeded queue. */
export async function addChannel(
  parley: TestParley,
  kind: string,
  config: Record<string, unknown>,
  fields: Record<string, unknown> = {},
): Promise<Channel> {
  return parley.admin.ok<Channel>('POST', '/api/channels', {
    kind,
    name: `${kind} ${randomUUID()}`,
    queueId: parley.queueId,
    config,
    ...fields,
  })
}

/** Where this server takes the channel's webhooks. */
export const hook = (parley: TestParley, channel: Channel): string => `${parley.url}/webhooks/${channel.kind}/${channel.id}`

export async function telegram(
  t: WithTeardown,
  parley: TestParley,
): Promise<{ emulator: TelegramEmulator; channel: Channel; url: string }> {
  const emulator = await startTelegramEmulator()
  t.teardown(() => emulator.close())
  const channel = await addChannel(parley, 'telegram', { token: emulator.token, apiBaseUrl: emulator.origin })
  return { emulator, channel, url: hook(parley, channel) }
}

export async function whatsapp(t: WithTeardown, parley: TestParley): Promise<{ emulator: GraphEmulator; channel: Channel; url: string }> {
  const emulator = await startGraphEmulator()
  t.teardown(() => emulator.close())
  const { phoneNumberId, token: accessToken, appSecret, verifyToken, origin: apiBaseUrl } = emulator
  const channel = await addChannel(parley, 'whatsapp', { phoneNumberId, accessToken, appSecret, verifyToken, apiBaseUrl })
  return { emulator, channel, url: hook(parley, channel) }
}

export async function messenger(t: WithTeardown, parley: TestParley): Promise<{ emulator: GraphEmulator; channel: Channel; url: string }> {
  const emulator = await startGraphEmulator()
  t.teardown(() => emulator.close())
  const { pageId, token: pageAccessToken, appSecret, verifyToken, origin: apiBaseUrl } = emulator
  const channel = await addChannel(parley, 'messenger', { pageId, pageAccessToken, appSecret, verifyToken, apiBaseUrl })
  return { emulator, channel, url: hook(parley, channel) }
}

export async function sms(t: WithTeardown, parley: TestParley): Promise<{ emulator: TwilioEmulator; channel: Channel; url: string }> {
  const emulator = await startTwilioEmulator({ publicOrigin: publicUrl })
  emulator.localOrigin = parley.url
  // Both clocks agree, as the provider's and ours do.
  emulator.setClock(Date.now())
  t.teardown(() => emulator.close())
  const { accountSid, authToken, origin: apiBaseUrl } = emulator
  const channel = await addChannel(parley, 'sms', { accountSid, authToken, from: '+15105550142', apiBaseUrl })
  return { emulator, channel, url: hook(parley, channel) }
}

export const olena: TelegramCustomer = { id: 6012345678, first_name: 'Olena', last_name: 'Koval', language_code: 'uk' }

/** The chat of a new customer, accepted by a new agent. */
export async function acceptedChat(parley: TestParley, contactName: string): Promise<{ agent: TestAgent; chatId: string }> {
  const agent = await addAgent(parley, 'Anna')
  const tile = await agent.newItem(contactName)
  const answer = await agent.accept(tile.id)
  if (answer.status !== 200) throw new Error(`Accepting answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return { agent, chatId: tile.id }
}

/** Waits until the message stands as `status`. */
export function message(agent: TestAgent, chatId: string, id: string, status: string): Promise<Message> {
  return until(async () => (await agent.messages(chatId)).find((candidate) => candidate.id === id && candidate.status === status), {
    message: `message ${id} to be ${status}`,
    timeoutMs: 20_000,
  })
}

export interface Attempt {
  part: number
  outcome: string | null
  code: string | null
  reason: string | null
}

export async function attempts(agent: TestAgent, messageId: string): Promise<Attempt[]> {
  return (await agent.ok<{ items: Attempt[] }>('GET', `/api/messages/${messageId}/attempts`)).items
}

/** What stands in a chat, without Parley's own lines about its course. */
export async function conversation(parley: TestParley, chatId: string): Promise<Array<[string, string | null]>> {
  const messages = await parley.admin.messages(chatId)
  return messages.filter(({ direction }) => direction !== 'system').map(({ direction, text }) => [direction, text])
}

/** Parley's own lines in a chat. */
export async function systemLines(parley: TestParley, chatId: string): Promise<string[]> {
  return (await parley.admin.messages(chatId)).filter(({ direction }) => direction === 'system').map(({ text }) => text ?? '')
}
