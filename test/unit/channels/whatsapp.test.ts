import t, { type Test } from 'tap'
import type { InboundEvent, InboundFile, OutboundMessage } from '../../../src/modules/channels/adapters/adapter.ts'
import { createHttp } from '../../../src/modules/channels/adapters/http.ts'
import { whatsappAdapter } from '../../../src/modules/channels/adapters/whatsapp/whatsapp.ts'
import { whatsappFailure } from '../../../src/modules/channels/adapters/whatsapp/whatsapp-errors.ts'
import { startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { batch, whatsappMessage, whatsappStatus, whatsappWebhook } from '../../helpers/providers/graph-webhooks.ts'
import { account, bytesOf, customers, filePart, jsonPayload, outboundFile, textOf, textPart, webhook } from './fixtures.ts'

const phoneNumberId = '390012457782201'
const marta = { phone: '491512345678', userId: 'DE.1', name: 'Marta' }

async function setUp(t: Test, answerTimeoutMs = 5_000) {
  const emulator = await startGraphEmulator()
  const http = createHttp({ answerTimeoutMs })
  t.teardown(() => Promise.all([http.close(), emulator.close()]))
  const channel = account('whatsapp', { accessToken: emulator.token, apiBaseUrl: emulator.origin })
  const send = (part = textPart('hello')) => whatsappAdapter.send(part, customers.whatsapp, 'm1', channel, http)
  return { emulator, http, channel, send }
}

function parse(payload: unknown): InboundEvent[] {
  return whatsappAdapter.parse(webhook(JSON.stringify(payload)), account('whatsapp'))
}

function parseContent(content: Record<string, unknown>): InboundEvent | undefined {
  return parse(whatsappMessage(phoneNumberId, marta, 1795340400, content))[0]
}

t.test('a customer without a phone number is known by the business-scoped id', async (t) => {
  const vectors = jsonPayload('meta_signature_vectors.json') as unknown as Array<{ source: string; rawBody: string }>
  const body = vectors.find(({ source }) => source === 'whatsapp/text_bsuid_only.json')?.rawBody ?? ''
  t.match(whatsappAdapter.parse(webhook(body), account('whatsapp')), [
    {
      kind: 'message',
      customer: {
        identities: [{ namespace: 'whatsapp', externalId: 'MX.55018827364509117263' }],
        name: 'Lucía R.',
        username: 'lucia.r',
        phone: null,
      },
      text: 'hola, necesito ayuda con mi pedido',
    },
  ])
  const old = parse(whatsappMessage(phoneNumberId, { phone: '491512345678', name: 'Marta' }, 1, { type: 'text', text: { body: 'x' } }))
  t.match(old, [{ customer: { identities: [{ namespace: 'phone', externalId: '+491512345678' }], phone: '+491512345678' } }])
})

t.test('in a batch every message finds its own contact', async (t) => {
  const [jonas, other] = [
    { phone: '491', userId: 'DE.2', name: 'Jonas' },
    { phone: '492', name: 'Ida' },
  ]
  const text = { type: 'text', text: { body: 'x' } }
  const value = (customer: typeof marta | typeof other) =>
    whatsappMessage(phoneNumberId, customer, 1, text).entry as [{ changes: [{ value: Record<string, [Record<string, unknown>]> }] }]
  const values = [marta, jonas, other].map((customer) => value(customer)[0].changes[0].value)
  const merged = whatsappWebhook(phoneNumberId, {
    contacts: values.flatMap(({ contacts }) => contacts ?? []).reverse(),
    messages: values.flatMap(({ messages }) => messages ?? []),
    statuses: [{ id: 'wamid.1', status: 'read', timestamp: '5' }],
  })
  const events = parse(
    batch([
      merged,
      whatsappStatus(phoneNumberId, 'wamid.2', 'played', 6),
      { object: merged.object, entry: [{ changes: [{ field: 'account_update', value: {} }] }] },
    ]),
  )
  t.same(
    events.map((event) => (event.kind === 'message' ? event.customer.name : event.kind === 'status' ? event.status : event.kind)),
    ['Marta', 'Jonas', 'Ida', 'read', 'read', 'ignored'],
  )
})

t.test('what belongs to another number of the same app says so', async (t) => {
  const events = parse(whatsappStatus('999', 'wamid.1', 'sent', 5))
  t.match(events, [{ kind: 'other_account', accountKey: '999', event: { kind: 'status', status: 'sent' } }])
  t.equal(whatsappAdapter.accountKey({ phoneNumberId: '999' }), '999')
})

t.test('every sort of message is something an agent can read', async (t) => {
  const lines: Array<[Record<string, unknown>, string]> = [
    [
      {
        type: 'interactive',
        interactive: {
          type: 'nfm_reply',
          nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t","size":"M","count":2}' },
        },
      },
      'Sent\nsize: M\ncount: 2',
    ],
    [
      {
        type: 'order',
        order: {
          catalog_id: '1',
          text: 'please',
          product_items: [{ product_retailer_id: 'SKU1', quantity: 2, item_price: 10.5, currency: 'EUR' }],
        },
      },
      '🛒 Order\n2 × SKU1 (10.5 EUR)\nplease',
    ],
    [
      { type: 'text', text: { body: 'hi' }, referral: { headline: 'Sale', source_url: 'https://fb.me/1' } },
      'hi\n[Came from an ad: Sale https://fb.me/1]',
    ],
    [
      { type: 'text', text: { body: 'this?' }, context: { referred_product: { product_retailer_id: 'SKU2' } } },
      'this?\n[About the product SKU2]',
    ],
    [
      { type: 'document', errors: [{ code: 131052, title: 'Media download error' }] },
      '[The customer sent a file larger than 100 MB, which WhatsApp does not hand over]',
    ],
    [{ type: 'hologram' }, '[WhatsApp message that cannot be shown here: hologram]'],
    [{ type: 'text', group_id: 'g', text: { body: 'all' } }, '[Written in a group]\nall'],
  ]
  for (const [content, text] of lines) t.equal(textOf(parseContent(content)), text)
})

t.test('a changed user id moves the identity and is no message', async (t) => {
  const system = { type: 'user_changed_user_id', user_id: 'DE.9', previous_user_id: 'DE.1' }
  const payload = whatsappWebhook(phoneNumberId, { messages: [{ id: 'wamid.s', timestamp: '5', type: 'system', system }] })
  t.match(parse(payload), [
    { kind: 'identity_changed', eventKey: 'wamid.s:user', from: { namespace: 'whatsapp', externalId: 'DE.1' }, to: { externalId: 'DE.9' } },
  ])
})

t.test('the answer goes to the account the customer last wrote from', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  const user = { namespace: 'whatsapp', externalId: 'MX.1' }
  const phone = { namespace: 'phone', externalId: '+491512345678' }
  const messenger = { namespace: 'messenger:1', externalId: '5' }
  for (const identities of [
    [messenger, user, phone],
    [messenger, phone, user],
  ]) {
    await whatsappAdapter.send(textPart('x'), { identities }, 'm1', channel, http)
  }
  t.same(
    emulator.sent.map(({ body }) => [body.to, body.recipient]),
    [
      [undefined, 'MX.1'],
      ['+491512345678', undefined],
    ],
  )
  t.match(await whatsappAdapter.send(textPart('x'), { identities: [messenger] }, 'm1', channel, http), {
    ok: false,
    category: 'unreachable',
  })
})

t.test('one file a message, with the text where it fits', async (t) => {
  const photo = outboundFile('a.jpg', 'image/jpeg')
  const voice = outboundFile('b.ogg', 'audio/ogg')
  const shape = (message: Partial<OutboundMessage>) =>
    whatsappAdapter
      .split({ text: null, files: [], replyTo: 'wamid.q', ...message })
      .map((part) => [part.text, part.files.map((file) => file.name).join(), part.replyTo])
  t.same(shape({ text: 'hi', files: [photo, voice] }), [
    ['hi', 'a.jpg', 'wamid.q'],
    [null, 'b.ogg', null],
  ])
  t.same(shape({ text: 'hi', files: [voice, photo] }), [
    ['hi', '', 'wamid.q'],
    [null, 'b.ogg', null],
    [null, 'a.jpg', null],
  ])
  t.equal(shape({ text: 'x'.repeat(1025), files: [photo] }).length, 2)
})

t.test('error codes by class', async (t) => {
  const table: Array<[string, number[]]> = [
    ['retry', [1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004]],
    ['account', [0, 3, 10, 190, 200, 299, 33, 368, 130497, 131005, 131031, 131037, 131042, 131045, 131048, 131064, 133010]],
    ['window_closed', [131047]],
    ['recipient', [131026, 131021, 130403, 131050, 130472, 131049]],
    [
      'content',
      [100, 131008, 131009, 131051, 131052, 131053, 131062, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069],
    ],
  ]
  for (const [group, codes] of table) {
    for (const code of codes) {
      const found = whatsappFailure({ code, subcode: null, message: 'x', isTransient: false })
      t.equal(found.retry, group === 'retry', `${code} retry`)
      if (group === 'account') t.match(found, { category: 'account', scope: 'channel' }, `${code}`)
      if (group === 'window_closed') t.equal(found.category, group)
      if (group === 'recipient') t.equal(found.scope, 'recipient', `${code}`)
      if (group === 'content') t.match(found, { category: 'content', scope: 'message' }, `${code}`)
    }
  }
  t.match(whatsappFailure({ code: 777777, subcode: null, message: 'x', isTransient: false }), { category: 'unknown', retry: false })
  t.match(whatsappFailure({ code: 777777, subcode: null, message: 'x', isTransient: true }), { retry: true })
})

t.test('a file is uploaded, then sent; only the sending can be uncertain', async (t) => {
  const { emulator, send } = await setUp(t, 300)
  const part = filePart(outboundFile('label.pdf', 'application/pdf', '%PDF'), 'Label')
  t.match(await send(part), { ok: true })
  const [upload, message] = emulator.calls
  t.match(upload, {
    path: `${phoneNumberId}/media`,
    body: { messaging_product: 'whatsapp', type: 'application/pdf' },
    uploads: [{ field: 'file', name: 'label.pdf' }],
  })
  t.match(message?.body, { to: '+491512345678', document: { caption: 'Label', filename: 'label.pdf' }, biz_opaque_callback_data: 'msg:m1' })
  emulator.faults.next('media', { kind: 'drop-after' })
  t.match(await send(part), { ok: false, retry: true, uncertain: false })
  emulator.faults.next('media', { kind: 'answer', status: 400, body: jsonPayload('whatsapp/api_error_131009.json') })
  t.match(await send(part), { ok: false, retry: false, category: 'content' })
  t.equal(emulator.sent.length, 1, 'nothing sent without the file')
  emulator.faults.next('messages', { kind: 'hang' })
  t.match(await send(part), { ok: false, retry: true, uncertain: true })
  t.equal(emulator.sent.length, 2)
})

t.test('media by id in two steps, both with the token', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  const id = emulator.addMedia(Buffer.from('jpeg'), 'image/jpeg')
  const file: InboundFile = { source: { by: 'id', id }, kind: 'image', name: null, type: 'image/jpeg', size: null, sha256: null }
  const media = await whatsappAdapter.media(file, channel, http)
  t.match(media, { type: 'image/jpeg', size: 4 })
  t.equal((await bytesOf(media.stream)).toString(), 'jpeg')
  emulator.expireAddress(id)
  await t.rejects(whatsappAdapter.media(file, channel, http), { name: 'MediaError', code: 'gone' })
  emulator.faults.next('media', { kind: 'answer', status: 200, body: { url: 'https://169.254.169.254/latest', id } })
  await t.rejects(whatsappAdapter.media(file, channel, http), { code: 'refused_host', retry: false })
  emulator.faults.next('media', { kind: 'answer', status: 200, body: { url: 'https://evilfbsbx.com/x', id } })
  await t.rejects(whatsappAdapter.media(file, channel, http), { code: 'refused_host' })
  emulator.faults.next('media', { kind: 'answer', status: 503, body: '' })
  await t.rejects(whatsappAdapter.media(file, channel, http), { code: 'temporary', retry: true })
  emulator.faults.next('media', { kind: 'answer', status: 401, body: jsonPayload('whatsapp/api_error_190.json') })
  await t.rejects(whatsappAdapter.media(file, channel, http), { code: 'unauthorized', retry: false })
})

t.test('health and version', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  t.match(await whatsappAdapter.health(channel, http), { ok: true, checks: [{ detail: 'ACME +49 30 901820, quality green' }] })
  t.match(await whatsappAdapter.health({ ...channel, config: { ...channel.config, accessToken: 'old' } }, http), { ok: false })
  const urls: string[] = []
  const spy = {
    ...http,
    request: (request: Parameters<typeof http.request>[0]) => {
      urls.push(request.url)
      return http.request(request)
    },
  }
  await whatsappAdapter.send(
    textPart('x'),
    customers.whatsapp,
    'm',
    { ...channel, config: { ...channel.config, apiVersion: 'v26.0' } },
    spy,
  )
  t.same(urls, [`${emulator.origin}/v26.0/${phoneNumberId}/messages`])
})

t.test('a status tells which message it means even when the answer to sending was lost', async (t) => {
  const { emulator, send } = await setUp(t)
  emulator.faults.next('messages', { kind: 'drop-after' })
  t.match(await send(), { ok: false, uncertain: true })
  const [sent] = emulator.sent
  const tag = { biz_opaque_callback_data: sent?.body.biz_opaque_callback_data }
  const events = parse(whatsappStatus(phoneNumberId, sent?.id ?? '', 'delivered', 7, tag))
  t.match(events, [{ target: { externalId: sent?.id, correlationId: 'm1' } }])
})
