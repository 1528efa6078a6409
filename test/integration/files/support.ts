import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Chat, Message, UploadedFile } from '../../../src/contracts/index.ts'
import { customerWrites, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'

/** The smallest PNG: one transparent pixel. */
export const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
export const pdf = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n')
export const windowsProgram = Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), Buffer.alloc(4_200)])

/** A form with one file, as a browser writes it. */
export function formWith(
  name: string,
  bytes: Buffer,
  type = 'application/octet-stream',
): { headers: Record<string, string>; payload: Buffer } {
  const boundary = `form-${randomUUID()}`
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name.replaceAll('"', '%22')}"\r\nContent-Type: ${type}\r\n\r\n`
  const payload = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, payload }
}

export interface UploadAnswer {
  status: number
  body: UploadedFile & { code?: string; detail?: string; limit?: number; extension?: string; file?: string }
}

export async function tryUpload(parley: TestParley, agent: TestAgent, name: string, bytes: Buffer, type?: string): Promise<UploadAnswer> {
  const { headers, payload } = formWith(name, bytes, type)
  const response = await parley.app.inject({ method: 'POST', url: '/api/files', headers: { ...headers, cookie: agent.cookie }, payload })
  return { status: response.statusCode, body: response.json() }
}

export async function upload(parley: TestParley, agent: TestAgent, name: string, bytes: Buffer, type?: string): Promise<UploadedFile> {
  const { status, body } = await tryUpload(parley, agent, name, bytes, type)
  if (status !== 201) throw new Error(`The upload of ${name} answered ${status}: ${JSON.stringify(body)}`)
  return body
}

/** Everything the product keeps on disk of files, and everything half taken in. */
export async function filesOnDisk(parley: TestParley): Promise<string[]> {
  const list = async (folder: string) => {
    try {
      const entries = await readdir(path.join(parley.container.config.dataDir, folder), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  return [...(await list('files')), ...(await list('incoming'))]
}

/** A customer writes on the Simulator and the agent accepts the chat. */
export async function acceptedChat(parley: TestParley, agent: TestAgent): Promise<Chat> {
  const customer = `customer ${randomUUID().slice(0, 8)}`
  await customerWrites(parley, customer, 'Hello')
  const tile = await agent.newItem(customer)
  await agent.accept(tile.id)
  return agent.chat(tile.id)
}

export type SendAnswer = { message: Message } & { code?: string; detail?: string; problems?: { code: string; message: string }[] }

/** Waits until the file at this place of the chat's last message is in a state. */
export function fileIn(agent: TestAgent, chatId: string, state: 'pending' | 'ready' | 'failed', index = 0) {
  return until(
    async () => {
      const message = (await agent.messages(chatId)).findLast((candidate) => candidate.files.length > 0)
      const file = message?.files[index]
      return file?.state === state ? { file, message } : null
    },
    { message: `a file that is ${state}` },
  )
}

/** The bytes of a file, as the agent gets them. */
export async function download(parley: TestParley, agent: TestAgent, url: string, headers: Record<string, string> = {}) {
  return parley.app.inject({ method: 'GET', url, headers: { cookie: agent.cookie, ...headers } })
}
