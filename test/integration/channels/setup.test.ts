import t from 'tap'
import type { Channel } from '../../../src/contracts/index.ts'
import { addAgent } from '../../helpers/parley.ts'
import { messengerEvent, mid } from '../../helpers/providers/graph-webhooks.ts'
import { startTelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { acceptedChat, addChannel, conversation, messenger, olena, startListening, telegram } from './support.ts'

t.test('a channel is made whatever its provider says, and tells what that was', async (t) => {
  const parley = await startListening(t, { worker: false })
  const emulator = await startTelegramEmulator()
  t.teardown(() => emulator.close())
  const channel = await addChannel(parley, 'telegram', { token: '1:wrong', apiBaseUrl: emulator.origin })
  t.match(channel, { setup: { ok: false, detail: /does not accept the bot token/, webhookUrl: channel.webhookUrl }, enabled: true })
  t.match(await parley.admin.ok('POST', `/api/channels/${channel.id}/test`), {
    ok: false,
    state: 'failing',
    checks: [{ name: 'token', ok: false }],
  })
  const mended = await parley.admin.ok<Channel>('PATCH', `/api/channels/${channel.id}`, { config: { token: emulator.token } })
  t.match(mended, { setup: { ok: true }, state: 'unknown', config: { apiBaseUrl: emulator.origin } })
  t.match(await parley.admin.ok('GET', `/api/channels/${channel.id}/health`), { ok: true, state: 'ok', reason: null })
  t.equal(emulator.webhook.url, channel.webhookUrl)

  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { enabled: false })
  t.equal(emulator.webhook.url, '', 'a channel that is off takes no webhooks')
  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { enabled: true })
  t.equal(emulator.webhook.url, channel.webhookUrl)
  await parley.admin.ok('DELETE', `/api/channels/${channel.id}`)
  t.equal(emulator.webhook.url, '')
  t.equal((await parley.admin.call('GET', `/api/channels/${channel.id}`)).status, 404)
})

t.test('secrets go in and never come out', async (t) => {
  const parley = await startListening(t, { worker: false })
  const { emulator, channel } = await messenger(t, parley)
  const answers = await Promise.all([
    parley.admin.call('GET', '/api/channels'),
    parley.admin.call('GET', `/api/channels/${channel.id}`),
    parley.admin.call('PATCH', `/api/channels/${channel.id}`, { name: 'Page' }),
    parley.admin.call('GET', `/api/channels/${channel.id}/health`),
  ])
  const text = JSON.stringify([channel, ...answers])
  for (const secret of [emulator.token, emulator.appSecret, emulator.verifyToken]) t.notOk(text.includes(secret))
  t.match(channel, { secretsSet: ['appSecret', 'pageAccessToken', 'verifyToken'] })
  const stored = await parley.container.database.db
    .selectFrom('channels')
    .selectAll()
    .where('id', '=', channel.id)
    .executeTakeFirstOrThrow()
  t.notOk(JSON.stringify(stored.config).includes(emulator.token))
  t.notOk(stored.secrets?.toString('latin1').includes(emulator.token))
})

t.test('a channel with chats cannot be deleted, and only administrators see channels', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await telegram(t, parley)
  await emulator.deliver(emulator.messageUpdate(olena, { text: 'Hi' }), { url })
  const { agent, chatId } = await acceptedChat(parley, 'Olena Koval')
  t.match(await parley.admin.call('DELETE', `/api/channels/${channel.id}`), { status: 409, body: { code: 'CHANNEL_HAS_CHATS' } })
  for (const path of ['', '/health']) t.equal((await agent.call('GET', `/api/channels/${channel.id}${path}`)).status, 403)
  t.equal((await agent.call('POST', `/api/channels/${channel.id}/test`)).status, 403)
  const reply = await agent.reply(chatId, 'Hello')
  const stranger = await addAgent(parley, 'Stranger')
  await parley.admin.ok('PATCH', `/api/queues/${parley.queueId}`, { agentIds: [agent.agent.id] })
  t.equal((await stranger.call('GET', `/api/messages/${reply.id}/attempts`)).status, 404)
  t.equal((await agent.call('GET', '/api/messages/999999/attempts')).status, 404)
})

t.test('a message that its customer deletes says so, and what stood there is kept', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await messenger(t, parley)
  const message = { mid: mid(), text: 'Oops' }
  await emulator.deliver(url, messengerEvent(emulator.pageId, '1', 1_795_340_400_000, { message }))
  const { chatId } = await acceptedChat(parley, 'New contact (Messenger 1)')
  const deletion = messengerEvent(emulator.pageId, '1', 1_795_340_401_000, { message: { mid: message.mid, is_deleted: true } })
  await emulator.deliver(url, deletion, { copies: 3, together: true })
  t.strictSame(await conversation(parley, chatId), [['incoming', 'The customer deleted this message']])
  const stored = await parley.container.database.db
    .selectFrom('messages')
    .select('details')
    .where('external_id', '=', message.mid)
    .executeTakeFirstOrThrow()
  t.match(stored.details, { deleted: { text: 'Oops' } })
})
