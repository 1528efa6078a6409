import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { addAgent, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { messengerEvent, mid, whatsappMessage, whatsappStatus } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { message, messenger, publicUrl, sms, startListening, telegram, whatsapp } from '../channels/support.ts'
import { pdf, png, type SendAnswer, upload } from './support.ts'

async function accepted(agent: TestAgent, contactName: string): Promise<string> {
  const tile = await agent.newItem(contactName)
  await agent.accept(tile.id)
  return tile.id
}

const send = (agent: TestAgent, chatId: string, body: Record<string, unknown>) =>
  agent.call<SendAnswer>('POST', `/api/chats/${chatId}/messages`, body)

async function uploadAll(parley: TestParley, agent: TestAgent, files: [string, Buffer][]): Promise<string[]> {
  const ids: string[] = []
  for (const [name, bytes] of files) ids.push((await upload(parley, agent, name, bytes)).id)
  return ids
}

const name = (what: string) => `${what} ${randomUUID().slice(0, 8)}`

t.test('What agents send reaches the customer', async (t) => {
  const parley = await startListening(t)
  const anna = await addAgent(parley, 'Anna')
  const { db } = parley.container.database

  t.test('Telegram: pictures as an album, the document behind it', async (t) => {
    const { emulator, url } = await telegram(t, parley)
    const from = { id: Math.floor(Math.random() * 1e9), first_name: name('Olena') }
    await emulator.deliver(emulator.messageUpdate(from, { text: 'Hello' }), { url, secret: emulator.webhook.secret })
    const chatId = await accepted(anna, from.first_name)
    const fileIds = await uploadAll(parley, anna, [
      ['one.png', png],
      ['two.png', png],
      ['price list.pdf', pdf],
    ])
    const { body } = await send(anna, chatId, { text: 'Our products', fileIds })
    await message(anna, chatId, body.message.id, 'sent')
    const [album] = emulator.callsOf('sendMediaGroup')
    t.same(
      album?.uploads.map(({ bytes }) => bytes.equals(png)),
      [true, true],
    )
    t.match(JSON.parse(String(album?.params.media)), [{ type: 'photo', caption: 'Our products' }, { type: 'photo' }])
    t.match(emulator.callsOf('sendDocument')[0]?.uploads, [{ name: 'price list.pdf', type: 'application/pdf', bytes: pdf }])
  })

  t.test('WhatsApp: one provider message a file; the status is the worst of them', async (t) => {
    const { emulator, url } = await whatsapp(t, parley)
    const from = { phone: `4917${Math.floor(Math.random() * 1e8)}`, name: name('Paul') }
    await emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), { type: 'text', text: { body: 'Hi' } }))
    const chatId = await accepted(anna, from.name)
    const fileIds = await uploadAll(parley, anna, [
      ['one.png', png],
      ['two.pdf', pdf],
    ])
    const { body } = await send(anna, chatId, { text: 'Both', fileIds })
    await message(anna, chatId, body.message.id, 'sent')
    t.match(
      emulator.sent.map((sent) => sent.body),
      [
        { type: 'image', image: { caption: 'Both' } },
        { type: 'document', document: { filename: 'two.pdf' } },
      ],
    )
    t.same(
      emulator.calls.filter((call) => call.path.endsWith('/media')).map((call) => call.uploads[0]?.bytes),
      [png, pdf],
    )
    const [first, second] = emulator.sent.map((sent) => sent.id)
    const status = (id: string | undefined, state: 'delivered' | 'read') =>
      emulator.deliver(url, whatsappStatus(emulator.phoneNumberId, id ?? '', state, emulator.tick()))
    await status(first, 'read')
    const stand = async () => (await anna.messages(chatId)).find((candidate) => candidate.id === body.message.id)?.status
    t.equal(await stand(), 'sent', 'one file was read, the other is still on its way')
    await status(second, 'delivered')
    await until(async () => (await stand()) === 'delivered')
    await status(second, 'read')
    await until(async () => (await stand()) === 'read')
  })

  t.test('WhatsApp: what the channel does not take is refused before anything is stored', async (t) => {
    const { emulator, url } = await whatsapp(t, parley)
    const from = { phone: `4917${Math.floor(Math.random() * 1e8)}`, name: name('Rita') }
    await emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), { type: 'text', text: { body: 'Hi' } }))
    const chatId = await accepted(anna, from.name)
    t.match((await anna.chat(chatId)).restrictions, {
      maxLength: 4096,
      maxFiles: 10,
      maxFileSize: 50 * 1024 * 1024,
      replyWindowEndsAt: String,
    })
    const [zip, large, fine] = await uploadAll(parley, anna, [
      ['backup.zip', Buffer.from('504b0506000000000000000000000000000000000000', 'hex')],
      ['poster.png', Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)])],
      ['fine.pdf', pdf],
    ])
    const before = (await anna.messages(chatId)).length
    const refused = await send(anna, chatId, { text: 'x'.repeat(4097), fileIds: [zip, large, fine] })
    t.match(refused, { status: 422, body: { code: 'TEXT_TOO_LONG' } })
    t.same(
      refused.body.problems?.map(({ code }) => code),
      ['TEXT_TOO_LONG', 'FILE_TYPE_DENIED', 'FILE_TOO_LARGE'],
      'all problems at once',
    )
    t.match(await send(anna, chatId, { fileIds: [zip] }), { status: 415, body: { code: 'FILE_TYPE_DENIED', detail: /backup.zip/ } })
    t.match(await send(anna, chatId, { fileIds: [large] }), {
      status: 413,
      body: { code: 'FILE_TOO_LARGE', detail: /poster.png has 5 MiB; this channel takes at most 5 MiB/ },
    })
    t.equal((await anna.messages(chatId)).length, before)
    await db
      .updateTable('chats')
      .set({ last_customer_message_at: new Date(Date.now() - 25 * 3_600_000) })
      .where('id', '=', chatId)
      .execute()
    const late = await send(anna, chatId, { fileIds: [fine] })
    t.match(late, { status: 422, body: { code: 'REPLY_WINDOW_CLOSED', replyWindowEndedAt: /T/ } })
    const ended = new Date((await anna.chat(chatId)).restrictions.replyWindowEndsAt ?? '')
    t.equal(late.body.detail?.includes(ended.toISOString()), true, 'and says when it ended')
    t.equal((await send(anna, chatId, { text: 'a note', note: true })).status, 201, 'a note is always possible')
  })

  t.test('Messenger: text and file are two messages', async (t) => {
    const { emulator, url } = await messenger(t, parley)
    const psid = String(Math.floor(Math.random() * 1e15))
    emulator.profiles.set(psid, { first_name: 'Mia', last_name: psid })
    await emulator.deliver(url, messengerEvent(emulator.pageId, psid, Date.now(), { message: { mid: mid(), text: 'Hi' } }))
    const chatId = await accepted(anna, `Mia ${psid}`)
    const fileIds = await uploadAll(parley, anna, [['one.png', png]])
    const { body } = await send(anna, chatId, { text: 'Look', fileIds })
    await message(anna, chatId, body.message.id, 'sent')
    t.match(
      emulator.sent.map((sent) => sent.body.message),
      [{ text: 'Look' }, { attachment: { type: 'image' } }],
    )
    t.match(emulator.sent[1]?.uploads, [{ name: 'one.png', bytes: png }])
  })

  t.test('SMS: the provider fetches the files from a signed address', async (t) => {
    const { emulator, channel, url } = await sms(t, parley)
    const from = `+1510555${String(Math.floor(Math.random() * 9000) + 1000)}`
    await emulator.deliver(url, [emulator.incoming(from, '+15105550142', 'Hi')])
    const row = await until(() =>
      db
        .selectFrom('chats as c')
        .innerJoin('contacts as p', 'p.id', 'c.contact_id')
        .select('p.name')
        .where('p.mobile_phone', '=', from)
        .where('c.channel_id', '=', channel.id)
        .executeTakeFirst(),
    )
    const chatId = await accepted(anna, row.name)
    const fileIds = await uploadAll(parley, anna, [['Grüße.png', png]])
    const { body } = await send(anna, chatId, { text: 'Look', fileIds })
    await until(() => emulator.sent.length > 0)
    const [address] = emulator.sent[0]?.mediaUrls ?? []
    t.ok(address?.startsWith(`${publicUrl}/files/public/`))
    const fetched = await parley.app.inject({ url: (address ?? '').replace(publicUrl, '') })
    t.same(fetched.rawPayload, png)
    await message(anna, chatId, body.message.id, 'sent')
    const halves = await uploadAll(parley, anna, [
      ['one.png', Buffer.concat([png, Buffer.alloc(3 * 1024 * 1024)])],
      ['two.png', Buffer.concat([png, Buffer.alloc(3 * 1024 * 1024)])],
    ])
    t.match(await send(anna, chatId, { fileIds: halves }), { status: 413, body: { code: 'FILES_TOO_LARGE', detail: /6 MiB together/ } })
  })

  t.test('A file whose bytes are lost ends its message, not the chat', async (t) => {
    const { emulator, url } = await telegram(t, parley)
    const from = { id: Math.floor(Math.random() * 1e9), first_name: name('Olena') }
    await emulator.deliver(emulator.messageUpdate(from, { text: 'Hello' }), { url, secret: emulator.webhook.secret })
    const chatId = await accepted(anna, from.first_name)
    const [lost = ''] = await uploadAll(parley, anna, [['lost.pdf', pdf]])
    await rm(path.join(parley.container.config.dataDir, 'files', lost.slice(0, 2), lost))
    t.equal((await anna.call('GET', `/api/files/${lost}`)).status, 410)
    const { body } = await send(anna, chatId, { fileIds: [lost] })
    t.match(await message(anna, chatId, body.message.id, 'failed'), { failureReason: /content of a file is lost/ })
    const next = await send(anna, chatId, { text: 'Goes out' })
    await message(anna, chatId, next.body.message.id, 'sent')
  })
})
