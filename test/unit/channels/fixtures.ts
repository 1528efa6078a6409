import { readdirSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type {
  ChannelAccount,
  ChannelKind,
  InboundEvent,
  OutboundFile,
  OutboundPart,
  Recipient,
  WebhookRequest,
} from '../../../src/modules/channels/adapters/adapter.ts'

const root = new URL('../../payloads/', import.meta.url)

/** Every file below test/payloads, as `folder/name`. */
export function payloadFiles(): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.split('/test/payloads/')[1]?.replace(/^\/+/, '') ?? '')
    .sort()
}

export function payload(name: string): Buffer {
  return readFileSync(new URL(name, root))
}

export function jsonPayload(name: string): Record<string, unknown> {
  return JSON.parse(payload(name).toString('utf8'))
}

export const appSecret = '9f8e7d6c5b4a39281706f5e4d3c2b1a0'

const configs: Record<ChannelKind, Record<string, unknown>> = {
  telegram: { token: '7100000001:AAexampleToken', secretToken: 'A1b2_C3d4-E5f6' },
  whatsapp: { phoneNumberId: '390012457782201', accessToken: 'EAAexample', appSecret, verifyToken: 'local-verify-token' },
  messenger: { pageId: '104477669912350', pageAccessToken: 'EAAexample', appSecret, verifyToken: 'local-verify-token' },
  sms: { accountSid: 'AC4c122831efef10ac68b5223dccd6f614', authToken: '12345678901234567890123456789012', from: '+15105550142' },
  simulator: {},
}

/** An account whose config fits the payload files. */
export function account(kind: ChannelKind, config: Record<string, unknown> = {}, rest: Partial<ChannelAccount> = {}): ChannelAccount {
  return { id: `${kind}-main`, kind, name: kind, config: { ...configs[kind], ...config }, publicUrl: 'https://chat.example.org', ...rest }
}

/** A webhook request with this body. */
export function webhook(body: Buffer | string, request: Partial<WebhookRequest> = {}): WebhookRequest {
  const url = request.url ?? '/webhooks'
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    rawBody: Buffer.from(body),
    query: Object.fromEntries(new URL(url, 'http://localhost').searchParams),
    ...request,
  }
}

export const formType = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }

/** A file to send with the given bytes; `opened` counts how often its stream was asked for. */
export function outboundFile(name: string, type: string, bytes: Buffer | string = 'hello', publicUrl: string | null = null): OutboundFile {
  const content = Buffer.from(bytes)
  return { id: name, name, type, size: content.length, publicUrl, open: async () => Readable.from([content]) }
}

export function textPart(text: string, replyTo: string | null = null): OutboundPart {
  return { text, files: [], replyTo }
}

export function filePart(file: OutboundFile, text: string | null = null): OutboundPart {
  return { text, files: [file], replyTo: null }
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Telegram, WhatsApp, Messenger and SMS names of the customers in the payload files. */
export const customers = {
  telegram: { identities: [{ namespace: 'telegram', externalId: '6012345678' }] },
  whatsapp: {
    identities: [
      { namespace: 'phone', externalId: '+491512345678' },
      { namespace: 'whatsapp', externalId: 'DE.83920175546120398471' },
    ],
  },
  messenger: { identities: [{ namespace: 'messenger:104477669912350', externalId: '7811203946650127' }] },
  sms: { identities: [{ namespace: 'phone', externalId: '+17185550199' }] },
} as const satisfies Partial<Record<ChannelKind, Recipient>>

/** The text of an event that is a message, for comparing the whole of it. */
export function textOf(event: InboundEvent | undefined): string | null {
  if (event?.kind !== 'message') throw new Error(`Expected a message, got ${event?.kind}`)
  return event.text
}
