import t from 'tap'
import { whatsappMessage, whatsappStatus } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { acceptedChat, attempts, message, olena, sms, startListening, telegram, whatsapp } from './support.ts'

const marta = { phone: '491512345678', userId: 'DE.83920175546120398471', name: 'Marta Vogel' }
const tooMany = {
  status: 429,
  body: { ok: false, error_code: 429, description: 'Too Many Requests: retry after 4', parameters: { retry_after: 4 } },
}

t.test('a 429 holds back the whole bot for the time it asks for, and no other channel', async (t) => {
  const parley = await startListening(t)
  const bot = await telegram(t, parley)
  const number = await whatsapp(t, parley)
  await bot.emulator.deliver(bot.emulator.messageUpdate(olena, { text: 'Hi' }), { url: bot.url })
  await bot.emulator.deliver(bot.emulator.messageUpdate({ id: 77, first_name: 'Ivo' }, { text: 'Hi' }), { url: bot.url })
  await number.emulator.deliver(
    number.url,
    whatsappMessage(number.emulator.phoneNumberId, marta, 1_795_340_400, { type: 'text', text: { body: 'Hallo' } }),
  )
  const first = await acceptedChat(parley, 'Olena Koval')
  const second = await acceptedChat(parley, 'Ivo')
  const other = await acceptedChat(parley, 'Marta Vogel')

  bot.emulator.faults.next('sendMessage', { kind: 'answer', ...tooMany })
  const started = Date.now()
  const one = await first.agent.reply(first.chatId, 'one')
  const { db } = parley.container.database
  const bots = db.selectFrom('channels').select('paused_until').where('id', '=', bot.channel.id)
  await until(async () => (await bots.executeTakeFirstOrThrow()).paused_until)
  const two = await second.agent.reply(second.chatId, 'two')
  const free = await other.agent.reply(other.chatId, 'frei')
  await message(other.agent, other.chatId, free.id, 'sent')
  t.strictSame(bot.emulator.sent, [], 'nothing leaves the bot meanwhile')
  t.match((await first.agent.messages(first.chatId)).at(-1), { status: 'sending', failureReason: /Too Many Requests/ })
  await message(first.agent, first.chatId, one.id, 'sent')
  await message(second.agent, second.chatId, two.id, 'sent')
  t.ok(Date.now() - started >= 4_000)
  t.strictSame(bot.emulator.sent.map(({ text }) => text).toSorted(), ['one', 'two'])
  t.match(await attempts(first.agent, one.id), [{ outcome: 'waiting', code: 'telegram.429' }, { outcome: 'sent' }])
})

t.test('a burst of 5xx is survived in order', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  await emulator.deliver(emulator.messageUpdate(olena, { text: 'Hi' }), { url })
  const { agent, chatId } = await acceptedChat(parley, 'Olena Koval')
  emulator.faults.next(
    'sendMessage',
    { kind: 'answer', status: 500, body: { ok: false, error_code: 500, description: 'Internal Server Error' } },
    2,
  )
  emulator.faults.next('sendMessage', { kind: 'drop-before' })
  const replies = []
  for (const text of ['1', '2', '3']) replies.push(await agent.reply(chatId, text))
  const last = await message(agent, chatId, replies[2]?.id ?? '', 'sent')
  t.equal(last.status, 'sent')
  const shown = (await agent.messages(chatId)).filter(({ direction }) => direction === 'outgoing')
  const delivered = shown.filter(({ status }) => status === 'sent').map(({ text }) => text)
  t.strictSame(
    emulator.sent.map(({ text }) => text),
    delivered,
    'each once, in order, and nothing else',
  )
  for (const failed of shown.filter(({ status }) => status !== 'sent'))
    t.match(failed, { status: 'failed', failureReason: /may have been delivered/ })
})

t.test('Telegram takes a message and drops the connection: it is not sent again unless the agent wants it', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  await emulator.deliver(emulator.messageUpdate(olena, { text: 'Hi' }), { url })
  const { agent, chatId } = await acceptedChat(parley, 'Olena Koval')
  emulator.faults.next('sendMessage', { kind: 'drop-after' })
  const reply = await agent.reply(chatId, 'Only once')
  t.match(await message(agent, chatId, reply.id, 'failed'), { failureReason: /may have been delivered/ })
  t.equal(emulator.sent.length, 1)
  await agent.ok('POST', `/api/messages/${reply.id}/retry`)
  await message(agent, chatId, reply.id, 'sent')
  t.equal(emulator.sent.length, 2)
  t.match(await attempts(agent, reply.id), [{ outcome: 'failed' }, { outcome: 'sent' }])
})

t.test('WhatsApp takes a message and drops the connection: its status report proves it', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const { phoneNumberId } = emulator
  await emulator.deliver(url, whatsappMessage(phoneNumberId, marta, 1_795_340_400, { type: 'text', text: { body: 'Hallo' } }))
  const { agent, chatId } = await acceptedChat(parley, 'Marta Vogel')
  emulator.faults.next('messages', { kind: 'drop-after' })
  const reply = await agent.reply(chatId, 'Nur einmal')
  const next = await agent.reply(chatId, 'Danach')
  await until(async () =>
    (await agent.messages(chatId)).some(({ id, failureReason }) => id === reply.id && /confirm/.test(failureReason ?? '')),
  )
  const [taken] = emulator.sent
  const mark = { biz_opaque_callback_data: taken?.body.biz_opaque_callback_data }
  await emulator.deliver(url, whatsappStatus(phoneNumberId, taken?.id ?? '', 'delivered', 1_795_340_410, mark))
  await message(agent, chatId, reply.id, 'delivered')
  await message(agent, chatId, next.id, 'sent')
  t.strictSame(
    emulator.sent.map(({ body }) => (body.text as { body: string }).body),
    ['Nur einmal', 'Danach'],
  )
})

t.test('reports of WhatsApp before the send call returns, twice and in the wrong order', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const { phoneNumberId } = emulator
  await emulator.deliver(url, whatsappMessage(phoneNumberId, marta, 1_795_340_400, { type: 'text', text: { body: 'Hallo' } }))
  const { agent, chatId } = await acceptedChat(parley, 'Marta Vogel')
  const socket = await agent.listen(t)
  for (const mark of [true, false]) {
    const text = mark ? 'mit Marke' : 'ohne Marke'
    emulator.faults.next('messages', {
      kind: 'hold',
      async until() {
        const sent = emulator.sent.at(-1)
        const extra = mark ? { biz_opaque_callback_data: sent?.body.biz_opaque_callback_data } : {}
        const reports = (['read', 'sent', 'delivered'] as const).map((status) =>
          whatsappStatus(phoneNumberId, sent?.id ?? '', status, 1_795_340_410, extra),
        )
        const answers = await emulator.deliver(url, reports, { copies: 2 })
        if (answers.some(({ status }) => status !== 200)) throw new Error('A report was refused')
      },
    })
    const reply = await agent.reply(chatId, text)
    await message(agent, chatId, reply.id, 'read')
    await socket.next('chat.message_status', (frame) => frame.messageId === reply.id && frame.status === 'read')
    const steps = socket.of('chat.message_status').filter((frame) => frame.messageId === reply.id)
    t.strictSame(
      steps.map(({ status }) => status),
      ['sent', 'delivered', 'read'],
      `every step once, in order (${text})`,
    )
  }
  t.strictSame(await parley.container.database.db.selectFrom('pending_receipts').selectAll().execute(), [])
})

t.test('Twilio takes a message and drops the connection: it is found there, and an equal older one is not taken for it', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await sms(t, parley)
  await emulator.deliver(url, [emulator.incoming('+17185550199', '+15105550142', 'Hi')])
  const { agent, chatId } = await acceptedChat(parley, '+1 718 555 0199')
  const first = await agent.reply(chatId, 'Ok')
  await message(agent, chatId, first.id, 'sent')

  emulator.faults.next('create', { kind: 'drop-after' })
  const taken = await agent.reply(chatId, 'Ok')
  await message(agent, chatId, taken.id, 'sent')
  t.equal(emulator.sent.length, 2, 'found, not sent again')

  emulator.faults.next('create', { kind: 'drop-before' })
  emulator.faults.next('list', { kind: 'answer', status: 500, body: { code: 20500, message: 'Internal Server Error', status: 500 } })
  const lost = await agent.reply(chatId, 'Ok')
  await message(agent, chatId, lost.id, 'sent')
  t.equal(emulator.sent.length, 3, 'sent, since nothing was found')
  t.match((await attempts(agent, lost.id)).map(({ outcome }) => outcome).at(-1), 'sent')

  const last = emulator.sent.at(-1)
  if (!last) throw new Error('Nothing was sent')
  await emulator.report(last, ['delivered', 'sent', 'queued'], { copies: 2 })
  await message(agent, chatId, lost.id, 'delivered')
  const failed = await agent.reply(chatId, 'Bye')
  await message(agent, chatId, failed.id, 'sent')
  const unreachable = emulator.sent.at(-1)
  if (!unreachable) throw new Error('Nothing was sent')
  await emulator.report(unreachable, ['sent', ['undelivered', 30006]])
  t.match(await message(agent, chatId, failed.id, 'failed'), { failureReason: /landline/ })
  await agent.ok('POST', `/api/messages/${failed.id}/retry`)
  await until(() => emulator.sent.length === 5)
  await message(agent, chatId, failed.id, 'sent')
})
