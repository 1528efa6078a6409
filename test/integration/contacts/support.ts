import { randomUUID } from 'node:crypto'
import type { Chat, Contact } from '../../../src/contracts/index.ts'
import { customerWrites, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'

/** A name nobody else has. */
export const someone = (name: string): string => `${name} ${randomUUID().slice(0, 8)}`

/** A customer writes and the agent accepts. */
export async function openChat(parley: TestParley, agent: TestAgent, customer: string, text = 'Hello'): Promise<Chat> {
  await customerWrites(parley, customer, text)
  const tile = await agent.newItem(customer)
  const answer = await agent.accept(tile.id)
  if (answer.status !== 200) throw new Error(`Accepting answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body.chat
}

/** The contact's open chat, once there is one. */
export async function openChatOf(agent: TestAgent, contactId: string): Promise<{ id: string; number: number }> {
  return until(async () => {
    const { items } = await agent.ok<{ items: { id: string; number: number; status: string }[] }>('GET', `/api/contacts/${contactId}/chats`)
    return items.find((chat) => chat.status !== 'completed')
  })
}

export const addContact = (agent: TestAgent, fields: Record<string, unknown>): Promise<Contact> => agent.ok('POST', '/api/contacts', fields)

export const contactOf = (agent: TestAgent, id: string): Promise<Contact> => agent.ok('GET', `/api/contacts/${id}`)
