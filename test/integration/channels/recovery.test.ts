import t from 'tap'
import type { Message } from '../../../src/contracts/index.ts'
import { whatsappMessage, whatsappStatus } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { acceptedChat, attempts, message, olena, startListening, telegram, whatsapp } from './support.ts'

const expired = {
  status: 401,
  body: { error: { code: 190, message: 'Error validating access token: Session has expired', type: 'OAuthException' } },
}
const at = 1_795_340_400

t.test('messages of a channel with refused credentials wait, and go when it is mended', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await whatsapp(t, parley)
  const write = (name: string, phone: string) =>
    emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, { name, phone }, at, { type: 'text', text: { body: 'Hallo' } }))
  await write('Marta', '491511111111')
  await write('Jan', '491522222222')
  const marta = await acceptedChat(parley, 'Marta')
  const jan = await acceptedChat(parley, 'Jan')
  const good = emulator.token
  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { config: { accessToken: 'revoked' } })
  const texts = ['one', 'two', 'three']
  const replies: Message[] = []
  for (const text of texts) replies.push(await marta.agent.reply(marta.chatId, text))
  await until(async () => (await parley.admin.ok<{ state: string }>('GET', `/api/channels/${channel.id}`)).state === 'failing')
  const other = await jan.agent.reply(jan.chatId, 'four')
  await until(async () => /refused by its provider/.test((await jan.agent.messages(jan.chatId)).at(-1)?.failureReason ?? ''))
  t.match(
    (await marta.agent.messages(marta.chatId)).find(({ id }) => id === replies[0]?.id),
    { status: 'sending', failureReason: /Invalid OAuth/ },
  )
  t.match(await attempts(marta.agent, replies[0]?.id ?? ''), [{ outcome: 'waiting', code: 'whatsapp.190' }])
  t.strictSame(await attempts(jan.agent, other.id), [], 'a refused channel is not asked for each chat')
  const notes = await parley.container.database.db.selectFrom('notifications').select(['title', 'text', 'severity']).execute()
  t.match(notes, [{ title: /cannot send/, text: /Invalid OAuth/, severity: 'error' }])
  const audit = await parley.container.database.db
    .selectFrom('audit_log')
    .select('action')
    .where('action', '=', 'channel.failing')
    .execute()
  t.equal(audit.length, 1)

  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { config: { accessToken: good } })
  for (const reply of replies) await message(marta.agent, marta.chatId, reply.id, 'sent')
  await message(jan.agent, jan.chatId, other.id, 'sent')
  const bodies = (to: string) => emulator.sent.filter((sent) => sent.to === to).map(({ body }) => (body.text as { body: string }).body)
  t.strictSame(bodies('+491511111111'), texts, 'each once, in order')
  t.strictSame(bodies('+491522222222'), ['four'])
})

t.test('a channel that was refused for a while recovers by itself', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await whatsapp(t, parley)
  const { db } = parley.container.database
  await emulator.deliver(
    url,
    whatsappMessage(emulator.phoneNumberId, { name: 'Marta', phone: '491511111111' }, at, { type: 'text', text: { body: 'Hallo' } }),
  )
  const { agent, chatId } = await acceptedChat(parley, 'Marta')
  emulator.faults.next('messages', { kind: 'answer', ...expired })
  const reply = await agent.reply(chatId, 'Hi')
  await until(
    async () => (await db.selectFrom('channels').select('health').where('id', '=', channel.id).executeTakeFirst())?.health === 'failing',
  )
  await parley.container.channelHealth.watch()
  await message(agent, chatId, reply.id, 'sent')
  t.match(await parley.admin.ok('GET', `/api/channels/${channel.id}`), { state: 'ok', stateReason: null })
  t.match(await attempts(agent, reply.id), [{ outcome: 'waiting', reason: /Session has expired/ }, { outcome: 'sent' }])
})

t.test('messages fail at once where waiting cannot help', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await whatsapp(t, parley)
  await emulator.deliver(
    url,
    whatsappMessage(emulator.phoneNumberId, { name: 'Marta', phone: '491511111111' }, at, { type: 'text', text: { body: 'Hallo' } }),
  )
  const { agent, chatId } = await acceptedChat(parley, 'Marta')
  emulator.refusals.set('+491511111111', { status: 400, error: { code: 131047, message: 'Re-engagement message' } })
  const closed = await agent.reply(chatId, 'Too late')
  t.match(await message(agent, chatId, closed.id, 'failed'), { failureReason: /24 hours/, attempts: 1 })
  await parley.admin.ok('PATCH', `/api/channels/${channel.id}`, { enabled: false })
  const off = await agent.reply(chatId, 'Anybody?')
  t.match(await message(agent, chatId, off.id, 'failed'), { failureReason: /disabled/ })
  t.match(await fetch(url, { method: 'POST', body: '{}' }), { status: 404 })
})

t.test('a send that a crash cut off is repeated, unless its report has come', async (t) => {
  const parley = await startListening(t, { worker: false })
  const { emulator, url } = await whatsapp(t, parley)
  const { db } = parley.container.database
  await emulator.deliver(
    url,
    whatsappMessage(emulator.phoneNumberId, { name: 'Marta', phone: '491511111111' }, at, { type: 'text', text: { body: 'Hallo' } }),
  )
  const { agent, chatId } = await acceptedChat(parley, 'Marta')
  const proven = await agent.reply(chatId, 'proven')
  const lost = await agent.reply(chatId, 'lost')
  const crash = async (messageId: string) => {
    await db
      .insertInto('delivery_attempts')
      .values({ message_id: messageId, attempt: 1, started_at: new Date(), finished_at: null, outcome: null, code: null, reason: null })
      .execute()
  }
  await crash(proven.id)
  await crash(lost.id)
  await emulator.deliver(
    url,
    whatsappStatus(emulator.phoneNumberId, 'wamid.proven', 'delivered', at, { biz_opaque_callback_data: `msg:${proven.id}.0` }),
  )
  await parley.container.delivery.run(chatId, new AbortController().signal)
  t.match(await agent.messages(chatId).then((messages) => messages.filter(({ direction }) => direction === 'outgoing')), [
    { text: 'proven', status: 'delivered' },
    { text: 'lost', status: 'sent' },
  ])
  t.strictSame(
    emulator.sent.map(({ body }) => (body.text as { body: string }).body),
    ['lost'],
  )
  t.match(await attempts(agent, lost.id), [{ outcome: 'interrupted' }, { outcome: 'sent' }])
  t.strictSame(await db.selectFrom('delivery_lanes').selectAll().execute(), [])
})

t.test('every message of a rough day arrives once or fails with a reason, in order, per chat', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  const people = Array.from({ length: 4 }, (_, index) => ({ ...olena, id: 700 + index, first_name: `Guest${index}`, last_name: 'Day' }))
  await emulator.deliver(
    people.map((person) => emulator.messageUpdate(person, { text: 'Hi' })),
    { url, copies: 3, together: true },
  )
  const desks = []
  for (const { first_name } of people) desks.push(await acceptedChat(parley, `${first_name} Day`))
  const faults = [
    { kind: 'answer', status: 429, body: { ok: false, error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 1 } } },
    { kind: 'answer', status: 500, body: { ok: false, error_code: 500, description: 'Internal Server Error' } },
    { kind: 'drop-after' },
    { kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' },
    { kind: 'answer', status: 400, body: { ok: false, error_code: 400, description: 'Bad Request: message is too long' } },
    { kind: 'drop-before' },
    { kind: 'delay', ms: 20 },
  ] as const
  for (const fault of [...faults, ...faults]) emulator.faults.next('sendMessage', fault)
  await Promise.all(
    desks.map(async ({ agent, chatId }, desk) => {
      for (let n = 0; n < 6; n += 1) await agent.reply(chatId, `${desk}-${n}`)
    }),
  )
  for (const [desk, { agent, chatId }] of desks.entries()) {
    const outgoing = await until(
      async () => {
        const rows = (await agent.messages(chatId)).filter(({ direction }) => direction === 'outgoing')
        return rows.every(({ status }) => status !== 'sending') ? rows : undefined
      },
      { timeoutMs: 60_000, message: `the messages of chat ${desk} to be done` },
    )
    t.equal(outgoing.length, 6)
    const taken = emulator.sent.filter((sent) => sent.chat.id === 700 + desk).map(({ text }) => String(text))
    t.strictSame(taken, [...new Set(taken)].toSorted(), 'nothing twice, and in order')
    for (const row of outgoing) {
      if (row.status === 'sent') t.ok(taken.includes(row.text ?? ''), `${row.text} arrived`)
      else t.match(row, { status: 'failed', failureReason: /too long|may have been delivered/ })
    }
  }
})

t.test('a chat with much to say does not hold up the others', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  await emulator.deliver(
    [emulator.messageUpdate(olena, { text: 'Hi' }), emulator.messageUpdate({ id: 78, first_name: 'Ivo' }, { text: 'Hi' })],
    { url },
  )
  const busy = await acceptedChat(parley, 'Olena Koval')
  const calm = await acceptedChat(parley, 'Ivo')
  const many = []
  for (let n = 0; n < 12; n += 1) many.push(await busy.agent.reply(busy.chatId, `busy ${n}`))
  const reply = await calm.agent.reply(calm.chatId, 'calm')
  await message(calm.agent, calm.chatId, reply.id, 'sent')
  const place = emulator.sent.findIndex(({ text }) => text === 'calm')
  t.ok(place < 11, `went out as number ${place + 1}`)
  await message(busy.agent, busy.chatId, many.at(-1)?.id ?? '', 'sent')
  t.strictSame(
    emulator.sent.filter(({ chat }) => chat.id === olena.id).map(({ text }) => text),
    many.map(({ text }) => text),
  )
})
