/** Everything a process can hear; the names are BPMN message names and part of the API. */
export const chatEvents = {
  'chat.created': 'A chat was created',
  'chat.assigned': 'A chat got an owner',
  'chat.completed': 'A chat was completed',
  'chat.transferred': 'A chat was transferred',
  'chat.overdue': 'The response to the customer is overdue',
  'chat.contact_linked': 'A chat was linked to another contact',
  'chat.idle': 'Nobody wrote for a while',
  'agent.accepted': 'An agent wants to accept the chat',
  'agent.declined': 'An agent declined the offer',
  'agent.completed': 'An agent wants to complete the chat',
  'agent.transferred': 'An agent wants to transfer the chat',
  'message.received': 'The customer wrote',
  'message.sent': 'A message was accepted by the provider',
  'message.delivered': 'A message was delivered',
  'message.read': 'A message was read',
  'message.failed': 'A message could not be delivered',
  'offer.expired': 'No agent accepted the offer in time',
  'capacity.freed': 'An agent can take another chat',
  'case.created': 'A case was created',
  'agent.status_changed': 'An agent became active or inactive',
} as const

export type ChatEventName = keyof typeof chatEvents

export const chatEventNames = Object.keys(chatEvents) as ChatEventName[]

/** Something that happened to, or is asked of, one chat. Payload values are JSON. */
export interface ChatEvent {
  chatId: string
  name: ChatEventName | (string & {})
  payload: Record<string, unknown>
  /** The agent who caused it. */
  agentId: string | null
}
