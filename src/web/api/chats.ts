import type {
  Chat,
  ChatEnvelope,
  ChatPatch,
  DraftPut,
  Inbox,
  Message,
  MessageEnvelope,
  MessageListQuery,
  MessageSend,
  Transfer,
  TransferResult,
  TransferTargets,
} from '../../contracts/chats.ts'
import { request } from './client.ts'

const chatPath = (chatId: string, rest = '') => `/api/chats/${encodeURIComponent(chatId)}${rest}`
const withSignal = (signal?: AbortSignal) => (signal ? { signal } : {})

/** The agent's two areas. */
export function fetchInbox(signal?: AbortSignal): Promise<Inbox> {
  return request('GET', '/api/inbox', withSignal(signal))
}

/** @throws ApiError 404 when the chat does not exist or is not visible to the agent. */
export async function fetchChat(chatId: string, signal?: AbortSignal): Promise<Chat> {
  return (await request<ChatEnvelope>('GET', chatPath(chatId), withSignal(signal))).chat
}

/** Ascending by seq. */
export async function fetchMessages(chatId: string, query: MessageListQuery, signal?: AbortSignal): Promise<Message[]> {
  const page = await request<{ items: Message[] }>('GET', chatPath(chatId, '/messages'), { query, ...withSignal(signal) })
  return page.items
}

/** @throws ApiError 409 ALREADY_ACCEPTED (names the owner), NOT_WAITING, CHAT_COMPLETED. */
export async function acceptChat(chatId: string): Promise<Chat> {
  return (await request<ChatEnvelope>('POST', chatPath(chatId, '/accept'))).chat
}

/** @throws ApiError 403 NOT_OWNER, 409 CHAT_COMPLETED. */
export async function completeChat(chatId: string): Promise<Chat> {
  return (await request<ChatEnvelope>('POST', chatPath(chatId, '/complete'))).chat
}

/** Everything up to `seq` counts as read. */
export async function readChat(chatId: string, seq: number): Promise<Chat> {
  return (await request<ChatEnvelope>('POST', chatPath(chatId, '/read'), { body: { seq } })).chat
}

/** The same clientId again is the same message. */
export async function sendMessage(chatId: string, message: MessageSend): Promise<Message> {
  return (await request<MessageEnvelope>('POST', chatPath(chatId, '/messages'), { body: message })).message
}

/** Sends a failed message again. */
export async function retryMessage(messageId: string): Promise<Message> {
  return (await request<MessageEnvelope>('POST', `/api/messages/${encodeURIComponent(messageId)}/retry`)).message
}

/** An empty text without files clears the draft. */
export function putDraft(chatId: string, draft: DraftPut, keepalive = false): Promise<void> {
  return request('PUT', chatPath(chatId, '/draft'), { body: draft, keepalive })
}

/** Tags and priority. */
export async function patchChat(chatId: string, patch: ChatPatch): Promise<Chat> {
  return (await request<ChatEnvelope>('PATCH', chatPath(chatId), { body: patch })).chat
}

/** Agents and queues the chat may go to, without its present agent. */
export function fetchTransferTargets(chatId: string, signal?: AbortSignal): Promise<TransferTargets> {
  return request('GET', chatPath(chatId, '/transfer-targets'), withSignal(signal))
}

/** Completes the chat and goes on in a child chat. @throws ApiError 403 NOT_OWNER, 409 CHAT_COMPLETED. */
export function transferChat(chatId: string, transfer: Transfer): Promise<TransferResult> {
  return request('POST', chatPath(chatId, '/transfer'), { body: transfer })
}
