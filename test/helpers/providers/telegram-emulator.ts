import { randomBytes } from 'node:crypto'
import multipart from '@fastify/multipart'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { FaultScript, underFault } from './faults.ts'
import { type Delivery, postWebhooks, type WebhookReceipt } from './webhook-sender.ts'

type Params = Record<string, unknown>

export interface TelegramUpload {
  field: string
  name: string
  type: string
  bytes: Buffer
}

export interface TelegramCall {
  method: string
  params: Params
  uploads: TelegramUpload[]
}

export interface TelegramMessage {
  message_id: number
  chat: { id: number }
  date: number
  [field: string]: unknown
}

export interface TelegramCustomer {
  id: number
  first_name: string
  last_name?: string
  username?: string
  language_code?: string
}

interface StoredFile {
  file_id: string
  file_unique_id: string
  file_path: string
  bytes: Buffer
}

const textLimit = 4096
const captionLimit = 1024
const downloadLimit = 20 * 1024 * 1024

/**
 * A loopback server that behaves like https://api.telegram.org for one bot: start it with `startTelegramEmulator`,
 * give its `origin` as `apiBaseUrl`, script faults with `faults.next(method, …)` and read what arrived in `calls`.
 */
export class TelegramEmulator {
  readonly faults = new FaultScript()
  readonly calls: TelegramCall[] = []
  /** Messages the bot has sent, whether it heard the answer or not. */
  readonly sent: TelegramMessage[] = []
  readonly token: string
  readonly bot: { id: number; is_bot: true; first_name: string; username: string }
  webhook: { url: string; secret: string | null; allowedUpdates: string[] | null } = { url: '', secret: null, allowedUpdates: null }
  /** Chats that refuse: chat id to the answer's error. */
  readonly refusals = new Map<number, { error_code: number; description: string; parameters?: Params }>()
  origin = ''
  readonly #files = new Map<string, StoredFile>()
  readonly #photos = new Map<number, StoredFile>()
  readonly #server: FastifyInstance
  #messageId = 1000
  #updateId = 884_300_000
  #date = 1_795_340_000

  constructor(token: string) {
    this.token = token
    this.bot = { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Support', username: 'acme_support_bot' }
    this.#server = fastify({ bodyLimit: 60 * 1024 * 1024, forceCloseConnections: true })
    this.#server.register(multipart, { limits: { fileSize: 60 * 1024 * 1024, files: 20, fieldSize: 1024 * 1024 } })
    this.#server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    this.#server.all<{ Params: { token: string; method: string } }>('/bot:token/:method', (request, reply) =>
      underFault(this.faults, request.params.method, request, reply, () => this.#answer(request)),
    )
    this.#server.get<{ Params: { token: string; '*': string } }>('/file/bot:token/*', async (request, reply) => {
      if (request.params.token !== this.token) return reply.code(404).send(unauthorized)
      const file = [...this.#files.values()].find((stored) => stored.file_path === request.params['*'])
      if (!file) return reply.code(404).send({ ok: false, error_code: 404, description: 'Not Found' })
      return reply.header('content-type', 'application/octet-stream').send(file.bytes)
    })
  }

  async listen(): Promise<void> {
    this.origin = await this.#server.listen({ host: '127.0.0.1', port: 0 })
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  callsOf(method: string): TelegramCall[] {
    return this.calls.filter((call) => call.method === method)
  }

  /** Makes a file that getFile knows and answers its id. */
  addFile(bytes: Buffer, path = `documents/file_${this.#files.size}.bin`): string {
    const file_id = `BQACAgIAAxk${randomBytes(24).toString('base64url')}`
    this.#files.set(file_id, { file_id, file_unique_id: randomBytes(8).toString('hex'), file_path: path, bytes })
    return file_id
  }

  addProfilePhoto(userId: number, bytes: Buffer): string {
    const file_id = this.addFile(bytes, `photos/profile_${userId}.jpg`)
    this.#photos.set(userId, this.#files.get(file_id) as StoredFile)
    return file_id
  }

  /** An update with a message of this customer; `content` gives text, photo, document, … */
  messageUpdate(from: TelegramCustomer, content: Params): Params {
    this.#messageId += 1
    const chat = { id: from.id, first_name: from.first_name, type: 'private' }
    return this.update({
      message: { message_id: this.#messageId, from: { is_bot: false, ...from }, chat, date: this.#tick(), ...content },
    })
  }

  /** An update with the next number. */
  update(fields: Params): Params {
    this.#updateId += 1
    return { update_id: this.#updateId, ...fields }
  }

  /** Posts updates to the registered webhook, or to `url` with `secret`, one update a request as Telegram does. */
  async deliver(updates: Params | Params[], options: Delivery & { url?: string; secret?: string | null } = {}): Promise<WebhookReceipt[]> {
    const url = options.url ?? this.webhook.url
    if (url === '') throw new Error('No webhook is set')
    const secret = options.secret === undefined ? this.webhook.secret : options.secret
    const headers = { 'content-type': 'application/json', ...(secret === null ? {} : { 'x-telegram-bot-api-secret-token': secret }) }
    const list = Array.isArray(updates) ? updates : [updates]
    return postWebhooks(
      list.map((update) => ({ url, headers, body: JSON.stringify(update) })),
      options,
    )
  }

  #tick(): number {
    this.#date += 1
    return this.#date
  }

  async #answer(request: FastifyRequest<{ Params: { token: string; method: string } }>): Promise<{ status: number; body: unknown }> {
    if (request.params.token !== this.token) return { status: 401, body: unauthorized }
    const { params, uploads } = await readParams(request)
    this.calls.push({ method: request.params.method, params, uploads })
    try {
      return { status: 200, body: { ok: true, result: this.#run(request.params.method, params, uploads) } }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { status: error.body.error_code, body: { ok: false, ...error.body } }
    }
  }

  #run(method: string, params: Params, uploads: TelegramUpload[]): unknown {
    switch (method.toLowerCase()) {
      case 'getme':
        return { ...this.bot, can_join_groups: true, can_read_all_group_messages: false, supports_inline_queries: false }
      case 'setwebhook':
        return this.#setWebhook(params)
      case 'deletewebhook':
        this.webhook = { url: '', secret: null, allowedUpdates: null }
        return true
      case 'getwebhookinfo':
        return { url: this.webhook.url, has_custom_certificate: false, pending_update_count: 0 }
      case 'getupdates':
        if (this.webhook.url !== '') throw new Refusal(409, 'Conflict: can’t use getUpdates method while webhook is active')
        return []
      case 'answercallbackquery':
      case 'sendchataction':
        return true
      case 'getfile':
        return this.#getFile(params)
      case 'getuserprofilephotos':
        return this.#getPhotos(params)
      case 'sendmessage':
        return this.#sendMessage(params)
      case 'sendmediagroup':
        return this.#sendMediaGroup(params, uploads)
      default:
        return this.#sendFile(method, params, uploads)
    }
  }

  #setWebhook(params: Params): true {
    const secret = typeof params.secret_token === 'string' ? params.secret_token : null
    if (secret !== null && !/^[A-Za-z0-9_-]{1,256}$/.test(secret)) {
      throw new Refusal(400, 'Bad Request: secret token contains unallowed characters')
    }
    const allowed = asJson(params.allowed_updates)
    this.webhook = { url: String(params.url ?? ''), secret, allowedUpdates: Array.isArray(allowed) ? allowed : null }
    return true
  }

  #getFile(params: Params): Params {
    const file = this.#files.get(String(params.file_id))
    if (!file) throw new Refusal(400, 'Bad Request: invalid file_id')
    if (file.bytes.length > downloadLimit) throw new Refusal(400, 'Bad Request: file is too big')
    return { file_id: file.file_id, file_unique_id: file.file_unique_id, file_size: file.bytes.length, file_path: file.file_path }
  }

  #getPhotos(params: Params): Params {
    const file = this.#photos.get(Number(params.user_id))
    if (!file) return { total_count: 0, photos: [] }
    const size = (width: number) => ({
      file_id: file.file_id,
      file_unique_id: file.file_unique_id,
      file_size: file.bytes.length,
      width,
      height: width,
    })
    return { total_count: 1, photos: [[size(160), size(640)]] }
  }

  #sendMessage(params: Params): TelegramMessage {
    const text = String(params.text ?? '')
    if (text.trim() === '') throw new Refusal(400, 'Bad Request: message text is empty')
    if (text.length > textLimit) throw new Refusal(400, 'Bad Request: message is too long')
    return this.#store(params, { text })
  }

  #sendFile(method: string, params: Params, uploads: TelegramUpload[]): TelegramMessage {
    const field = /^send(photo|document|video|audio|voice|animation|sticker)$/i.exec(method)?.[1]?.toLowerCase()
    if (field === undefined) throw new Refusal(404, 'Not Found: method not found')
    const upload = attached(params[field], uploads) ?? uploads.find((candidate) => candidate.field === field)
    if (!upload && typeof params[field] !== 'string') throw new Refusal(400, `Bad Request: there is no ${field} in the request`)
    return this.#store(params, { ...this.#describe(field, upload), ...captionOf(params) })
  }

  #sendMediaGroup(params: Params, uploads: TelegramUpload[]): TelegramMessage[] {
    const media = asJson(params.media)
    if (!Array.isArray(media) || media.length < 2 || media.length > 10) {
      throw new Refusal(400, 'Bad Request: group should include from 2 to 10 items')
    }
    const kinds = new Set(media.map((item: Params) => (item.type === 'video' ? 'photo' : item.type)))
    if (kinds.size > 1) throw new Refusal(400, 'Bad Request: documents and audios can’t be mixed with other media types')
    const albumId = randomBytes(6).readUIntBE(0, 6).toString()
    return media.map((item: Params) => {
      const upload = attached(item.media, uploads)
      if (!upload) throw new Refusal(400, 'Bad Request: wrong file identifier/HTTP URL specified')
      return this.#store(params, { ...this.#describe(String(item.type), upload), ...captionOf(item), media_group_id: albumId })
    })
  }

  #describe(kind: string, upload: TelegramUpload | undefined): Params {
    if (!upload) return {}
    if (upload.bytes.length > 50 * 1024 * 1024) throw new Refusal(413, 'Request Entity Too Large')
    const file_id = this.addFile(upload.bytes)
    const file = { file_id, file_unique_id: file_id.slice(-12), file_size: upload.bytes.length }
    if (kind === 'photo') return { photo: [{ ...file, width: 640, height: 480 }] }
    return { [kind]: { ...file, file_name: upload.name, mime_type: upload.type } }
  }

  #store(params: Params, content: Params): TelegramMessage {
    const chatId = Number(params.chat_id)
    if (!Number.isSafeInteger(chatId)) throw new Refusal(400, 'Bad Request: chat not found')
    const refusal = this.refusals.get(chatId)
    if (refusal) throw new Refusal(refusal.error_code, refusal.description, refusal.parameters)
    this.#messageId += 1
    const chat = { id: chatId, type: chatId < 0 ? 'supergroup' : 'private' }
    const message = { message_id: this.#messageId, from: this.bot, chat, date: this.#tick(), ...content }
    this.sent.push(message)
    return message
  }
}

const unauthorized = { ok: false, error_code: 401, description: 'Unauthorized' }

class Refusal extends Error {
  readonly body: { error_code: number; description: string; parameters?: Params }

  constructor(error_code: number, description: string, parameters?: Params) {
    super(description)
    this.body = { error_code, description, ...(parameters ? { parameters } : {}) }
  }
}

function captionOf(params: Params): Params {
  const caption = String(params.caption ?? '')
  if (caption.length > captionLimit) throw new Refusal(400, 'Bad Request: message caption is too long')
  return caption === '' ? {} : { caption }
}

function attached(value: unknown, uploads: TelegramUpload[]): TelegramUpload | undefined {
  const name = /^attach:\/\/(.+)$/.exec(String(value ?? ''))?.[1]
  return name === undefined ? undefined : uploads.find((upload) => upload.field === name)
}

/** Forms carry structures as JSON texts. */
function asJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value
}

async function readParams(request: FastifyRequest): Promise<{ params: Params; uploads: TelegramUpload[] }> {
  const query = request.query as Params
  if (!request.isMultipart()) return { params: { ...query, ...((request.body as Params | undefined) ?? {}) }, uploads: [] }
  const params: Params = { ...query }
  const uploads: TelegramUpload[] = []
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      uploads.push({ field: part.fieldname, name: part.filename, type: part.mimetype, bytes: await part.toBuffer() })
    } else params[part.fieldname] = part.value
  }
  return { params, uploads }
}

/** A listening emulator; close it when the test ends. */
export async function startTelegramEmulator(
  token = `7100000001:${randomBytes(20).toString('base64url').replaceAll('=', '')}`,
): Promise<TelegramEmulator> {
  const emulator = new TelegramEmulator(token)
  await emulator.listen()
  return emulator
}
