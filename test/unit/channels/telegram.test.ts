import t, { type Test } from 'tap'
import { type InboundEvent, type OutboundMessage, ProviderCallError } from '../../../src/modules/channels/adapters/adapter.ts'
import { createHttp } from '../../../src/modules/channels/adapters/http.ts'
import { telegramAdapter } from '../../../src/modules/channels/adapters/telegram/telegram.ts'
import { startTelegramEmulator, type TelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { account, bytesOf, customers, filePart, jsonPayload, outboundFile, textOf, textPart, webhook } from './fixtures.ts'

const from = { id: 6012345678, first_name: 'Олена' }

async function setUp(t: Test, answerTimeoutMs = 5_000) {
  const emulator = await startTelegramEmulator()
  const http = createHttp({ answerTimeoutMs })
  t.teardown(() => Promise.all([http.close(), emulator.close()]))
  const channel = account('telegram', { token: emulator.token, apiBaseUrl: emulator.origin })
  const send = (part = textPart('hello')) => telegramAdapter.send(part, customers.telegram, 'm1', channel, http)
  return { emulator, http, channel, send }
}

function parse(update: unknown): InboundEvent[] {
  return telegramAdapter.parse(webhook(JSON.stringify(update)), account('telegram'))
}

function parseContent(emulator: TelegramEmulator, content: Record<string, unknown>): InboundEvent | undefined {
  return parse(emulator.messageUpdate(from, content))[0]
}

t.test('every sort of message is something an agent can read', async (t) => {
  const { emulator } = await setUp(t)
  const lines: Array<[Record<string, unknown>, string]> = [
    [
      { venue: { location: { latitude: 1.5, longitude: 2 }, title: 'Café', address: 'Main St 1' } },
      '📍 Café, Main St 1, 1.5, 2\nhttps://www.google.com/maps?q=1.5,2',
    ],
    [{ contact: { phone_number: '491511', first_name: 'Jo', last_name: 'V' } }, '👤 Jo V\n491511'],
    [{ poll: { question: 'Which?', options: [{ text: 'A' }, { text: 'B' }] } }, '📊 Which?\n• A\n• B'],
    [{ dice: { emoji: '🎯', value: 6 } }, '🎯 6'],
    [{ game: { title: 'Chess' } }, '🎮 Chess'],
    [{ checklist: { title: 'List', tasks: [{ text: 'Milk' }] } }, '☑ List\n• Milk'],
    [{ story: { id: 5 } }, '[Telegram message that cannot be shown here: story]'],
    [{ paid_media: {} }, '[Telegram message that cannot be shown here: paid media]'],
  ]
  for (const [content, text] of lines) t.equal(textOf(parseContent(emulator, content)), text)
  t.match(parseContent(emulator, { text: 'x', forward_origin: { type: 'user' }, media_group_id: '77' }), { forwarded: true, albumId: '77' })
})

t.test('a phone number counts only when it is the customer’s own', async (t) => {
  const { emulator } = await setUp(t)
  const card = { phone_number: '49 1511', first_name: 'Jo' }
  t.match(parseContent(emulator, { contact: { ...card, user_id: from.id } }), { customer: { phone: '+491511' } })
  t.match(parseContent(emulator, { contact: { ...card, user_id: 7 } }), { customer: { phone: null } })
  t.match(parseContent(emulator, { contact: card }), { customer: { phone: null } })
})

t.test('blocking, moving and everything that is no message', async (t) => {
  const { emulator } = await setUp(t)
  const member = jsonPayload('telegram/my_chat_member_unblocked.json') as { my_chat_member: Record<string, unknown> }
  const kicked = { ...member.my_chat_member, new_chat_member: { status: 'kicked' } }
  t.match(parse({ update_id: 1, my_chat_member: kicked }), [{ kind: 'blocked', eventKey: 'update:1' }])
  const group = { chat: { id: -5, type: 'group', title: 'G' }, from: { ...from, is_bot: false }, message_id: 1, date: 1 }
  t.match(parse({ update_id: 2, message: { ...group, migrate_to_chat_id: -1005 } }), [
    { kind: 'identity_changed', from: { namespace: 'telegram', externalId: '-5' }, to: { namespace: 'telegram', externalId: '-1005' } },
  ])
  const after = { ...group, chat: { ...group.chat, id: -1005 }, migrate_from_chat_id: -5 }
  t.match(parse({ update_id: 3, message: after }), [{ kind: 'identity_changed', from: { externalId: '-5' }, to: { externalId: '-1005' } }])
  const ignored = [
    { message: { ...group, new_chat_members: [{}] } },
    { message: { ...group, text: 'x', from: { ...from, is_bot: true } } },
    { message: { ...group, text: 'x', chat: { id: -7, type: 'channel' } } },
    { channel_post: { text: 'x' } },
    { poll: {} },
    { my_chat_member: { ...kicked, chat: group.chat } },
  ]
  for (const update of ignored) t.match(parse(emulator.update(update)), [{ kind: 'ignored' }], Object.keys(update)[0] ?? '')
})

t.test('text with braces stays text', async (t) => {
  const { emulator } = await setUp(t)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a customer may write
  const text = '${1+1} {{x}} <b>'
  t.match(parseContent(emulator, { text }), { text })
})

t.test('one message becomes as few provider messages as can be', async (t) => {
  const photo = outboundFile('a.jpg', 'image/jpeg')
  const video = outboundFile('b.mp4', 'video/mp4')
  const pdf = outboundFile('c.pdf', 'application/pdf')
  const voice = outboundFile('d.ogg', 'audio/ogg')
  const shape = (message: Partial<OutboundMessage>) =>
    telegramAdapter
      .split({ text: null, files: [], replyTo: '1:9', ...message })
      .map((part) => [part.text, part.files.map((file) => file.name).join(), part.replyTo])
  t.same(shape({ text: 'hi' }), [['hi', '', '1:9']])
  t.same(shape({ text: 'hi', files: [photo, video, pdf] }), [
    ['hi', 'a.jpg,b.mp4', '1:9'],
    [null, 'c.pdf', null],
  ])
  t.same(shape({ files: [voice, voice] }), [
    [null, 'd.ogg', '1:9'],
    [null, 'd.ogg', null],
  ])
  t.same(
    shape({ files: Array.from({ length: 12 }, () => photo) }).map(([, names]) => names?.split(',').length),
    [10, 2],
    'an album has at most ten',
  )
  const long = 'x'.repeat(1025)
  t.same(shape({ text: long, files: [pdf] }), [
    [long, '', '1:9'],
    [null, 'c.pdf', null],
  ])
})

t.test('files arrive whole, with name, type and caption', async (t) => {
  const { emulator, send } = await setUp(t)
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256))
  const cases: Array<[string, string, string, string]> = [
    ['a.png', 'image/png', 'sendPhoto', 'photo'],
    ['b.mp4', 'video/mp4', 'sendVideo', 'video'],
    ['c.mp3', 'audio/mpeg', 'sendAudio', 'audio'],
    ['d.ogg', 'audio/ogg; codecs=opus', 'sendVoice', 'voice'],
    ['рахунок "1".pdf', 'application/pdf', 'sendDocument', 'document'],
  ]
  for (const [name, type, method, field] of cases) {
    t.match(await send(filePart(outboundFile(name, type, bytes), 'ось')), { ok: true })
    const call = emulator.calls.at(-1)
    t.match(call, { method, params: { chat_id: '6012345678', caption: 'ось' } })
    t.match(call?.uploads, [{ field, name: name.replaceAll('"', '%22') }])
    t.ok(call?.uploads[0]?.bytes.equals(bytes), `${name} byte for byte`)
  }
  const album = { text: 'both', files: [outboundFile('1.jpg', 'image/jpeg'), outboundFile('2.jpg', 'image/jpeg')], replyTo: null }
  const result = await send(album)
  t.equal(result.ok && result.externalIds.length, 2, 'an album has an id for every file')
  t.same(
    emulator.sent.slice(-2).map((message) => message.caption),
    ['both', undefined],
    'only the first carries the text',
  )
})

t.test('a photo Telegram cannot show goes as a document', async (t) => {
  const { emulator, send } = await setUp(t)
  emulator.faults.next('sendPhoto', {
    kind: 'answer',
    status: 400,
    body: { ok: false, error_code: 400, description: 'Bad Request: PHOTO_INVALID_DIMENSIONS' },
  })
  t.match(await send(filePart(outboundFile('long.png', 'image/png'))), { ok: true })
  t.match(emulator.sent, [{ document: { file_name: 'long.png' } }])
})

t.test('an outcome is uncertain exactly when Telegram may have taken the message', async (t) => {
  const { emulator, send } = await setUp(t, 300)
  for (const kind of ['drop-after', 'hang'] as const) {
    emulator.faults.next('sendMessage', { kind })
    t.match(await send(), { ok: false, retry: true, uncertain: true, category: 'network' }, kind)
  }
  t.equal(emulator.sent.length, 2)
  emulator.faults.next('sendMessage', { kind: 'answer', status: 500, body: 'Internal Server Error' })
  t.match(await send(), { ok: false, retry: true, uncertain: false, code: 'telegram.http_500' })
  emulator.faults.next('sendMessage', { kind: 'answer', status: 502, body: '<html>' })
  t.match(await send(), { ok: false, retry: true, uncertain: true, code: 'telegram.http_502' })
  await emulator.close()
  emulator.faults.clear()
  const other = account('telegram', { apiBaseUrl: emulator.origin })
  const fresh = createHttp()
  t.teardown(() => fresh.close())
  const refused = await telegramAdapter.send(textPart('x'), customers.telegram, 'm', other, fresh)
  t.match(refused, { ok: false, retry: true, uncertain: false, code: 'network.ECONNREFUSED' })
})

t.test('a customer without a Telegram identity cannot be reached', async (t) => {
  const { http, channel } = await setUp(t)
  t.match(await telegramAdapter.send(textPart('x'), customers.sms, 'm', channel, http), {
    ok: false,
    retry: false,
    category: 'unreachable',
  })
})

t.test('media by id', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  const id = emulator.addFile(Buffer.from('voice'), 'voice/file_1.oga')
  const file = { source: { by: 'id' as const, id }, kind: 'voice' as const, name: null, type: 'audio/ogg', size: 5, sha256: null }
  const media = await telegramAdapter.media(file, channel, http)
  t.match(media, { type: 'audio/ogg', size: 5, name: 'file_1.oga' })
  t.equal((await bytesOf(media.stream)).toString(), 'voice')
  const fails = (code: string, retry: boolean) => t.rejects(telegramAdapter.media(file, channel, http), { name: 'MediaError', code, retry })
  emulator.faults.next('getFile', { kind: 'answer', status: 400, body: jsonPayload('telegram/api_error_400_file_too_big.json') })
  await fails('too_large', false)
  emulator.faults.next('getFile', { kind: 'answer', status: 429, body: jsonPayload('telegram/api_error_429.json') })
  await fails('temporary', true)
  emulator.faults.next('getFile', { kind: 'drop-before' })
  await fails('temporary', true)
  emulator.faults.next('getFile', { kind: 'answer', status: 200, body: { ok: true, result: { file_path: 'voice/gone.oga' } } })
  await fails('gone', false)
  emulator.faults.next('getFile', { kind: 'answer', status: 401, body: jsonPayload('telegram/api_error_401.json') })
  await fails('unauthorized', false)
})

t.test('connecting registers the webhook and health sees it', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  t.match(await telegramAdapter.health(channel, http), {
    ok: false,
    checks: [
      { name: 'token', ok: true },
      { name: 'webhook', ok: false },
    ],
  })
  await telegramAdapter.connect?.(channel, http)
  t.equal(emulator.webhook.url, 'https://chat.example.org/webhooks/telegram/telegram-main')
  t.match(await telegramAdapter.health(channel, http), { ok: true })
  t.match(await telegramAdapter.health({ ...channel, publicUrl: 'https://moved.example.org' }, http), { ok: false })
  await telegramAdapter.disconnect?.(channel, http)
  t.equal(emulator.webhook.url, '')
  const wrong = account('telegram', { token: '1:wrong', apiBaseUrl: emulator.origin })
  t.match(await telegramAdapter.health(wrong, http), { ok: false, checks: [{ name: 'token', ok: false }] })
  await t.rejects(async () => telegramAdapter.connect?.({ ...channel, publicUrl: null }, http), ProviderCallError)
})

t.test('a made-up secret token is registered, expected, and no two channels share it', async (t) => {
  const { emulator, http } = await setUp(t)
  const config = { token: emulator.token, apiBaseUrl: emulator.origin, secretToken: undefined }
  const [one, two] = [account('telegram', config, { id: 'one' }), account('telegram', config, { id: 'two' })]
  await telegramAdapter.connect?.(one, http)
  const request = webhook('{}', { headers: { 'x-telegram-bot-api-secret-token': emulator.webhook.secret ?? '' } })
  t.match(telegramAdapter.verify(request, one), { ok: true })
  t.match(telegramAdapter.verify(request, two), { ok: false })
})

t.test('profile picture, callback answer and typing', async (t) => {
  const { emulator, http, channel } = await setUp(t)
  t.match(await telegramAdapter.profile?.(customers.telegram.identities[0], channel, http), { picture: null })
  const id = emulator.addProfilePhoto(6012345678, Buffer.from('me'))
  t.match(await telegramAdapter.profile?.(customers.telegram.identities[0], channel, http), { picture: { source: { by: 'id', id } } })
  t.equal(await telegramAdapter.profile?.({ namespace: 'telegram', externalId: '-100' }, channel, http), null, 'a group has none')
  await telegramAdapter.acknowledge?.('42', channel, http)
  t.match(emulator.callsOf('answerCallbackQuery'), [{ params: { callback_query_id: '42' } }])
  await telegramAdapter.presence?.({ kind: 'typing', lastMessageId: null }, customers.telegram, channel, http)
  t.match(emulator.callsOf('sendChatAction'), [{ params: { action: 'typing' } }])
})
