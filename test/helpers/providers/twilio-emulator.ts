import { createHmac, randomBytes } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { FaultScript, underFault } from './faults.ts'
import { type Delivery, postWebhooks, type WebhookPost, type WebhookReceipt } from './webhook-sender.ts'

export type Fields = Array<[string, string]>

export interface TwilioCall {
  method: string
  path: string
  fields: Fields
}

export interface TwilioMessage {
  sid: string
  to: string
  from: string | null
  messaging_service_sid: string | null
  body: string
  status: string
  error_code: number | null
  date_created: string
  num_media: string
  mediaUrls: string[]
  statusCallback: string | null
}

export interface TwilioOptions {
  accountSid?: string
  authToken?: string
  /** The public address webhooks are signed for, when it is not the one they are posted to. */
  publicOrigin?: string
}

interface Answer {
  status: number
  body: unknown
}

/**
 * A loopback api.twilio.com for one account. Give its `origin` as `apiBaseUrl`; fault names are `create`, `fetch`,
 * `list`, `media` and `account`. The clock stands at 23 Nov 2026 and moves a second with every message.
 */
export class TwilioEmulator {
  readonly faults = new FaultScript()
  readonly calls: TwilioCall[] = []
  /** Messages taken, oldest first, whether the sender heard the answer or not. */
  readonly sent: TwilioMessage[] = []
  readonly accountSid: string
  readonly authToken: string
  /** Numbers that are refused, with the code of the error. */
  readonly refusals = new Map<string, number>()
  origin = ''
  readonly #publicOrigin: string | null
  readonly #media = new Map<string, { bytes: Buffer; type: string }>()
  readonly #server: FastifyInstance
  #now = Date.UTC(2026, 10, 23, 4, 5, 0)

  constructor(options: TwilioOptions = {}) {
    this.accountSid = options.accountSid ?? `AC${randomBytes(16).toString('hex')}`
    this.authToken = options.authToken ?? randomBytes(16).toString('hex')
    this.#publicOrigin = options.publicOrigin ?? null
    this.#server = fastify({ forceCloseConnections: true })
    this.#server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, [...new URLSearchParams(String(body))]),
    )
    this.#routes()
  }

  async listen(): Promise<void> {
    this.origin = await this.#server.listen({ host: '127.0.0.1', port: 0 })
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  /** Sets the emulator's clock, Unix milliseconds. */
  setClock(now: number): void {
    this.#now = now
  }

  /** Stores media of a message and gives its address at api.twilio.com. */
  addMedia(messageSid: string, bytes: Buffer, type: string): string {
    const sid = `ME${randomBytes(16).toString('hex')}`
    this.#media.set(sid, { bytes, type })
    return `https://api.twilio.com/2010-04-01/Accounts/${this.accountSid}/Messages/${messageSid}/Media/${sid}`
  }

  /** Parameters of an incoming message in the order Twilio sends them. */
  incoming(
    from: string,
    to: string,
    body: string,
    extra: Record<string, string> = {},
    sid = `SM${randomBytes(16).toString('hex')}`,
  ): Fields {
    return Object.entries({
      ToCountry: 'US',
      SmsMessageSid: sid,
      NumMedia: '0',
      SmsSid: sid,
      SmsStatus: 'received',
      Body: body,
      To: to,
      NumSegments: '1',
      MessageSid: sid,
      AccountSid: this.accountSid,
      From: from,
      ApiVersion: '2010-04-01',
      ...extra,
    })
  }

  /** Parameters of a status callback for a message that was sent. */
  statusFields(message: TwilioMessage, status: string, errorCode?: number): Fields {
    return Object.entries({
      SmsSid: message.sid,
      SmsStatus: status,
      MessageStatus: status,
      To: message.to,
      MessageSid: message.sid,
      AccountSid: this.accountSid,
      ...(message.from === null ? {} : { From: message.from }),
      ApiVersion: '2010-04-01',
      ...(errorCode === undefined ? {} : { ErrorCode: String(errorCode) }),
      ...(message.messaging_service_sid === null ? {} : { MessagingServiceSid: message.messaging_service_sid }),
    })
  }

  /** What Twilio puts into X-Twilio-Signature for a POST of these fields to this public address. */
  signature(publicUrl: string, fields: Fields): string {
    const sorted = Object.entries(Object.groupBy(fields, ([key]) => key)).sort(([a], [b]) => (a < b ? -1 : 1))
    const data = sorted.map(([key, pairs]) =>
      [...new Set((pairs ?? []).map(([, value]) => value))]
        .sort()
        .map((value) => key + value)
        .join(''),
    )
    return createHmac('sha1', this.authToken)
      .update(publicUrl + data.join(''))
      .digest('base64')
  }

  /** Posts signed webhooks to `url`, signed for the public origin. */
  async deliver(url: string, requests: Fields[], delivery: Delivery = {}): Promise<WebhookReceipt[]> {
    return postWebhooks(
      requests.map((fields) => this.#signed(url, fields)),
      delivery,
    )
  }

  /** Posts status callbacks of a sent message where it asked for them. */
  async report(message: TwilioMessage, statuses: Array<string | [string, number]>, delivery: Delivery = {}): Promise<WebhookReceipt[]> {
    if (message.statusCallback === null) throw new Error('The message asked for no status callback')
    for (const status of statuses) {
      message.status = typeof status === 'string' ? status : status[0]
      message.error_code = typeof status === 'string' ? null : status[1]
    }
    const local =
      this.#publicOrigin === null ? message.statusCallback : message.statusCallback.replace(this.#publicOrigin, this.localOrigin)
    const requests = statuses.map((status) =>
      typeof status === 'string' ? this.statusFields(message, status) : this.statusFields(message, ...status),
    )
    return this.deliver(local, requests, delivery)
  }

  /** Where the server behind the public origin really listens, e.g. http://127.0.0.1:3000. */
  localOrigin = ''

  #signed(url: string, fields: Fields): WebhookPost {
    const { origin, pathname, search } = new URL(url)
    const signature = this.signature(`${this.#publicOrigin ?? origin}${pathname}${search}`, fields)
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', 'x-twilio-signature': signature }
    return { url, headers, body: new URLSearchParams(fields).toString() }
  }

  #routes(): void {
    const base = '/2010-04-01/Accounts/:account'
    const route = (method: 'GET' | 'POST', path: string, name: string, work: (request: FastifyRequest) => Answer) =>
      this.#server.route({
        method,
        url: `${base}${path}`,
        handler: (request, reply) => underFault(this.faults, name, request, reply, async () => this.#authorised(request, work)),
      })
    route('POST', '/Messages.json', 'create', (request) => this.#create(request))
    route('GET', '/Messages.json', 'list', (request) => this.#list(request.query as Record<string, string>))
    route('GET', '/Messages/:sid.json', 'fetch', (request) => this.#fetch((request.params as { sid: string }).sid))
    route('GET', '.json', 'account', () => ({ status: 200, body: { sid: this.accountSid, friendly_name: 'ACME', status: 'active' } }))
    this.#server.get<{ Params: { media: string } }>(`${base}/Messages/:sid/Media/:media`, (request, reply) =>
      underFault(this.faults, 'media', request, reply, async () => {
        const answer = this.#authorised(request, () => this.#redirect(request.params.media))
        if (answer.status === 307) reply.header('location', `${this.origin}/cdn/${request.params.media}?Signature=example`)
        return answer
      }),
    )
    this.#server.get<{ Params: { media: string } }>('/cdn/:media', async (request, reply) => {
      const media = this.#media.get(request.params.media)
      // A signed address and credentials together are refused, as by S3.
      if (request.headers.authorization !== undefined) return reply.code(400).send('Only one auth mechanism allowed')
      return media ? reply.header('content-type', media.type).send(media.bytes) : reply.code(404).send()
    })
  }

  #authorised(request: FastifyRequest, work: (request: FastifyRequest) => Answer): Answer {
    const fields = Array.isArray(request.body) ? (request.body as Fields) : []
    this.calls.push({ method: request.method, path: request.url, fields })
    const expected = `Basic ${Buffer.from(`${this.accountSid}:${this.authToken}`).toString('base64')}`
    if (request.headers.authorization !== expected) return refusal(401, 20003, 'Authenticate')
    return work(request)
  }

  #create(request: FastifyRequest): Answer {
    const fields = (request.body ?? []) as Fields
    const one = (name: string) => fields.find(([key]) => key === name)?.[1] ?? null
    const mediaUrls = fields.filter(([key]) => key === 'MediaUrl').map(([, value]) => value)
    const [to, body] = [one('To') ?? '', one('Body') ?? '']
    if (!/^\+\d{5,15}$/.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`)
    const code = this.refusals.get(to)
    if (code !== undefined) return refusal(400, code, `Refused with ${code}`)
    if (one('From') === null && one('MessagingServiceSid') === null) return refusal(400, 21603, "A 'From' phone number is required")
    if (body === '' && mediaUrls.length === 0) return refusal(400, 21602, 'Message body is required')
    if (body.length > 1600) return refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit')
    if (mediaUrls.length > 10) return refusal(400, 21623, 'Number of media files exceeds allowed limit')
    this.#now += 1000
    const message: TwilioMessage = {
      sid: `${mediaUrls.length > 0 ? 'MM' : 'SM'}${randomBytes(16).toString('hex')}`,
      to,
      from: one('From'),
      messaging_service_sid: one('MessagingServiceSid'),
      body,
      status: one('From') === null ? 'accepted' : 'queued',
      error_code: null,
      date_created: new Date(this.#now).toUTCString().replace('GMT', '+0000'),
      num_media: String(mediaUrls.length),
      mediaUrls,
      statusCallback: one('StatusCallback'),
    }
    this.sent.push(message)
    return { status: 201, body: this.#resource(message) }
  }

  #list(query: Record<string, string>): Answer {
    const found = this.sent.filter((message) => query.To === undefined || message.to === query.To).toReversed()
    const messages = found.slice(0, Number(query.PageSize ?? 50)).map((message) => this.#resource(message))
    const page = { page: 0, page_size: 50, uri: '/', first_page_uri: '/', next_page_uri: null, previous_page_uri: null, start: 0, end: 0 }
    return { status: 200, body: { messages, ...page } }
  }

  #fetch(sid: string): Answer {
    const message = this.sent.find((candidate) => candidate.sid === sid)
    return message ? { status: 200, body: this.#resource(message) } : refusal(404, 20404, 'The requested resource was not found')
  }

  #redirect(sid: string): Answer {
    return this.#media.has(sid) ? { status: 307, body: '' } : refusal(404, 20404, 'The requested resource was not found')
  }

  #resource({ mediaUrls: _urls, statusCallback: _callback, ...message }: TwilioMessage): Record<string, unknown> {
    const uri = `/2010-04-01/Accounts/${this.accountSid}/Messages/${message.sid}.json`
    return {
      ...message,
      account_sid: this.accountSid,
      api_version: '2010-04-01',
      date_sent: null,
      date_updated: message.date_created,
      direction: 'outbound-api',
      error_message: null,
      num_segments: message.messaging_service_sid === null ? '1' : '0',
      price: null,
      price_unit: 'USD',
      subresource_uris: { media: uri.replace('.json', '/Media.json') },
      uri,
    }
  }
}

function refusal(status: number, code: number, message: string): Answer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } }
}

/** A listening emulator; close it when the test ends. */
export async function startTwilioEmulator(options: TwilioOptions = {}): Promise<TwilioEmulator> {
  const emulator = new TwilioEmulator(options)
  await emulator.listen()
  return emulator
}
