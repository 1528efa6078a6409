import type { TestAgent, TestParley, TestSocket } from '../helpers/parley.ts'
import { addAgent } from '../helpers/parley.ts'
import { type WhatsappStatus, whatsappMessage, whatsappStatus } from '../helpers/providers/graph-webhooks.ts'
import { until } from '../helpers/until.ts'
import { message, olena, publicUrl, sms, telegram, whatsapp } from '../integration/channels/support.ts'
import { accepts, completes, onBothBackends } from './support.ts'

const sentAt = 1_795_340_400

async function take(agent: TestAgent, contactName: string): Promise<string> {
  const { id } = await agent.newItem(contactName)
  await accepts(agent, id)
  return id
}

/** Every status the agents were pushed of a message, in order. */
const pushed = (socket: TestSocket, id: string) =>
  socket.of('chat.message_status').flatMap(({ messageId, status }) => (messageId === id ? [status] : []))

/** What is kept of a message in the database. */
const stored = (parley: TestParley, id: string) =>
  parley.container.database.db.selectFrom('messages').select(['status', 'failure_reason']).where('id', '=', id).executeTakeFirstOrThrow()

onBothBackends(
  'Delivery status',
  async (t, parley) => {
    const anna = await addAgent(parley, 'Anna')
    const socket = await anna.listen(t)

    await t.test('Telegram: sending, then sent or failed with the reason of Telegram', async (t) => {
      const { emulator, url } = await telegram(t, parley)
      await emulator.deliver(emulator.messageUpdate(olena, { text: 'Hi' }), { url })
      const chatId = await take(anna, 'Olena Koval')
      const reply = await anna.reply(chatId, 'Hello')
      t.match(reply, { status: 'sending', failureReason: null })
      await message(anna, chatId, reply.id, 'sent')
      t.same(await stored(parley, reply.id), { status: 'sent', failure_reason: null })

      emulator.refusals.set(olena.id, { error_code: 403, description: 'Forbidden: bot was blocked by the user' })
      const refused = await anna.reply(chatId, 'Still there?')
      const { failureReason } = await message(anna, chatId, refused.id, 'failed')
      t.match(failureReason, /blocked/)
      t.same(await stored(parley, refused.id), { status: 'failed', failure_reason: failureReason })
      const frame = await socket.next('chat.message_status', ({ messageId, status }) => messageId === refused.id && status === 'failed')
      t.equal(frame.failureReason, failureReason, 'the reason is pushed too')
      t.same([pushed(socket, reply.id), pushed(socket, refused.id)], [['sent'], ['failed']], 'and no other status ever')

      emulator.refusals.clear()
      await anna.ok('POST', `/api/messages/${refused.id}/retry`)
      await message(anna, chatId, refused.id, 'sent')
      emulator.refusals.set(olena.id, { error_code: 403, description: 'Forbidden: bot was blocked by the user' })
      const last = await anna.reply(chatId, 'Bye')
      await message(anna, chatId, last.id, 'failed')
      await completes(anna, chatId)
      const late = await anna.call('POST', `/api/messages/${last.id}/retry`)
      t.match(late, { status: 409, body: { code: 'CHAT_COMPLETED' } }, 'a completed chat is read-only')
    })

    await t.test('WhatsApp: sending, sent, delivered, read, or failed with the reason of WhatsApp', async (t) => {
      const { emulator, url } = await whatsapp(t, parley)
      const { phoneNumberId } = emulator
      const marta = { phone: '491512345678', name: 'Marta Vogel' }
      await emulator.deliver(url, whatsappMessage(phoneNumberId, marta, sentAt, { type: 'text', text: { body: 'Hallo' } }))
      const chatId = await take(anna, marta.name)
      const report = (status: WhatsappStatus, extra = {}) =>
        emulator.deliver(url, whatsappStatus(phoneNumberId, emulator.sent.at(-1)?.id ?? '', status, sentAt + 10, extra))

      const reply = await anna.reply(chatId, 'Guten Tag')
      t.equal(reply.status, 'sending')
      await message(anna, chatId, reply.id, 'sent')
      for (const status of ['delivered', 'read'] as const) {
        await report(status)
        await message(anna, chatId, reply.id, status)
      }
      await report('delivered')
      t.equal((await stored(parley, reply.id)).status, 'read', 'it never goes back')
      await until(() => pushed(socket, reply.id).length === 3)
      t.same(pushed(socket, reply.id), ['sent', 'delivered', 'read'])

      const second = await anna.reply(chatId, 'Noch etwas')
      await message(anna, chatId, second.id, 'sent')
      const error = { code: 131026, title: 'Message undeliverable', error_data: { details: 'Message Undeliverable.' } }
      await report('failed', { errors: [error] })
      const { failureReason } = await message(anna, chatId, second.id, 'failed')
      t.ok(failureReason)
      t.same(await stored(parley, second.id), { status: 'failed', failure_reason: failureReason })
    })

    await t.test('SMS: sending, sent, delivered, read, or failed with the reason of the carrier', async (t) => {
      const { emulator, url } = await sms(t, parley)
      await emulator.deliver(url, [emulator.incoming('+17185550199', '+15105550142', 'Hi')])
      const chatId = await take(anna, '+1 718 555 0199')
      const last = () => {
        const sent = emulator.sent.at(-1)
        if (!sent) throw new Error('Nothing was sent')
        return sent
      }
      const reply = await anna.reply(chatId, 'Hello')
      t.equal(reply.status, 'sending')
      await message(anna, chatId, reply.id, 'sent')
      await emulator.report(last(), ['sent', 'delivered'])
      await message(anna, chatId, reply.id, 'delivered')
      await emulator.report(last(), ['read'])
      await message(anna, chatId, reply.id, 'read')
      await until(() => pushed(socket, reply.id).length === 3)
      t.same(pushed(socket, reply.id), ['sent', 'delivered', 'read'])

      const second = await anna.reply(chatId, 'One more')
      await message(anna, chatId, second.id, 'sent')
      await emulator.report(last(), [['undelivered', 30006]])
      t.match(await message(anna, chatId, second.id, 'failed'), { failureReason: /landline/ })
      t.match(await stored(parley, second.id), { status: 'failed', failure_reason: /landline/ })
    })
  },
  { listen: true, env: { PARLEY_PUBLIC_URL: publicUrl } },
)
