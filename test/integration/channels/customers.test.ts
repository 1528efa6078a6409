import t from 'tap'
import { wamid, whatsappMessage, whatsappWebhook } from '../../helpers/providers/graph-webhooks.ts'
import { acceptedChat, attempts, conversation, message, sms, startListening, systemLines, whatsapp } from './support.ts'

const text = (body: string) => ({ type: 'text', text: { body } })
const at = 1_795_340_400

t.test('one person under a phone number, a user id, or both, is one contact; the number is the same over SMS', async (t) => {
  const parley = await startListening(t)
  const wa = await whatsapp(t, parley)
  const twilio = await sms(t, parley)
  const { emulator, url } = wa
  const write = (customer: { phone?: string; userId?: string }, body: string) =>
    emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, { name: 'Marta Vogel', ...customer }, at, text(body)))
  await twilio.emulator.deliver(twilio.url, [twilio.emulator.incoming('+491512345678', '+15105550142', 'by SMS')])
  await write({ phone: '491512345678' }, 'phone')
  await write({ phone: '491512345678', userId: 'DE.1' }, 'both')
  await write({ userId: 'DE.1' }, 'user id only')
  const { db } = parley.container.database
  t.match(await db.selectFrom('contacts').select(['name', 'mobile_phone']).execute(), [
    { name: 'Marta Vogel', mobile_phone: '+491512345678' },
  ])
  const { agent, chatId } = await acceptedChat(parley, 'Marta Vogel')
  const chats = await db.selectFrom('chats').select(['id', 'channel_id']).orderBy('id').execute()
  t.equal(chats.length, 2, 'a chat for each channel')
  const chat = chats.find(({ channel_id }) => channel_id === wa.channel.id)
  if (chat?.id !== chatId) await agent.accept(chat?.id ?? '')
  const id = chat?.id ?? ''
  t.strictSame(await conversation(parley, id), [
    ['incoming', 'phone'],
    ['incoming', 'both'],
    ['incoming', 'user id only'],
  ])

  const writesFrom = async () => (await agent.chat(id)).contactProfile.find(({ field }) => field === 'writesFrom')?.value
  t.equal(await writesFrom(), 'WhatsApp DE.1')
  const toUser = await agent.reply(id, 'to the user id')
  await message(agent, id, toUser.id, 'sent')
  await write({ phone: '491512345678' }, 'phone again')
  t.equal(await writesFrom(), '+49 1512345678')
  const toPhone = await agent.reply(id, 'to the phone')
  await message(agent, id, toPhone.id, 'sent')
  t.strictSame(
    emulator.sent.map(({ to }) => to),
    ['DE.1', '+491512345678'],
    'the reply goes to the name last used',
  )
})

t.test('two contacts that turn out to be one person go on in the open chat', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const twilio = await sms(t, parley)
  const write = (customer: { phone?: string; userId?: string }, body: string) =>
    emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, { name: 'Ida', ...customer }, at, text(body)))
  await twilio.emulator.deliver(twilio.url, [twilio.emulator.incoming('+491700000001', '+15105550142', 'by SMS')])
  await write({ userId: 'DE.7' }, 'no number yet')
  await write({ phone: '491700000001', userId: 'DE.7' }, 'and now with one')
  const { chatId } = await acceptedChat(parley, 'Ida')
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', 'no number yet'],
    ['incoming', 'and now with one'],
  ])
  const owners = await parley.container.database.db.selectFrom('contact_identities').select('contact_id').distinct().execute()
  t.equal(owners.length, 1)
})

t.test('a changed number moves the identity, also when the new one was faster', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const { phoneNumberId } = emulator
  const write = (phone: string, body: string) =>
    emulator.deliver(url, whatsappMessage(phoneNumberId, { name: 'Jan', phone }, at, text(body)))
  const changed = (from: string, to: string) =>
    whatsappWebhook(phoneNumberId, {
      messages: [
        { from, id: wamid(), timestamp: String(at), type: 'system', system: { body: 'changed', wa_id: to, type: 'user_changed_number' } },
      ],
    })
  await write('491511111111', 'old number')
  const { agent, chatId } = await acceptedChat(parley, 'Jan')
  const notice = changed('491511111111', '491522222222')
  await emulator.deliver(url, notice, { copies: 5, together: true })
  await write('491522222222', 'new number')
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', 'old number'],
    ['incoming', 'new number'],
  ])
  t.strictSame((await systemLines(parley, chatId)).filter((line) => /changed from/.test(line)).length, 1)
  const reply = await agent.reply(chatId, 'Hi')
  await message(agent, chatId, reply.id, 'sent')
  t.equal(emulator.sent[0]?.to, '+491522222222')

  await agent.ok('POST', `/api/chats/${chatId}/complete`)
  await write('491533333333', 'faster than the notice')
  await emulator.deliver(url, changed('491522222222', '491533333333'))
  const { db } = parley.container.database
  const contacts = await db.selectFrom('contacts').select(['id', 'mobile_phone']).where('removed_at', 'is', null).execute()
  t.match(contacts, [{ mobile_phone: '+491533333333' }], 'one contact is left')
  t.equal(
    (
      await db
        .selectFrom('chats')
        .select('id')
        .where('contact_id', '=', contacts[0]?.id ?? '')
        .execute()
    ).length,
    2,
  )
  await emulator.deliver(url, changed('491599999999', '491588888888'))
  t.equal(
    (await db.selectFrom('contacts').select('id').where('removed_at', 'is', null).execute()).length,
    1,
    'a stranger who changes numbers is no contact',
  )
})

t.test('after STOP nothing is sent until START', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await sms(t, parley)
  const from = '+17185550199'
  const incoming = (body: string, extra: Record<string, string> = {}) => emulator.incoming(from, '+15105550142', body, extra)
  await emulator.deliver(url, [incoming('Hi')])
  const { agent, chatId } = await acceptedChat(parley, '+1 718 555 0199')
  await emulator.deliver(url, [incoming('STOP', { OptOutType: 'STOP' })], { copies: 3 })
  t.match((await agent.chat(chatId)).restrictions.refusal, /STOP/)
  const refused = await agent.reply(chatId, 'Please stay')
  t.match(await message(agent, chatId, refused.id, 'failed'), { failureReason: /unsubscribed/ })
  t.match(await attempts(agent, refused.id), [{ outcome: 'failed', code: 'recipient.opted_out' }])
  t.equal(emulator.sent.length, 0)
  await emulator.deliver(url, [incoming('START', { OptOutType: 'START' })])
  t.equal((await agent.chat(chatId)).restrictions.refusal, null)
  await agent.ok('POST', `/api/messages/${refused.id}/retry`)
  await message(agent, chatId, refused.id, 'sent')
  t.strictSame((await systemLines(parley, chatId)).filter((line) => /STOP|START/.test(line)).length, 2)
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', 'Hi'],
    ['incoming', 'STOP'],
    ['outgoing', 'Please stay'],
    ['incoming', 'START'],
  ])
})

t.test('Twilio may send its webhooks by GET', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await sms(t, parley)
  const query = new URLSearchParams(emulator.incoming('+17185550100', '+15105550142', 'By GET, with spaces & signs'))
  const path = `/webhooks/sms/${channel.id}?${query}`
  const headers = { 'x-twilio-signature': emulator.signature(`https://chat.example.org${path}`, []) }
  t.equal((await fetch(`${url}?${query}`, { headers })).status, 200)
  t.equal((await fetch(`${url}?${query}&x=1`, { headers })).status, 403)
  const { chatId } = await acceptedChat(parley, '+1 718 555 0100')
  t.strictSame(await conversation(parley, chatId), [['incoming', 'By GET, with spaces & signs']])
})

t.test('text the database cannot hold is stored without what it cannot hold', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const customer = { name: 'Nul\u0000 \ud83d', phone: '491544444444' }
  const context = { id: `wamid.\ud83d\u0000` }
  const odd = whatsappMessage(emulator.phoneNumberId, customer, at, { ...text('a\u0000b\ud83d'), context })
  const good = whatsappMessage(emulator.phoneNumberId, customer, at, text('second'))
  t.match(await emulator.deliver(url, [odd, good]), [{ status: 200 }, { status: 200 }])
  const stored = await parley.container.database.db
    .selectFrom('messages')
    .select('text')
    .where('direction', '=', 'incoming')
    .orderBy('id')
    .execute()
  t.strictSame(stored, [{ text: 'ab\ufffd' }, { text: 'second' }])
})

t.test('a plain text message on an open chat is one statement', async (t) => {
  const parley = await startListening(t, { worker: false })
  const { emulator, url } = await whatsapp(t, parley)
  const customer = { name: 'Olaf', phone: '491555555555' }
  const deliver = (body: string) => emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, customer, at, text(body)))
  await deliver('first')
  const { chatId } = await acceptedChat(parley, 'Olaf')
  const { database, host } = parley.container
  await host.advance(chatId)
  const statements: string[] = []
  const query = database.query.bind(database)
  database.query = async (name, sql, values) => {
    statements.push(name)
    return query(name, sql, values)
  }
  const transaction = database.transaction.bind(database)
  database.transaction = (action) => {
    statements.push('transaction')
    return transaction(action)
  }
  await deliver('second')
  t.strictSame(statements, ['receive_message'])
})
