import t from 'tap'
import type { GraphMessage } from '../../helpers/providers/graph-emulator.ts'
import { messengerEcho, messengerEvent, mid } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { acceptedChat, conversation, message, messenger, startListening } from './support.ts'

const psid = '7811203946650127'
/** The mark we left on a message that the page sent. */
function metadataOf(sent: GraphMessage | undefined): string {
  const { metadata } = (sent?.body.message ?? {}) as { metadata?: string }
  if (metadata === undefined) throw new Error('The message carries no mark')
  return metadata
}

const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex')

t.test('a customer of a page gets a name, a picture and answers, and reads them', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await messenger(t, parley)
  t.match(channel, { setup: { ok: true, detail: /subscribed/ }, secretsSet: ['appSecret', 'pageAccessToken', 'verifyToken'] })
  t.ok(emulator.subscribedFields.includes('message_echoes'))
  emulator.profiles.set(psid, { first_name: 'Lucía', last_name: 'Ruiz', picture: jpeg })
  emulator.faults.next('profile', { kind: 'answer', status: 500, body: { error: { code: 2, message: 'Service temporarily unavailable' } } })
  const start = Date.now()
  await emulator.deliver(url, messengerEvent(emulator.pageId, psid, start, { message: { mid: mid(), text: '¿Hola?' } }), { copies: 2 })
  const { agent, chatId } = await acceptedChat(parley, 'Lucía Ruiz')
  const { photoUrl } = await until(async () => {
    const { contact } = await agent.chat(chatId)
    return contact.photoUrl === null ? undefined : contact
  })
  await until(async () => (await agent.call('GET', photoUrl ?? '')).status === 200, { message: 'the picture' })

  const reply = await agent.reply(chatId, 'Sí')
  await message(agent, chatId, reply.id, 'sent')
  const [sent] = emulator.sent
  const metadata = metadataOf(sent)
  const sentAt = Date.now() + 1
  const echo = messengerEcho(emulator.pageId, psid, sentAt, { mid: sent?.id, metadata, text: 'Sí' })
  const delivered = messengerEvent(emulator.pageId, psid, sentAt, { delivery: { watermark: sentAt + 1 } })
  const read = messengerEvent(emulator.pageId, psid, sentAt, { read: { watermark: sentAt } })
  await emulator.deliver(url, [echo, delivered, read], { reversed: true, copies: 2 })
  t.match(await message(agent, chatId, reply.id, 'read'), { providerAt: new Date(sentAt).toISOString() })
  const later = await agent.reply(chatId, 'Una cosa más')
  await message(agent, chatId, later.id, 'sent')
  await emulator.deliver(url, read)
  t.match((await agent.messages(chatId)).at(-1), { status: 'sent' }, 'an old watermark moves nothing that came later')

  const other = messengerEcho(emulator.pageId, psid, sentAt + 5, { mid: mid(), app_id: 26_390, text: 'Desde la bandeja' })
  await emulator.deliver(url, other, { copies: 20, together: true })
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', '¿Hola?'],
    ['outgoing', 'Sí'],
    ['outgoing', 'Una cosa más'],
    ['outgoing', 'Desde la bandeja'],
  ])
})

t.test('Messenger takes a message and drops the connection: the echo proves it', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await messenger(t, parley)
  await emulator.deliver(url, messengerEvent(emulator.pageId, psid, 1_795_340_400_000, { message: { mid: mid(), text: 'Hola' } }))
  const { agent, chatId } = await acceptedChat(parley, `New contact (Messenger ${psid})`)
  emulator.faults.next('messages', { kind: 'drop-after' })
  const reply = await agent.reply(chatId, 'Solo una vez')
  const [sent] = await until(() => (emulator.sent.length === 1 ? emulator.sent : undefined))
  const metadata = metadataOf(sent)
  await emulator.deliver(url, messengerEcho(emulator.pageId, psid, 1_795_340_401_000, { mid: sent?.id, metadata, text: 'Solo una vez' }))
  await message(agent, chatId, reply.id, 'sent')
  const next = await agent.reply(chatId, 'Y ya')
  await message(agent, chatId, next.id, 'sent')
  t.equal(emulator.sent.length, 2)
})

t.test('a subscription that is gone raises an alarm, and one that is back ends it', async (t) => {
  const parley = await startListening(t, { worker: false })
  const { emulator, channel } = await messenger(t, parley)
  const { channelHealth, database } = parley.container
  const notes = () => database.db.selectFrom('notifications').select(['title', 'severity']).orderBy('id').execute()
  const checkNow = async () => {
    await database.db.updateTable('channels').set({ checked_at: null }).where('id', '=', channel.id).execute()
    await channelHealth.watch()
  }
  await checkNow()
  t.match(await parley.admin.ok('GET', `/api/channels/${channel.id}`), { state: 'ok' })
  emulator.subscribedFields = []
  await checkNow()
  t.strictSame(await notes(), [], 'one failed look is no alarm')
  await checkNow()
  await checkNow()
  t.match(await notes(), [{ title: /may not receive/, severity: 'warning' }])
  t.match(await parley.admin.ok('GET', `/api/channels/${channel.id}/health`), {
    ok: false,
    state: 'warning',
    reason: /not subscribed/,
    checks: [
      { name: 'token', ok: true },
      { name: 'webhook', ok: false },
    ],
  })
  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { config: { verifyToken: 'another' } })
  t.match(await parley.admin.ok('POST', `/api/channels/${channel.id}/test`), { ok: true, state: 'ok', waitingMessages: 0 })
})

t.test('a channel nothing has come in from for too long raises an alarm', async (t) => {
  const parley = await startListening(t, { worker: false })
  const { emulator, channel, url } = await messenger(t, parley)
  const { channelHealth, database } = parley.container
  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { silenceAlarmHours: 0.5 })
  const silentSince = async (minutes: number) => {
    const last = new Date(Date.now() - minutes * 60_000)
    await database.db.updateTable('channels').set({ last_webhook_at: last, checked_at: null }).where('id', '=', channel.id).execute()
    await channelHealth.watch()
    return parley.admin.ok<{ state: string; stateReason: string | null }>('GET', `/api/channels/${channel.id}`)
  }
  t.match(await silentSince(20), { state: 'ok' })
  t.match(await silentSince(40), { state: 'warning', stateReason: /Nothing has come in for 0.5 hours/ })
  await emulator.deliver(url, messengerEvent(emulator.pageId, psid, 1_795_340_400_000, { message: { mid: mid(), text: 'Hola' } }))
  await until(async () => {
    const report = await parley.admin.ok<{ state: string }>('POST', `/api/channels/${channel.id}/test`)
    return report.state === 'ok'
  })
})

t.test('what is for another page goes to the channel of that page, if it trusts the same app', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await messenger(t, parley)
  const config = { pageAccessToken: emulator.token, appSecret: emulator.appSecret, verifyToken: 'v', apiBaseUrl: emulator.origin }
  const fields = { kind: 'messenger', queueId: parley.queueId }
  const second = await parley.admin.ok<{ id: string }>('POST', '/api/channels', {
    ...fields,
    name: 'Second page',
    config: { ...config, pageId: '2' },
  })
  await parley.admin.ok('POST', '/api/channels', {
    ...fields,
    name: 'Third page',
    config: { ...config, pageId: '3', appSecret: 'another app' },
  })
  for (const page of ['2', '3', '4']) {
    const answers = await emulator.deliver(
      url,
      messengerEvent(page, psid, 1_795_340_400_000, { message: { mid: mid(), text: `To ${page}` } }),
    )
    t.match(answers, [{ status: 200 }])
  }
  const stored = await parley.container.database.db.selectFrom('messages').select(['text', 'channel_id']).execute()
  t.match(
    stored.filter(({ text }) => text?.startsWith('To ')),
    [{ text: 'To 2', channel_id: second.id }],
  )
  const unhandled = await parley.container.database.db.selectFrom('unhandled_webhooks').select('reason').orderBy('id').execute()
  t.match(unhandled, [{ reason: /account 3/ }, { reason: /account 4/ }])
})
