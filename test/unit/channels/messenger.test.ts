import t, { type Test } from 'tap'
import type { InboundEvent, InboundFile } from '../../../src/modules/channels/adapters/adapter.ts'
import { createHttp } from '../../../src/modules/channels/adapters/http.ts'
import { messengerAdapter } from '../../../src/modules/channels/adapters/messenger/messenger.ts'
import { messengerFailure } from '../../../src/modules/channels/adapters/messenger/messenger-errors.ts'
import { startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { batch, messengerEcho, messengerEvent } from '../../helpers/providers/graph-webhooks.ts'
import { account, bytesOf, customers, filePart, jsonPayload, outboundFile, textOf, textPart, webhook } from './fixtures.ts'

const pageId = '104477669912350'
const psid = '7811203946650127'
const identity = customers.messenger.identities[0]

async function setUp(t: Test) {
  const emulator = await startGraphEmulator()
  const http = createHttp()
  t.teardown(() => Promise.all([http.close(), emulator.close()]))
  const channel = account('messenger', { pageAccessToken: emulator.token, apiBaseUrl: emulator.origin })
  const send = (part = textPart('hello')) => messengerAdapter.send(part, customers.messenger, 'm1', channel, http)
  return { emulator, http, channel, send }
}

function parse(payload: unknown): InboundEvent[] {
  return messengerAdapter.parse(webhook(JSON.stringify(payload)), account('messenger'))
}

function parseMessage(message: Record<string, unknown>): InboundEvent | undefined {
  return parse(messengerEvent(pageId, psid, 1795340400123, { message: { mid: 'm_1', ...message } }))[0]
}

t.test('a batch for two pages', async (t) => {
  const vectors = jsonPayload('meta_signature_vectors.json') as unknown as Array<{ source: string; rawBody: string }>
  const body = vectors.find(({ source }) => source === 'messenger/batch_two_pages.json')?.rawBody ?? ''
  t.match(messengerAdapter.parse(webhook(body), account('messenger')), [
    { kind: 'message', text: 'uno' },
    { kind: 'status', status: 'read', target: { by: 'watermark', upTo: new Date(1795340400723), inclusive: true } },
    {
      kind: 'other_account',
      accountKey: '104477669912999',
      event: {
        kind: 'message',
        text: 'two',
        customer: { identities: [{ namespace: 'messenger:104477669912999', externalId: '9900112233445566' }] },
      },
    },
    { kind: 'ignored', reason: 'Change of feed' },
  ])
})

t.test('every sort of attachment is something an agent can read', async (t) => {
  const cases: Array<[Record<string, unknown>, Record<string, unknown>]> = [
    [
      { attachments: [{ type: 'location', title: 'Home', payload: { coordinates: { lat: 1.5, long: 2 } } }] },
      { text: '📍 Home, 1.5, 2\nhttps://www.google.com/maps?q=1.5,2', files: [] },
    ],
    [{ attachments: [{ type: 'fallback' }] }, { text: '[Messenger message that cannot be shown here: fallback]' }],
    [{ text: 'look', attachments: [{ type: 'fallback' }] }, { text: 'look' }],
    [{ attachments: [{ type: 'reel', payload: { url: 'https://fb.com/reel/1', title: 'Cat' } }] }, { text: 'Cat\nhttps://fb.com/reel/1' }],
    [
      { attachments: [{ type: 'template', payload: { template_type: 'generic', elements: [{ title: 'Shirt', subtitle: '10 €' }] } }] },
      { text: 'Shirt\n10 €' },
    ],
    [
      { attachments: [{ type: 'hologram', payload: { url: 'https://x' } }] },
      { text: '[Messenger message that cannot be shown here: hologram]\nhttps://x' },
    ],
    [{ is_unsupported: true }, { text: '[Messenger message that cannot be shown here: content not shared with apps]' }],
    [{ attachments: [{ type: 'image', payload: {} }] }, { text: '[Messenger message that cannot be shown here: image]', files: [] }],
  ]
  for (const [message, expected] of cases) {
    t.match(parseMessage(message), { kind: 'message', ...expected })
    t.equal(textOf(parseMessage(message)), expected.text)
  }
})

t.test('the sticker of old comes once', async (t) => {
  const payload = { url: 'https://scontent.example.fbcdn.net/s.png', sticker_id: 5 }
  const event = parseMessage({
    attachments: [
      { type: 'image', payload },
      { type: 'sticker', payload },
    ],
  })
  t.match(event, { files: [{ kind: 'sticker' }] })
  t.equal(event?.kind === 'message' && event.files.length, 1)
  t.match(parseMessage({ attachments: [{ type: 'image', payload }] }), { files: [{ kind: 'sticker' }] })
})

t.test('edits, unsending and standby', async (t) => {
  const edit = messengerEvent(pageId, psid, 5, { message_edit: { mid: 'm_1', text: 'better', num_edit: 2 } })
  t.match(parse(edit), [{ kind: 'edited', eventKey: 'm_1:edit:2', externalId: 'm_1', text: 'better' }])
  t.match(parseMessage({ is_deleted: true }), { kind: 'deleted', externalId: 'm_1' })
  const standby = (event: Record<string, unknown>) => ({
    object: 'page',
    entry: [{ id: pageId, standby: [{ sender: { id: psid }, recipient: { id: pageId }, timestamp: 5, ...event }] }],
  })
  t.match(parse(standby({ message: { mid: 'm_2', text: 'for the bot' } })), [{ kind: 'ignored' }])
  t.match(parse(standby({ read: { watermark: 9 } })), [{ kind: 'status', status: 'read' }])
})

t.test('echoes of other apps are messages of the page, ours are not', async (t) => {
  const [foreign, ours] = [
    { mid: 'm_9', app_id: 1, metadata: 'their own', text: 'bot' },
    { mid: 'm_8', app_id: 2, metadata: 'msg:abc', text: 'ours' },
  ].map((message) => messengerEcho(pageId, psid, 5, message))
  t.match(parse(batch([foreign ?? {}, ours ?? {}])), [
    { kind: 'outgoing', externalId: 'm_9', text: 'bot', customer: { identities: [identity] } },
    { kind: 'echo', externalId: 'm_8', correlationId: 'abc', customer: identity },
  ])
})

t.test('text and files are messages of their own', async (t) => {
  const [photo, pdf] = [outboundFile('a.jpg', 'image/jpeg'), outboundFile('b.pdf', 'application/pdf')]
  const parts = messengerAdapter.split({ text: 'hi', files: [photo, pdf], replyTo: 'm_q' })
  t.same(
    parts.map((part) => [part.text, part.files.map((file) => file.name).join(), part.replyTo]),
    [
      ['hi', '', 'm_q'],
      [null, 'a.jpg', null],
      [null, 'b.pdf', null],
    ],
  )
})

t.test('a file travels in the call that sends it', async (t) => {
  const { emulator, send } = await setUp(t)
  for (const [name, type, kind] of [
    ['a.png', 'image/png', 'image'],
    ['b.mp3', 'audio/mpeg', 'audio'],
    ['c.mp4', 'video/mp4', 'video'],
    ['d.pdf', 'application/pdf', 'file'],
  ] as const) {
    t.match(await send(filePart(outboundFile(name, type, name))), { ok: true, externalIds: [emulator.sent.at(-1)?.id ?? /./] })
    t.match(emulator.sent.at(-1), {
      to: psid,
      body: { messaging_type: 'RESPONSE', message: { attachment: { type: kind }, metadata: 'msg:m1' } },
    })
    const [upload] = emulator.sent.at(-1)?.uploads ?? []
    t.match(upload, { field: 'filedata', name, type })
    t.equal(upload?.bytes.toString(), name)
  }
  const big = { ...outboundFile('big.png', 'image/png', Buffer.alloc(8 * 1024 * 1024 + 1)) }
  t.match(await send(filePart(big)), { ok: true })
  t.match(emulator.sent.at(-1)?.body, { message: { attachment: { type: 'file' } } }, 'images over 8 MB go as files')
})

t.test('outside the window only apps that may answer as a human agent do', async (t) => {
  const { emulator, http, channel, send } = await setUp(t)
  const { error } = jsonPayload('messenger/api_error_10_2018278.json')
  emulator.refusals.set(psid, { status: 403, error: error as Record<string, unknown> })
  t.match(await send(), { ok: false, category: 'window_closed' })
  t.equal(emulator.calls.length, 1)
  const tagged = { ...channel, config: { ...channel.config, humanAgentTag: true } }
  t.match(await messengerAdapter.send(textPart('x'), customers.messenger, 'm', tagged, http), { ok: true })
  t.equal(messengerAdapter.limits(channel.config).replyWindowHours, 24)
  t.equal(messengerAdapter.limits(tagged.config).replyWindowHours, 168)
})

t.test('error codes by class', async (t) => {
  const classify = (code: number, subcode: number | null = null, isTransient = false) =>
    messengerFailure({ code, subcode, message: 'x', isTransient })
  for (const code of [1, 2, 4, 17, 32, 613, 1200]) t.match(classify(code), { retry: true }, `${code}`)
  t.match(classify(2), { maxAttempts: 4 })
  t.match(classify(9999, null, true), { retry: true })
  for (const [code, subcode] of [
    [10, 2018278],
    [10, 2534022],
    [10, 2018065],
  ] as const)
    t.match(classify(code, subcode), { category: 'window_closed', retry: false })
  for (const [code, subcode] of [
    [551, 1545041],
    [200, 1545041],
    [10, 2018108],
    [100, 2018001],
    [551, null],
  ] as const) {
    t.match(classify(code, subcode), { category: 'unreachable', scope: 'recipient', retry: false }, `${code}/${subcode}`)
  }
  for (const subcode of [2018047, 1, null]) t.match(classify(100, subcode), { category: 'content', scope: 'message', retry: false })
  for (const [code, subcode] of [
    [190, 460],
    [190, 463],
    [190, 467],
    [10, null],
    [200, null],
    [230, null],
    [368, null],
  ] as const) {
    t.match(classify(code, subcode), { category: 'account', scope: 'channel', retry: false }, `${code}`)
  }
})

t.test('media comes from Facebook’s hosts only', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  const at = (url: string): InboundFile => ({
    source: { by: 'url', url },
    kind: 'image',
    name: 'photo.jpg',
    type: null,
    size: null,
    sha256: null,
  })
  const media = await messengerAdapter.media(at(emulator.cdnUrl(Buffer.from('jpeg'), 'image/jpeg', 'photo.jpg')), channel, http)
  t.match(media, { type: 'image/jpeg', size: 4, name: 'photo.jpg' })
  t.equal((await bytesOf(media.stream)).toString(), 'jpeg')
  const real = account('messenger')
  for (const url of [
    'http://cdn.fbsbx.com/x',
    'https://fbsbx.com.evil.org/x',
    'https://169.254.169.254/',
    `${emulator.origin}/cdn/1/x`,
    'https://a@fbsbx.com/',
    'file:///etc/passwd',
    'x',
  ]) {
    await t.rejects(messengerAdapter.media(at(url), real, http), { code: 'refused_host', retry: false }, url)
  }
  await t.rejects(messengerAdapter.media(at(`${emulator.origin}/cdn/unknown/x`), channel, http), { code: 'unauthorized' })
})

t.test('profile, subscription and presence', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  t.equal(await messengerAdapter.profile?.(identity, channel, http), null, 'hidden profiles are no error')
  emulator.profiles.set(psid, { first_name: 'Lucía', last_name: 'Ramos', picture: Buffer.from('me') })
  const profile = await messengerAdapter.profile?.(identity, channel, http)
  t.match(profile, { name: 'Lucía Ramos' })
  const picture = profile?.picture ? await messengerAdapter.media(profile.picture, channel, http) : null
  t.equal(picture && (await bytesOf(picture.stream)).toString(), 'me')
  emulator.faults.next('profile', { kind: 'answer', status: 503, body: '' })
  await t.rejects(async () => messengerAdapter.profile?.(identity, channel, http), { name: 'ProviderCallError', failure: { retry: true } })
  t.match(await messengerAdapter.health(channel, http), { ok: false, checks: [{ ok: true }, { name: 'webhook', ok: false }] })
  await messengerAdapter.connect?.(channel, http)
  t.match(await messengerAdapter.health(channel, http), { ok: true })
  await messengerAdapter.disconnect?.(channel, http)
  t.match(await messengerAdapter.health(channel, http), { ok: false })
  await messengerAdapter.presence?.({ kind: 'read', externalId: 'm_1' }, customers.messenger, channel, http)
  t.match(emulator.calls.at(-1)?.body, { recipient: { id: psid }, sender_action: 'mark_seen' })
})
