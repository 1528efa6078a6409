import t from 'tap'
import type { ChannelKind, WebhookRequest } from '../../../src/modules/channels/adapters/adapter.ts'
import { adapterFor } from '../../../src/modules/channels/adapters/index.ts'
import { account, formType, jsonPayload, payload, webhook } from './fixtures.ts'

interface MetaVector {
  source: string
  appSecret: string
  rawBody: string
  header: string
  headerOverReserialisedJson: string
  sha1Legacy: string
}

interface TwilioVector {
  file: string
  authToken: string
  url: string
  signature: string
}

const metaVectors = jsonPayload('meta_signature_vectors.json') as unknown as MetaVector[]
const twilioVectors = jsonPayload('twilio_signature_vectors.json') as unknown as TwilioVector[]

/** The same bytes with one of them changed by its lowest bit. */
function flipped(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
  return copy
}

function accepts(
  kind: ChannelKind,
  request: WebhookRequest,
  config: Record<string, unknown>,
  publicUrl = 'https://chat.example.org',
): boolean {
  return adapterFor(kind).verify(request, account(kind, config, { publicUrl })).ok
}

for (const vector of metaVectors) {
  t.test(`Meta signature of ${vector.source}`, async (t) => {
    const kind = vector.source.startsWith('whatsapp') ? 'whatsapp' : 'messenger'
    const body = Buffer.from(vector.rawBody)
    const config = { appSecret: vector.appSecret }
    const signed = (rawBody: Buffer, header: string) => webhook(rawBody, { headers: { 'x-hub-signature-256': header } })
    t.ok(accepts(kind, signed(body, vector.header), config), 'the bytes as received')
    for (let index = 0; index < body.length; index += Math.ceil(body.length / 16)) {
      t.notOk(accepts(kind, signed(flipped(body, index), vector.header), config), `byte ${index} changed`)
    }
    for (let index = 0; index < vector.header.length; index += 9) {
      const header = flipped(Buffer.from(vector.header), index).toString()
      t.notOk(accepts(kind, signed(body, header), config), `header character ${index} changed`)
    }
    t.notOk(accepts(kind, signed(body, vector.header), { appSecret: `${vector.appSecret.slice(0, -1)}1` }), 'another secret')
    t.notOk(accepts(kind, signed(body, vector.sha1Legacy), config), 'the sha1 of old')
    t.notOk(accepts(kind, signed(body, vector.header.toUpperCase()), config), 'upper case')
    if (vector.headerOverReserialisedJson !== vector.header) {
      const reserialised = Buffer.from(JSON.stringify(JSON.parse(vector.rawBody)))
      t.notOk(accepts(kind, signed(reserialised, vector.header), config), 'bytes that were parsed and written again')
    }
    const verify = (header: string | undefined) =>
      adapterFor(kind).verify(webhook(body, { headers: { 'x-hub-signature-256': header } }), account(kind, config))
    t.match(verify(undefined), { ok: false, status: 401 })
    t.match(verify('sha256='), { ok: false, status: 403 })
  })
}

function twilioRequest(vector: TwilioVector, body = payload(vector.file), signature = vector.signature): WebhookRequest {
  const { pathname, search } = new URL(vector.url)
  return webhook(body, { url: `${pathname}${search}`, headers: { ...formType, 'x-twilio-signature': signature } })
}

for (const vector of twilioVectors) {
  t.test(`Twilio signature of ${vector.file}`, async (t) => {
    const config = { authToken: vector.authToken }
    const body = payload(vector.file)
    t.ok(accepts('sms', twilioRequest(vector), config), 'as received')
    const digits = [...body.toString().matchAll(/(?<=[=A-Za-z0-9])[0-9]/g)].map((match) => match.index)
    const chosen = digits.filter((_, index) => index % Math.ceil(digits.length / 12) === 0)
    t.ok(chosen.length >= 6)
    for (const index of chosen) t.notOk(accepts('sms', twilioRequest(vector, flipped(body, index)), config), `byte ${index} changed`)
    for (let index = 0; index < vector.signature.length - 1; index += 5) {
      const signature = flipped(Buffer.from(vector.signature), index).toString()
      t.notOk(accepts('sms', twilioRequest(vector, body, signature), config), `signature character ${index} changed`)
    }
    t.notOk(accepts('sms', twilioRequest(vector, Buffer.concat([body, Buffer.from('&New=1')])), config), 'a parameter added')
    t.notOk(accepts('sms', twilioRequest(vector), config, 'https://evil.example.org'), 'another host')
    t.notOk(accepts('sms', { ...twilioRequest(vector), url: '/webhooks/other' }, config), 'another path')
    t.notOk(accepts('sms', twilioRequest(vector), { authToken: `${vector.authToken.slice(1)}3` }), 'another token')
  })
}

t.test('Twilio signs the public address in several spellings', async (t) => {
  const [vector] = twilioVectors as [TwilioVector]
  const config = { authToken: vector.authToken }
  const request = twilioRequest(vector)
  t.ok(accepts('sms', request, config, 'https://chat.example.org:443'), 'default port in the setting')
  t.ok(accepts('sms', request, config, 'https://chat.example.org/'), 'slash at the end')
  t.ok(accepts('sms', request, config, 'https://chat.example.org:8443'), 'a port that Twilio left out, as its own library accepts')
  t.notOk(accepts('sms', request, config, 'http://chat.example.org'), 'another scheme')
  t.match(adapterFor('sms').verify(request, account('sms', config, { publicUrl: null })), { ok: false, status: 403 })
  const { 'x-twilio-signature': _missing, ...headers } = request.headers
  t.match(adapterFor('sms').verify({ ...request, headers }, account('sms', config)), { ok: false, status: 401 })
})

t.test('Telegram repeats the secret token', async (t) => {
  const verify = (header: string | undefined, config: Record<string, unknown> = {}) =>
    adapterFor('telegram').verify(webhook('{}', { headers: { 'x-telegram-bot-api-secret-token': header } }), account('telegram', config))
  t.same(verify('A1b2_C3d4-E5f6'), { ok: true })
  t.match(verify('A1b2_C3d4-E5f7'), { ok: false, status: 403 })
  t.match(verify('A1b2_C3d4-E5f'), { ok: false, status: 403 })
  t.match(verify(''), { ok: false, status: 403 })
  t.match(verify(undefined), { ok: false, status: 401 })
  t.match(
    verify('undefined', { secretToken: undefined }),
    { ok: false, status: 403 },
    'without a configured token a made-up one is expected',
  )
})

t.test('handshake of Meta', async (t) => {
  for (const kind of ['whatsapp', 'messenger'] as const) {
    const [line, answer] = payload(`${kind}/verify_get.txt`).toString().split('\n')
    const query = Object.fromEntries(new URL(line?.split(' ')[1] ?? '', 'http://localhost').searchParams)
    const expected = /body: (\d+)/.exec(answer ?? '')?.[1]
    const handshake = (changes: Record<string, string>) => adapterFor(kind).handshake?.({ ...query, ...changes }, account(kind))
    t.same(handshake({}), { status: 200, contentType: 'text/plain', body: expected })
    t.match(handshake({ 'hub.verify_token': 'local-verify-tokex' }), { status: 403 })
    t.match(handshake({ 'hub.mode': 'unsubscribe' }), { status: 403 })
    t.match(adapterFor(kind).handshake?.({}, account(kind)), { status: 403 })
  }
})

t.test('answers after the commit', async (t) => {
  const expected = payload('twilio/twiml_empty_response.xml').toString().trim()
  t.same(adapterFor('sms').respond(), { status: 200, contentType: 'text/xml', body: expected })
  for (const kind of ['telegram', 'whatsapp', 'messenger', 'simulator'] as const) t.match(adapterFor(kind).respond(), { status: 200 })
})
