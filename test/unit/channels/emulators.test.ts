/** Clients that know nothing of Parley find the emulators to be what they pretend to be. */
import { Bot, GrammyError, HttpError, InputFile } from 'grammy'
import t from 'tap'
import twilioSdk from 'twilio'
import { startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { batch, messengerEvent, whatsappMessage } from '../../helpers/providers/graph-webhooks.ts'
import { startTelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { startTwilioEmulator } from '../../helpers/providers/twilio-emulator.ts'
import { jsonPayload, payload } from './fixtures.ts'
import { listenForWebhooks } from './webhook-listener.ts'

t.test('grammy drives the Telegram emulator', async (t) => {
  const emulator = await startTelegramEmulator()
  t.teardown(() => emulator.close())
  const bot = new Bot(emulator.token, { client: { apiRoot: emulator.origin } })
  await bot.init()
  t.equal(bot.botInfo.id, emulator.bot.id)
  const chat = 6012345678
  const sent = await bot.api.sendMessage(chat, 'Привіт', { reply_parameters: { message_id: 9 } })
  t.match(sent, { text: 'Привіт', chat: { id: chat } })
  const document = await bot.api.sendDocument(chat, new InputFile(Buffer.from('%PDF'), 'label.pdf'), { caption: 'Етикетка' })
  t.match(document, { caption: 'Етикетка', document: { file_name: 'label.pdf', file_size: 4 } })
  const album = await bot.api.sendMediaGroup(chat, [
    { type: 'photo', media: new InputFile(Buffer.from('a'), 'a.jpg') },
    { type: 'photo', media: new InputFile(Buffer.from('b'), 'b.jpg') },
  ])
  t.equal(album.length, 2)
  const file = await bot.api.getFile(document.document.file_id)
  const download = await fetch(`${emulator.origin}/file/bot${emulator.token}/${file.file_path}`)
  t.equal(await download.text(), '%PDF')
  await bot.api.setWebhook('https://chat.example.org/webhooks/telegram/x', { secret_token: 'abc' })
  t.match(await bot.api.getWebhookInfo(), { url: 'https://chat.example.org/webhooks/telegram/x' })
  await t.rejects(bot.api.getUpdates(), { name: 'GrammyError', error_code: 409 })
  emulator.addProfilePhoto(chat, Buffer.from('me'))
  t.match(await bot.api.getUserProfilePhotos(chat), { total_count: 1 })
  t.equal(await bot.api.answerCallbackQuery('1'), true)
  t.equal(await bot.api.sendChatAction(chat, 'typing'), true)
  await t.rejects(bot.api.sendMessage(chat, 'x'.repeat(4097)), { name: 'GrammyError', error_code: 400, description: /message is too long/ })
})

t.test('grammy meets the scripted faults of Telegram', async (t) => {
  const emulator = await startTelegramEmulator()
  t.teardown(() => emulator.close())
  const { api } = new Bot(emulator.token, { client: { apiRoot: emulator.origin, sensitiveLogs: true } })
  emulator.faults.next('sendMessage', { kind: 'answer', status: 429, body: jsonPayload('telegram/api_error_429.json') })
  await t.rejects(api.sendMessage(1, 'x'), { name: 'GrammyError', error_code: 429, parameters: { retry_after: 14 } })
  emulator.faults.next('sendMessage', { kind: 'drop-after' })
  const dropped = await api.sendMessage(1, 'taken').catch((error: unknown) => error)
  t.type(dropped, HttpError)
  t.match(emulator.sent, [{ text: 'taken' }], 'a dropped answer does not undo the message')
  emulator.faults.next('sendMessage', { kind: 'drop-before' })
  t.type(await api.sendMessage(1, 'lost').catch((error: unknown) => error), HttpError)
  t.equal(emulator.sent.length, 1)
  emulator.refusals.set(2, { error_code: 403, description: 'Forbidden: bot was blocked by the user' })
  t.type(await api.sendMessage(2, 'x').catch((error: unknown) => error), GrammyError)
  const stranger = new Bot('1:wrong', { client: { apiRoot: emulator.origin } })
  await t.rejects(stranger.api.getMe(), { name: 'GrammyError', error_code: 401 })
})

t.test('the Telegram emulator posts updates one by one with the secret of the webhook', async (t) => {
  const emulator = await startTelegramEmulator()
  const listener = await listenForWebhooks()
  t.teardown(() => Promise.all([emulator.close(), listener.close()]))
  const { api } = new Bot(emulator.token, { client: { apiRoot: emulator.origin } })
  await api.setWebhook(`${listener.origin}/hook`, { secret_token: 's3cret' })
  const updates = ['one', 'two'].map((text) => emulator.messageUpdate({ id: 6012345678, first_name: 'Олена' }, { text }))
  await emulator.deliver(updates, { copies: 2, reversed: true })
  t.same(
    listener.received.map(({ body, headers }) => [JSON.parse(body).message.text, headers['x-telegram-bot-api-secret-token']]),
    ['two', 'two', 'one', 'one'].map((text) => [text, 's3cret']),
  )
})

t.test('the twilio SDK drives the Twilio emulator', async (t) => {
  const emulator = await startTwilioEmulator()
  t.teardown(() => emulator.close())
  const client = twilioSdk(emulator.accountSid, emulator.authToken, { httpClient: loopbackClient(emulator.origin) })
  const created = await client.messages.create({ to: '+17185550199', from: '+15105550142', body: 'Your order ships today.' })
  t.match(created, { status: 'queued', body: 'Your order ships today.', errorCode: null, numSegments: '1' })
  const service = await client.messages.create({ to: '+17185550199', messagingServiceSid: `MG${'0'.repeat(32)}`, body: 'x' })
  t.match(service, { status: 'accepted', from: null, numSegments: '0' })
  const media = ['https://files.example.org/o/1.png', 'https://files.example.org/o/2.png']
  t.match(await client.messages.create({ to: '+17185550199', from: '+15105550142', mediaUrl: media }), { sid: /^MM/, numMedia: '2' })
  t.match(await client.messages(created.sid).fetch(), { sid: created.sid })
  const list = await client.messages.list({ to: '+17185550199', limit: 10 })
  t.equal(list.length, 3)
  t.equal(list.at(-1)?.sid, created.sid, 'newest first')
  emulator.refusals.set('+17185550100', 21610)
  await t.rejects(client.messages.create({ to: '+17185550100', from: '+15105550142', body: 'x' }), { status: 400, code: 21610 })
  await t.rejects(client.messages.create({ to: 'nobody', from: '+15105550142', body: 'x' }), { code: 21211 })
  emulator.faults.next('create', { kind: 'answer', status: 429, body: jsonPayload('twilio/api_error_429_20429.json') })
  await t.rejects(client.messages.create({ to: '+17185550199', from: '+15105550142', body: 'x' }), { status: 429, code: 20429 })
  const stranger = twilioSdk(emulator.accountSid, 'wrong', { httpClient: loopbackClient(emulator.origin) })
  await t.rejects(stranger.messages.list({ limit: 1 }), { status: 401, code: 20003 })
})

/** Sends the SDK's requests to the emulator instead of api.twilio.com. */
function loopbackClient(origin: string): InstanceType<typeof twilioSdk.RequestClient> {
  const client = new twilioSdk.RequestClient()
  const request = client.request.bind(client)
  client.request = (options) => request({ ...options, uri: options.uri.replace('https://api.twilio.com', origin) })
  return client
}

t.test('the twilio SDK accepts what the emulator signs', async (t) => {
  const emulator = await startTwilioEmulator({ publicOrigin: 'https://chat.example.org' })
  const listener = await listenForWebhooks()
  emulator.localOrigin = listener.origin
  t.teardown(() => Promise.all([emulator.close(), listener.close()]))
  const fields = emulator.incoming('+17185550199', '+15105550142', '¿Dónde? 20% & "more"', { FromCity: '' })
  await emulator.deliver(`${listener.origin}/webhooks/sms/main?tenant=a%20b`, [fields, fields], { together: true })
  t.equal(listener.received.length, 2)
  for (const { url, headers, body } of listener.received) {
    const params = Object.fromEntries(new URLSearchParams(body))
    const signature = String(headers['x-twilio-signature'])
    t.ok(twilioSdk.validateRequest(emulator.authToken, signature, `https://chat.example.org${url}`, params))
    t.notOk(twilioSdk.validateRequest(emulator.authToken, signature, `https://chat.example.org${url}`, { ...params, Body: 'else' }))
  }
})

t.test('the Graph emulator signs the bytes of the vectors', async (t) => {
  const vectors = jsonPayload('meta_signature_vectors.json') as unknown as Array<{
    source: string
    appSecret: string
    rawBody: string
    header: string
  }>
  const emulator = await startGraphEmulator({ appSecret: vectors[0]?.appSecret ?? '' })
  t.teardown(() => emulator.close())
  for (const vector of vectors) {
    const body = emulator.bodyOf(JSON.parse(vector.rawBody))
    t.equal(body, vector.rawBody, `${vector.source}: same bytes`)
    t.equal(emulator.signature(body), vector.header, `${vector.source}: same signature`)
  }
  t.equal(emulator.bodyOf(JSON.parse(payload('whatsapp/image.json').toString())).includes('https:\\/\\/'), true, 'slashes are escaped')
})

t.test('webhooks come in batches, twice and out of order', async (t) => {
  const emulator = await startGraphEmulator()
  const listener = await listenForWebhooks()
  t.teardown(() => Promise.all([emulator.close(), listener.close()]))
  const customer = { phone: '491512345678', name: 'Marta' }
  const texts = ['one', 'two'].map((body) =>
    whatsappMessage(emulator.phoneNumberId, customer, emulator.tick(), { type: 'text', text: { body } }),
  )
  await emulator.deliver(listener.origin, batch(texts))
  await emulator.deliver(listener.origin, texts, { copies: 2, reversed: true })
  await emulator.deliver(listener.origin, messengerEvent(emulator.pageId, '77', 1795340400123, { read: { watermark: 1 } }))
  const said = listener.received.map(({ body }) => [...body.matchAll(/"body":"(\w+)"/g)].map((match) => match[1]).join('+'))
  t.same(said, ['one+two', 'two', 'two', 'one', 'one', ''])
})

t.test('a status can arrive before the send call is answered', async (t) => {
  const emulator = await startTwilioEmulator()
  const listener = await listenForWebhooks()
  t.teardown(() => Promise.all([emulator.close(), listener.close()]))
  const client = twilioSdk(emulator.accountSid, emulator.authToken, { httpClient: loopbackClient(emulator.origin) })
  let answered = false
  emulator.faults.next('create', {
    kind: 'hold',
    until: async () => {
      const message = emulator.sent.at(-1)
      if (message) await emulator.report(message, ['sent', 'delivered'])
      t.notOk(answered)
    },
  })
  await client.messages.create({ to: '+17185550199', from: '+15105550142', body: 'x', statusCallback: `${listener.origin}/status` })
  answered = true
  t.same(
    listener.received.map(({ body }) => new URLSearchParams(body).get('MessageStatus')),
    ['sent', 'delivered'],
  )
})
