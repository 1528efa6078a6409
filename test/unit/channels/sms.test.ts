import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import twilioSdk from 'twilio'
import type { InboundFile } from '../../../src/modules/channels/adapters/adapter.ts'
import { createHttp } from '../../../src/modules/channels/adapters/http.ts'
import { smsAdapter } from '../../../src/modules/channels/adapters/sms/sms.ts'
import { twilioFailure } from '../../../src/modules/channels/adapters/sms/sms-errors.ts'
import { twilioSignature } from '../../../src/modules/channels/adapters/sms/sms-signature.ts'
import { startTwilioEmulator } from '../../helpers/providers/twilio-emulator.ts'
import { account, bytesOf, customers, formType, outboundFile, textPart, webhook } from './fixtures.ts'

const authToken = '12345678901234567890123456789012'

async function setUp(t: Test, answerTimeoutMs = 5_000) {
  const emulator = await startTwilioEmulator()
  const http = createHttp({ answerTimeoutMs })
  t.teardown(() => Promise.all([http.close(), emulator.close()]))
  const channel = account('sms', { accountSid: emulator.accountSid, authToken: emulator.authToken, apiBaseUrl: emulator.origin })
  const send = (part = textPart('hello'), correlationId = 'm1') => smsAdapter.send(part, customers.sms, correlationId, channel, http)
  return { emulator, http, channel, send }
}

/** A form webhook signed by Twilio's own library for this public address. */
function signedByTwilio(publicUrl: string, fields: Record<string, string | string[]>, url: string) {
  const signature = twilioSdk.getExpectedTwilioSignature(authToken, publicUrl, fields)
  const pairs = Object.entries(fields).flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((one) => [key, one]))
  return webhook(new URLSearchParams(pairs).toString(), { url, headers: { ...formType, 'x-twilio-signature': signature } })
}

t.test('what Twilio’s library signs is accepted', async (t) => {
  const fields = { Body: 'ä & b', From: '+1', Empty: '', Media: ['b', 'a', 'b'] }
  const accepted: Array<[string, string, string]> = [
    ['https://chat.example.org', 'https://chat.example.org/w/1', '/w/1'],
    ['https://chat.example.org', 'https://chat.example.org:443/w/1?x=1', '/w/1?x=1'],
    ['http://chat.example.org', 'http://chat.example.org:80/w/1', '/w/1'],
    ['https://chat.example.org:8443', 'https://chat.example.org:8443/w/1', '/w/1'],
    ['https://chat.example.org', "https://chat.example.org/w/1?name=O'Hara+x", "/w/1?name=O'Hara+x"],
    ['https://chat.example.org', 'https://chat.example.org/w/1?name=O%27Hara', "/w/1?name=O'Hara"],
    ['https://example.org/parley', 'https://example.org/parley/w/1', '/w/1'],
    ['https://example.org/parley/', 'https://example.org/parley/w/1', '/parley/w/1'],
  ]
  for (const [base, signed, received] of accepted) {
    const result = smsAdapter.verify(signedByTwilio(signed, fields, received), account('sms', {}, { publicUrl: base }))
    t.same(result, { ok: true }, `${base} ${received}`)
  }
  const ours = twilioSignature(authToken, 'https://x.org/', [
    ['b', '2'],
    ['a', '1'],
    ['b', '1'],
    ['b', '2'],
  ])
  t.ok(twilioSdk.validateRequest(authToken, ours, 'https://x.org/', { a: '1', b: ['2', '1', '2'] }))
})

t.test('GET requests and JSON bodies', async (t) => {
  const query = '/webhooks/sms/c?MessageSid=SM1&From=%2B17185550199&Body=hi&SmsStatus=received'
  const signature = twilioSdk.getExpectedTwilioSignature(authToken, `https://chat.example.org${query}`, {})
  const get = webhook('', { method: 'GET', url: query, headers: { 'x-twilio-signature': signature } })
  t.same(smsAdapter.verify(get, account('sms')), { ok: true })
  t.match(smsAdapter.parse(get, account('sms')), [{ kind: 'message', externalId: 'SM1', text: 'hi' }])
  const body = '{"MessageSid":"SM2","From":"+17185550199","Body":"json","SmsStatus":"received"}'
  const url = `/webhooks/sms/c?bodySHA256=${createHash('sha256').update(body).digest('hex')}`
  const headers = {
    'content-type': 'application/json',
    'x-twilio-signature': twilioSdk.getExpectedTwilioSignature(authToken, `https://chat.example.org${url}`, {}),
  }
  t.same(smsAdapter.verify(webhook(body, { url, headers }), account('sms')), { ok: true })
  t.match(smsAdapter.parse(webhook(body, { url, headers }), account('sms')), [{ externalId: 'SM2', text: 'json' }])
  t.match(smsAdapter.verify(webhook(body.replace('json', 'jsom'), { url, headers }), account('sms')), { ok: false, status: 403 })
})

t.test('opting out, short codes and status words', async (t) => {
  const { emulator } = await setUp(t)
  const parse = (fields: Array<[string, string]>, url = '/webhooks/sms/c') =>
    smsAdapter.parse(webhook(new URLSearchParams(fields).toString(), { url, headers: formType }), account('sms'))
  t.match(parse(emulator.incoming('+17185550199', '+1510', 'STOP', { OptOutType: 'STOP' })), [
    { kind: 'message', text: 'STOP' },
    { kind: 'opted_out' },
  ])
  t.equal(parse(emulator.incoming('+17185550199', '+1510', 'HELP', { OptOutType: 'HELP' })).length, 1)
  t.match(parse(emulator.incoming('24273', '+1510', 'code')), [{ customer: { identities: [{ externalId: '24273' }], phone: null } }])
  t.match(parse(emulator.incoming('+17185550199', '+1510', '')), [{ text: '[Empty message]' }])
  const status = (word: string, query = '') =>
    parse(
      [
        ['MessageSid', 'SM1'],
        ['MessageStatus', word],
      ],
      `/webhooks/sms/c/status${query}`,
    )[0]
  for (const [word, expected] of [
    ['accepted', 'sending'],
    ['scheduled', 'sending'],
    ['read', 'read'],
    ['canceled', 'failed'],
  ] as const)
    t.match(status(word), { status: expected })
  t.match(status('partially_delivered'), { kind: 'ignored' })
  t.match(status('sent', '?message=msg%3Aabc'), { target: { correlationId: 'abc' } })
  t.match(status('sent', '?message=abc'), { target: { correlationId: null } }, 'not our mark')
})

t.test('sending from a number or a service', async (t) => {
  const { emulator, http, channel, send } = await setUp(t)
  t.match(await send(), { ok: true, externalIds: [/^SM[0-9a-f]{32}$/], status: 'sent' })
  t.match(emulator.sent[0], {
    to: '+17185550199',
    from: '+15105550142',
    statusCallback: 'https://chat.example.org/webhooks/sms/sms-main/status?message=msg%3Am1',
  })
  const { from: _from, ...config } = channel.config
  const service = { ...channel, publicUrl: null, config: { ...config, messagingServiceSid: `MG${'1'.repeat(32)}` } }
  t.match(await smsAdapter.send(textPart('x'), customers.sms, 'm2', service, http), { ok: true })
  t.match(emulator.sent[1], { from: null, messaging_service_sid: `MG${'1'.repeat(32)}`, statusCallback: null })
  const [part] = smsAdapter.split({
    text: 'see',
    files: [
      outboundFile('a.png', 'image/png', 'x', 'https://chat.example.org/f/1'),
      outboundFile('b.png', 'image/png', 'x', 'https://chat.example.org/f/2'),
    ],
    replyTo: null,
  })
  t.match(part && (await send(part)), { ok: true, externalIds: [/^MM/] })
  t.same(emulator.sent[2]?.mediaUrls, ['https://chat.example.org/f/1', 'https://chat.example.org/f/2'])
  t.match(await send({ text: null, files: [outboundFile('a.png', 'image/png')], replyTo: null }), {
    ok: false,
    code: 'twilio.no_public_url',
  })
})

t.test('a local address is not given to the real Twilio as callback', async (t) => {
  const bodies: unknown[] = []
  const http = createHttp()
  t.teardown(() => http.close())
  const spy = {
    ...http,
    request: async (request: Parameters<typeof http.request>[0]) => {
      bodies.push(request.body)
      throw new TypeError('stop here')
    },
  }
  const local = account('sms', {}, { publicUrl: 'http://127.0.0.1:3000' })
  await t.rejects(
    smsAdapter.send(textPart('x'), customers.sms, 'm', local, spy),
    TypeError,
    'our own bugs are not failures of the provider',
  )
  t.notOk(JSON.stringify(bodies).includes('StatusCallback'))
})

t.test('error codes by class', async (t) => {
  for (const code of [20429, 20500, 30001, 30003, 30008, 30500, 30017]) t.equal(twilioFailure(code, null).retry, true, `${code}`)
  for (const code of [21610, 21211, 21614, 21635, 30005, 30006, 30004])
    t.match(twilioFailure(code, null), { retry: false, scope: 'recipient' }, `${code}`)
  for (const code of [30007, 21617, 21623, 30034]) t.match(twilioFailure(code, null), { retry: false, category: 'content' }, `${code}`)
  for (const code of [20003, 20404, 21606, 21659, 30002, 21408])
    t.match(twilioFailure(code, null), { retry: false, category: 'account' }, `${code}`)
  t.match(twilioFailure(30008, null), { maxAttempts: 2 })
})

t.test('unknown errors go by their HTTP status', async (t) => {
  const { emulator, send } = await setUp(t)
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    emulator.faults.next('create', { kind: 'answer', status, body, headers })
  answer(400, { code: 29999, message: 'New rule', status: 400 })
  t.match(await send(), { retry: false, category: 'content', reason: 'New rule' })
  answer(503, { code: 29998, message: 'Later', status: 503 }, { 'retry-after': '7' })
  t.match(await send(), { retry: true, category: 'temporary', retryAfterMs: 7_000 })
  answer(429, 'slow down', { 'retry-after': '3' })
  t.match(await send(), { retry: true, category: 'rate_limited', retryAfterMs: 3_000 })
  answer(429, { code: 20429, message: 'Too Many Requests', status: 429 }, { 'retry-after': '5' })
  t.match(await send(), { retry: true, code: 'twilio.20429', retryAfterMs: 5_000 })
  answer(200, '<html>')
  t.match(await send(), { retry: false, uncertain: true })
})

t.test('after a lost answer the message can be looked up', async (t) => {
  const { emulator, http, channel, send } = await setUp(t, 300)
  const since = new Date('2026-11-23T04:05:00Z')
  const find = (known: string[] = []) => smsAdapter.findSent?.(textPart('hello'), customers.sms, since, new Set(known), channel, http)
  t.equal(await find(), null, 'nothing was taken')
  emulator.faults.next('create', { kind: 'drop-after' })
  t.match(await send(), { ok: false, retry: true, uncertain: true })
  const [lost] = emulator.sent
  t.match(await find(), { ok: true, externalIds: [lost?.sid] })
  t.equal(await find([lost?.sid ?? '']), null, 'one that is known already is another message')
  await send(textPart('something else'))
  t.match(await find(), { externalIds: [lost?.sid] })
  emulator.setClock(Date.UTC(2026, 10, 22))
  await send()
  t.match(await find([lost?.sid ?? '']), null, 'too old')
  emulator.faults.next('list', { kind: 'hang' })
  await t.rejects(async () => find(), { name: 'ProviderCallError', failure: { retry: true, uncertain: false } })
})

t.test('media with credentials, and without them behind the redirect', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  const at = (url: string): InboundFile => ({
    source: { by: 'url', url },
    kind: 'image',
    name: null,
    type: 'image/jpeg',
    size: null,
    sha256: null,
  })
  const url = emulator.addMedia('MM1', Buffer.from('jpeg'), 'image/jpeg')
  const media = await smsAdapter.media(at(url), channel, http)
  t.match(media, { type: 'image/jpeg', size: 4 })
  t.equal((await bytesOf(media.stream)).toString(), 'jpeg')
  for (const foreign of ['https://evil.example.org/x', 'http://api.twilio.com/x', 'https://api.twilio.com.evil.org/x']) {
    await t.rejects(smsAdapter.media(at(foreign), account('sms'), http), { code: 'refused_host' }, foreign)
  }
  const wrong = { ...channel, config: { ...channel.config, authToken: 'wrong' } }
  await t.rejects(smsAdapter.media(at(url), wrong, http), { code: 'unauthorized' })
  emulator.faults.next('media', { kind: 'answer', status: 307, body: '', headers: { location: 'http://169.254.169.254/' } })
  await t.rejects(smsAdapter.media(at(url), channel, http), { code: 'refused_host' })
})

t.test('health', async (t) => {
  const { http, channel } = await setUp(t)
  t.match(await smsAdapter.health(channel, http), {
    ok: true,
    checks: [{ name: 'token', ok: true }, { detail: /https:\/\/chat.example.org\/webhooks\/sms\/sms-main/ }],
  })
  t.match(await smsAdapter.health({ ...channel, publicUrl: null }, http), { ok: false })
  t.match(await smsAdapter.health({ ...channel, config: { ...channel.config, authToken: 'x' } }, http), {
    ok: false,
    checks: [{ name: 'token', ok: false }],
  })
})
