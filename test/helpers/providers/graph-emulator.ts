import { createHmac, randomBytes } from 'node:crypto'
import multipart from '@fastify/multipart'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { FaultScript, underFault } from './faults.ts'
import { type Delivery, postWebhooks, type WebhookPost, type WebhookReceipt } from './webhook-sender.ts'

type Json = Record<string, unknown>

export interface GraphUpload {
  field: string
  name: string
  type: string
  bytes: Buffer
}

export interface GraphCall {
  method: string
  /** Path without version: `<page id>/messages`. */
  path: string
  body: Json
  uploads: GraphUpload[]
  authorization: string | null
}

export interface GraphMessage {
  id: string
  to: string
  body: Json
  uploads: GraphUpload[]
}

export interface GraphOptions {
  token?: string
  appSecret?: string
  verifyToken?: string
  /** WhatsApp's phone number id and Messenger's page id this server stands for. */
  phoneNumberId?: string
  pageId?: string
}

interface Media {
  id: string
  type: string
  bytes: Buffer
}

interface Answer {
  status: number
  body: unknown
}

/** Media addresses stop working like Meta's do; the test decides when. */
const downloadPath = '/whatsapp_business/attachments/'
const maxTextLength = { whatsapp: 4096, messenger: 2000 }

/**
 * A loopback graph.facebook.com with one WhatsApp number and one Messenger page. Give its `origin` as `apiBaseUrl`;
 * fault names are `messages`, `media`, `download`, `profile`, `subscribed_apps` and `number`.
 */
export class GraphEmulator {
  readonly faults = new FaultScript()
  readonly calls: GraphCall[] = []
  /** Messages taken, whether the sender heard the answer or not. */
  readonly sent: GraphMessage[] = []
  readonly token: string
  readonly appSecret: string
  readonly verifyToken: string
  readonly phoneNumberId: string
  readonly pageId: string
  readonly appId = 1517776481860199
  /** Recipients that are refused: phone, user id or page-scoped id to the error object. */
  readonly refusals = new Map<string, { status: number; error: Json }>()
  readonly profiles = new Map<string, { first_name: string; last_name?: string; picture?: Buffer }>()
  subscribedFields: string[] = []
  origin = ''
  readonly #media = new Map<string, Media>()
  readonly #expired = new Set<string>()
  readonly #server: FastifyInstance
  #now = 1_795_340_400

  constructor(options: GraphOptions = {}) {
    this.token = options.token ?? `EAA${randomBytes(20).toString('hex')}`
    this.appSecret = options.appSecret ?? randomBytes(16).toString('hex')
    this.verifyToken = options.verifyToken ?? 'local-verify-token'
    this.phoneNumberId = options.phoneNumberId ?? '390012457782201'
    this.pageId = options.pageId ?? '104477669912350'
    this.#server = fastify({ bodyLimit: 120 * 1024 * 1024, forceCloseConnections: true })
    this.#server.register(multipart, { limits: { fileSize: 110 * 1024 * 1024, fieldSize: 1024 * 1024 } })
    this.#routes()
  }

  async listen(): Promise<void> {
    this.origin = await this.#server.listen({ host: '127.0.0.1', port: 0 })
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  /** Stores a file as if a WhatsApp customer had sent it and gives its media id. */
  addMedia(bytes: Buffer, type: string): string {
    const id = `11803${randomBytes(5).readUIntBE(0, 5).toString().padStart(11, '0')}`
    this.#media.set(id, { id, type, bytes })
    return id
  }

  /** Address of a file as Messenger's CDN would give it: no token needed. */
  cdnUrl(bytes: Buffer, type: string, name: string): string {
    return `${this.origin}/cdn/${this.addMedia(bytes, type)}/${encodeURIComponent(name)}?oh=1&oe=6A`
  }

  /** From now on the address of this media answers 404, as after five minutes. */
  expireAddress(mediaId: string): void {
    this.#expired.add(mediaId)
  }

  /** Unix seconds of the emulator's clock; every reading moves it by one. */
  tick(): number {
    this.#now += 1
    return this.#now
  }

  /** The bytes Meta posts for this payload: minified, non-ASCII and slashes escaped. */
  bodyOf(payload: unknown): string {
    return metaBody(payload)
  }

  /** The header Meta puts on these bytes. */
  signature(body: string, secret = this.appSecret): string {
    return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  }

  /** Posts signed webhooks to `url`, one payload a request. */
  async deliver(url: string, payloads: unknown | unknown[], delivery: Delivery = {}): Promise<WebhookReceipt[]> {
    const list = Array.isArray(payloads) ? payloads : [payloads]
    return postWebhooks(
      list.map((payload) => this.#signed(url, payload)),
      delivery,
    )
  }

  /** GETs the handshake as Meta does when an administrator saves the address. */
  async checkAddress(url: string, verifyToken = this.verifyToken, challenge = '1158201444'): Promise<WebhookReceipt> {
    const query = new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.challenge': challenge, 'hub.verify_token': verifyToken })
    const response = await fetch(`${url}?${query}`)
    return { status: response.status, body: await response.text(), contentType: response.headers.get('content-type') }
  }

  #signed(url: string, payload: unknown): WebhookPost {
    const body = this.bodyOf(payload)
    return { url, body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': this.signature(body) } }
  }

  #routes(): void {
    this.#server.get<{ Params: { id: string } }>('/cdn/:id/:name', (request, reply) =>
      underFault(this.faults, 'download', request, reply, async () => {
        const media = this.#media.get(request.params.id)
        if (!media || this.#expired.has(media.id)) return { status: 403, body: 'URL signature expired' }
        reply.header('content-type', media.type)
        return { status: 200, body: media.bytes }
      }),
    )
    this.#server.get<{ Querystring: { mid: string } }>(downloadPath, (request, reply) =>
      underFault(this.faults, 'download', request, reply, async () => {
        const media = this.#media.get(request.query.mid)
        if (request.headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: 'Unauthorized' }
        if (!media || this.#expired.has(media.id)) return { status: 404, body: 'Not Found' }
        reply.header('content-type', media.type)
        return { status: 200, body: media.bytes }
      }),
    )
    this.#server.all<{ Params: { version: string; '*': string } }>('/:version/*', async (request, reply) => {
      const call = await readCall(request)
      this.calls.push(call)
      return underFault(this.faults, faultName(call.path, this), request, reply, async () => this.#answer(call))
    })
  }

  #answer(call: GraphCall): Answer {
    if (call.authorization !== `Bearer ${this.token}` && call.body.access_token !== this.token) {
      return graphError(401, 190, 'Invalid OAuth access token - Cannot parse access token')
    }
    const { path } = call
    if (path === `${this.phoneNumberId}/messages`) return this.#takeWhatsapp(call)
    if (path === `${this.pageId}/messages` || path === 'me/messages') return this.#takeMessenger(call)
    if (path === `${this.phoneNumberId}/media`) return this.#takeMedia(call)
    if (path === `${this.pageId}/message_attachments`) return { status: 200, body: { attachment_id: randomDigits(16) } }
    if (path === `${this.pageId}/subscribed_apps`) return this.#subscriptions(call)
    if (path === this.phoneNumberId) return { status: 200, body: { ...number, id: path } }
    if (path === this.pageId) return { status: 200, body: { name: 'ACME', id: path } }
    return this.#look(path)
  }

  #takeWhatsapp(call: GraphCall): Answer {
    const { body } = call
    if (body.messaging_product !== 'whatsapp') return graphError(400, 100, '(#100) The parameter messaging_product is required.')
    if (body.status === 'read') return { status: 200, body: { success: true } }
    const to = String(body.to ?? body.recipient ?? '')
    if (to === '') return graphError(400, 100, '(#100) The parameter to is required.')
    const refusal = this.refusals.get(to)
    if (refusal) return { status: refusal.status, body: { error: refusal.error } }
    const problem = this.#problemOf(body)
    if (problem) return problem
    const id = `wamid.${randomBytes(30).toString('base64')}`
    this.sent.push({ id, to, body, uploads: [] })
    const contact = body.to === undefined ? { input: to, user_id: to } : { input: to, wa_id: to.replace(/\D/g, '') }
    return { status: 200, body: { messaging_product: 'whatsapp', contacts: [contact], messages: [{ id }] } }
  }

  #problemOf(body: Json): Answer | null {
    const type = String(body.type ?? 'text')
    const content = (body[type] ?? {}) as Json
    if (type === 'text') {
      const length = String(content.body ?? '').length
      if (length === 0) return graphError(400, 131008, '(#131008) Required parameter is missing')
      return length > maxTextLength.whatsapp ? graphError(400, 131009, '(#131009) Parameter value is not valid') : null
    }
    if (!['image', 'audio', 'video', 'document', 'sticker'].includes(type)) return null
    const known = typeof content.id === 'string' && this.#media.has(content.id)
    return known || typeof content.link === 'string' ? null : graphError(400, 131009, '(#131009) Parameter value is not valid')
  }

  #takeMessenger(call: GraphCall): Answer {
    const recipient = asObject(call.body.recipient)
    const message = asObject(call.body.message)
    const to = String(recipient.id ?? '')
    if (to === '') return graphError(400, 100, '(#100) The parameter recipient is required')
    const refusal = this.refusals.get(to)
    if (refusal && call.body.tag !== 'HUMAN_AGENT') return { status: refusal.status, body: { error: refusal.error } }
    if (call.body.sender_action !== undefined) return { status: 200, body: { recipient_id: to } }
    const text = message.text === undefined ? null : String(message.text)
    const hasFile = message.attachment !== undefined
    if ((text === null) === !hasFile) return graphError(400, 100, '(#100) Message must have exactly one of text and attachment')
    if (text !== null && (text === '' || text.length > maxTextLength.messenger)) {
      return graphError(400, 100, '(#100) Length of param message[text] must be less than or equal to 2000')
    }
    const id = `m_${randomBytes(64).toString('base64url')}`
    this.sent.push({ id, to, body: { ...call.body, recipient, message }, uploads: call.uploads })
    const attachment = hasFile ? { attachment_id: randomDigits(16) } : {}
    return { status: 200, body: { recipient_id: to, message_id: id, ...attachment } }
  }

  #takeMedia(call: GraphCall): Answer {
    const upload = call.uploads.find((candidate) => candidate.field === 'file')
    if (!upload || call.body.messaging_product !== 'whatsapp') return graphError(400, 100, '(#100) Invalid parameter')
    return { status: 200, body: { id: this.addMedia(upload.bytes, String(call.body.type ?? upload.type)) } }
  }

  #subscriptions(call: GraphCall): Answer {
    if (call.method === 'POST') this.subscribedFields = String(call.body.subscribed_fields ?? '').split(',')
    if (call.method === 'DELETE') this.subscribedFields = []
    if (call.method !== 'GET') return { status: 200, body: { success: true } }
    const app = { link: 'https://example.org', name: 'Parley', id: String(this.appId), subscribed_fields: this.subscribedFields }
    return { status: 200, body: { data: this.subscribedFields.length === 0 ? [] : [app] } }
  }

  #look(path: string): Answer {
    const media = this.#media.get(path)
    if (media) {
      const url = `${this.origin}${downloadPath}?mid=${media.id}&ext=1795340700&hash=ARl_example`
      const described = { url, mime_type: media.type, file_size: String(media.bytes.length), id: media.id }
      return { status: 200, body: { messaging_product: 'whatsapp', ...described } }
    }
    const profile = this.profiles.get(path)
    if (!profile) return graphError(400, 100, '(#100) No profile available for this user.', 2018218)
    const { picture, ...names } = profile
    const pictureField = picture ? { profile_pic: this.cdnUrl(picture, 'image/jpeg', 'profilepic') } : {}
    return { status: 200, body: { ...names, ...pictureField, id: path } }
  }
}

const number = { display_phone_number: '+49 30 901820', verified_name: 'ACME', quality_rating: 'GREEN' }

/** JSON as Meta writes it: minified, with `\uXXXX` for everything beyond ASCII and `\/` for slashes. */
export function metaBody(payload: unknown): string {
  return JSON.stringify(payload)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function graphError(status: number, code: number, message: string, subcode?: number): Answer {
  const error = {
    message,
    type: 'OAuthException',
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    fbtrace_id: 'AemulatorTrace',
  }
  return { status, body: { error } }
}

function faultName(path: string, emulator: GraphEmulator): string {
  const last = path.split('/').at(-1) ?? ''
  if (path.includes('/')) return last
  return path === emulator.phoneNumberId || path === emulator.pageId ? 'number' : emulator.profiles.has(path) ? 'profile' : 'media'
}

function asObject(value: unknown): Json {
  return (typeof value === 'string' ? JSON.parse(value) : (value ?? {})) as Json
}

function randomDigits(length: number): string {
  return Array.from(randomBytes(length), (byte) => String(byte % 10)).join('')
}

async function readCall(request: FastifyRequest<{ Params: { version: string; '*': string } }>): Promise<GraphCall> {
  const call: GraphCall = {
    method: request.method,
    path: request.params['*'],
    body: { ...(request.query as Json), ...(request.isMultipart() ? {} : ((request.body as Json | undefined) ?? {})) },
    uploads: [],
    authorization: request.headers.authorization ?? null,
  }
  if (!request.isMultipart()) return call
  for await (const part of request.parts()) {
    if (part.type === 'file') {
      call.uploads.push({ field: part.fieldname, name: part.filename, type: part.mimetype, bytes: await part.toBuffer() })
    } else call.body[part.fieldname] = part.value
  }
  return call
}

/** A listening emulator; close it when the test ends. */
export async function startGraphEmulator(options: GraphOptions = {}): Promise<GraphEmulator> {
  const emulator = new GraphEmulator(options)
  await emulator.listen()
  return emulator
}
