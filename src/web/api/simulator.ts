import type { MessageFile, MessageStatus } from '../../contracts/chats.ts'
import type { Ref } from '../../contracts/common.ts'
import type { UploadedFile } from '../../contracts/files.ts'
import { request } from './client.ts'
import { uploadFile } from './files.ts'

/** A message as the simulated customer sees it: `incoming` is what the customer wrote. */
export interface SimulatorMessage {
  id: string
  direction: 'incoming' | 'outgoing'
  text: string | null
  at: string
  status: MessageStatus | null
  files: MessageFile[]
}

export interface SimulatorView {
  items: SimulatorMessage[]
  typing: boolean
}

export interface SimulatorPost {
  from: string
  name: string
  text: string
  fileIds: string[]
  /** The same id again is the same message. */
  messageId: string
}

/** Simulator channels that are open; needs no login. */
export async function fetchSimulatorChannels(signal?: AbortSignal): Promise<Ref[]> {
  return (await request<{ channels: Ref[] }>('GET', '/webhooks/simulator', signal ? { signal } : {})).channels
}

/** One customer's view of the conversation. */
export function fetchSimulatorView(channelId: string, from: string, signal?: AbortSignal): Promise<SimulatorView> {
  const options = signal ? { query: { from }, signal } : { query: { from } }
  return request('GET', `/webhooks/simulator/${encodeURIComponent(channelId)}/messages`, options)
}

/** Uploads what the customer will send. */
export function uploadAsCustomer(channelId: string, file: File): Promise<UploadedFile> {
  return uploadFile(file, { path: `/webhooks/simulator/${encodeURIComponent(channelId)}/files` })
}

/** Writes as the customer. */
export async function postAsCustomer(channelId: string, { text, fileIds, ...post }: SimulatorPost): Promise<void> {
  const body = { ...post, ...(text === '' ? {} : { text }), ...(fileIds.length === 0 ? {} : { fileIds }) }
  await request<unknown>('POST', `/webhooks/simulator/${encodeURIComponent(channelId)}`, { body })
}
