import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import {
  type ChannelAccount,
  type ChannelAdapter,
  type InboundEvent,
  MalformedPayload,
  MediaError,
  type WebhookRequest,
} from './adapter.ts'
import { parseObject, text } from './json.ts'
import { MiB } from './limits.ts'

/**
 * Customers played by a person in the browser. What is sent needs no provider: the stored message is the customer's
 * view of it, so `send` only says that it arrived.
 */
export const simulatorAdapter: ChannelAdapter = {
  kind: 'simulator',
  configSchema: Type.Object({}, { additionalProperties: false }),
  secretFields: [],
  statuses: ['sent', 'delivered', 'read', 'failed'],
  limits: () => ({
    maxTextLength: 4096,
    maxCaptionLength: 4096,
    maxFilesPerMessage: 10,
    filesPerProviderMessage: 10,
    fileTypes: [{ type: '*/*', maxBytes: 50 * MiB }],
    maxTotalBytes: null,
    replyWindowHours: null,
  }),
  accountKey: () => 'simulator',
  verify: () => ({ ok: true }),
  parse: parseSimulated,
  respond: () => ({ status: 200, contentType: 'application/json', body: '{}' }),
  split: (message) => [message],
  send: async (_part, _to, correlationId) => ({
    ok: true,
    externalIds: [correlationId],
    providerAt: null,
    status: 'delivered',
    movedTo: null,
  }),
  media: async () => {
    throw new MediaError('gone', 'Files of simulated customers are stored already')
  },
  health: async () => ({ ok: true, checks: [{ name: 'open', ok: true, detail: 'Anyone who reaches this server can write here' }] }),
}

/** `{from, name?, text?, fileIds?, messageId?}`; without a messageId every request is a new message. */
function parseSimulated(request: WebhookRequest, account: ChannelAccount): InboundEvent[] {
  const body = parseObject(request.rawBody)
  const from = text(body.from)
  const content = text(body.text)
  const fileIds = Array.isArray(body.fileIds) ? body.fileIds : []
  if (from === null || from.length > 200) throw new MalformedPayload('"from" must be a text of 1 to 200 characters')
  if (!fileIds.every((fileId) => typeof fileId === 'string')) throw new MalformedPayload('"fileIds" must be a list of texts')
  if (content === null && fileIds.length === 0) throw new MalformedPayload('A message needs "text" or "fileIds"')
  return [
    {
      kind: 'message',
      externalId: text(body.messageId) ?? `simulated-${randomUUID()}`,
      customer: {
        identities: [{ namespace: `simulator:${account.id}`, externalId: from }],
        name: text(body.name),
        username: null,
        phone: null,
        language: null,
      },
      providerAt: null,
      acknowledge: null,
      type: 'text',
      text: content,
      files: fileIds.map((fileId) => ({
        source: { by: 'stored', fileId },
        kind: 'document',
        name: null,
        type: null,
        size: null,
        sha256: null,
      })),
      payload: null,
      quoted: null,
      forwarded: false,
      albumId: null,
    },
  ]
}
