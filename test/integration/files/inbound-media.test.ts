import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import type { MessageFile } from '../../../src/contracts/index.ts'
import { addAgent, startParley, type TestAgent } from '../../helpers/parley.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { messengerEvent, mid, type WhatsappCustomer, whatsappMessage } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { hook, messenger, sms, startListening, telegram, whatsapp } from '../channels/support.ts'
import { download, fileIn, pdf, png, windowsProgram } from './support.ts'

const someone = (): WhatsappCustomer => ({ phone: `4917${Math.floor(Math.random() * 1e8)}`, name: `Customer ${randomUUID().slice(0, 8)}` })
const documentOf = (id: string, filename: string) => ({
  type: 'document',
  document: { id, mime_type: 'application/pdf', filename, caption: 'Have a look' },
})

async function accepted(agent: TestAgent, contactName: string): Promise<string> {
  const tile = await agent.newItem(contactName)
  await agent.accept(tile.id)
  return tile.id
}

t.test('What customers send is fetched from their provider', async (t) => {
  const parley = await startListening(t)
  const anna = await addAgent(parley, 'Anna')

  t.test('Telegram: a photo, by file id and path', async (t) => {
    const { emulator, url } = await telegram(t, parley)
    const from = { id: Math.floor(Math.random() * 1e9), first_name: `Olena ${randomUUID().slice(0, 8)}` }
    await emulator.deliver(emulator.messageUpdate(from, { text: 'Hello' }), { url, secret: emulator.webhook.secret })
    const chatId = await accepted(anna, from.first_name)
    const socket = await anna.listen(t)
    const photo = { file_id: emulator.addFile(png, 'photos/file_7.png'), file_unique_id: 'u', file_size: png.length, width: 1, height: 1 }
    await emulator.deliver(emulator.messageUpdate(from, { photo: [photo], caption: 'My cat' }), { url, secret: emulator.webhook.secret })
    const first = await socket.next('chat.message', ({ message }) => message.files.length === 1)
    t.match(first.message, { text: 'My cat', files: [{ state: 'pending' }] }, 'the message is there before its file')
    const second = await socket.next('chat.message', ({ message }) => message.files[0]?.state === 'ready')
    t.equal(second.message.id, first.message.id)
    t.ok(second.seq > first.seq, 'and is shown again under a new number')
    t.match(second.message.files, [{ id: first.message.files[0]?.id, type: 'image/png', size: png.length }])
    t.same((await download(parley, anna, second.message.files[0]?.url ?? '')).rawPayload, png)
    t.equal((await anna.chat(chatId)).unread > 0, true)
  })

  t.test('WhatsApp: a document, with the token; a hiccup is tried again', async (t) => {
    const { emulator, url } = await whatsapp(t, parley)
    const from = someone()
    emulator.faults.next('download', { kind: 'answer', status: 503, body: 'Try later' })
    const media = emulator.addMedia(pdf, 'application/pdf')
    await emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), documentOf(media, 'Contract.pdf')))
    const chatId = await accepted(anna, from.name)
    const { file, message } = await fileIn(anna, chatId, 'ready')
    t.match(file, { name: 'Contract.pdf', type: 'application/pdf', size: pdf.length })
    t.equal(message?.text, 'Have a look')
    t.same((await download(parley, anna, file.url)).rawPayload, pdf)
    const row = await parley.container.database.db
      .selectFrom('files')
      .select('attempts')
      .where('id', '=', file.id)
      .executeTakeFirstOrThrow()
    t.equal(row.attempts, 2)
  })

  t.test('A file that is gone fails with the reason, and can be asked for again', async (t) => {
    const { emulator, url } = await whatsapp(t, parley)
    const from = someone()
    await emulator.deliver(url, whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), documentOf('1180312345', 'Lost.pdf')))
    const chatId = await accepted(anna, from.name)
    const { file } = await fileIn(anna, chatId, 'failed')
    t.match(file, { name: 'Lost.pdf', failureReason: /no longer has the file/ })
    t.match((await anna.call('GET', file.url)).body, { status: 409, code: 'FILE_NOT_READY', detail: /no longer has/ })
    const bert = await addAgent(parley, 'Bert', {}, 'inactive')
    await parley.container.database.db
      .updateTable('files')
      .set({
        source: JSON.stringify({
          source: { by: 'id', id: emulator.addMedia(pdf, 'application/pdf') },
          kind: 'document',
          name: 'Lost.pdf',
          type: null,
          size: null,
          sha256: null,
        }),
      })
      .where('id', '=', file.id)
      .execute()
    const answer = await bert.call<{ file: MessageFile }>('POST', `/api/files/${file.id}/retry`)
    t.match(answer, { status: 200, body: { file: { state: 'pending', failureReason: null } } }, 'a colleague of the queue may')
    await fileIn(anna, chatId, 'ready')
    t.match(await anna.call('POST', `/api/files/${file.id}/retry`), { status: 409, body: { code: 'NOT_FAILED' } })
    t.equal((await anna.call('POST', `/api/files/${randomUUID()}/retry`)).status, 404)
  })

  t.test('The rules hold for customers too', async (t) => {
    const { emulator, url } = await whatsapp(t, parley)
    const from = someone()
    const send = (bytes: Buffer, name: string) =>
      emulator.deliver(
        url,
        whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), documentOf(emulator.addMedia(bytes, 'application/pdf'), name)),
      )
    await send(windowsProgram, 'Invoice.pdf')
    const chatId = await accepted(anna, from.name)
    t.match((await fileIn(anna, chatId, 'failed')).file, { name: 'Invoice.pdf', failureReason: /type .exe are denied/ })
    await send(pdf, 'Invoice.pdf.exe')
    await until(async () => (await anna.messages(chatId)).filter(({ files }) => files[0]?.state === 'failed').length === 2)
    await parley.admin.ok('PUT', '/api/settings/MaxFileSize', { value: 1 })
    await send(Buffer.alloc(1024 * 1024 + 1, 65), 'Long.pdf')
    await until(async () => (await anna.messages(chatId)).some(({ files }) => /larger than 1 MiB/.test(files[0]?.failureReason ?? '')))
    await parley.admin.ok('PUT', '/api/settings/MaxFileSize', { value: 50 })
  })

  t.test('Messenger: several attachments from the CDN, each for itself', async (t) => {
    const { emulator, url } = await messenger(t, parley)
    const psid = String(Math.floor(Math.random() * 1e15))
    emulator.profiles.set(psid, { first_name: 'Mia', last_name: psid })
    const attachments = [
      { type: 'image', payload: { url: emulator.cdnUrl(png, 'image/png', 'one.png') } },
      { type: 'file', payload: { url: emulator.cdnUrl(pdf, 'application/pdf', 'two.pdf') } },
      { type: 'file', payload: { url: 'https://169.254.169.254/latest/meta-data' } },
    ]
    await emulator.deliver(url, messengerEvent(emulator.pageId, psid, Date.now(), { message: { mid: mid(), attachments } }))
    const chatId = await accepted(anna, `Mia ${psid}`)
    t.same((await download(parley, anna, (await fileIn(anna, chatId, 'ready', 0)).file.url)).rawPayload, png)
    t.same((await download(parley, anna, (await fileIn(anna, chatId, 'ready', 1)).file.url)).rawPayload, pdf)
    t.match((await fileIn(anna, chatId, 'failed', 2)).file, { failureReason: /does not belong to the provider/ })
  })

  t.test('Twilio: with the account, then from where it redirects to', async (t) => {
    const { emulator, channel, url } = await sms(t, parley)
    const from = `+1510555${String(Math.floor(Math.random() * 9000) + 1000)}`
    const sid = `MM${randomUUID().replaceAll('-', '')}`
    const extra = { NumMedia: '1', MediaUrl0: emulator.addMedia(sid, png, 'image/png'), MediaContentType0: 'image/png' }
    await emulator.deliver(url, [emulator.incoming(from, '+15105550142', 'A picture', extra, sid)])
    const row = await until(() =>
      parley.container.database.db
        .selectFrom('chats as c')
        .innerJoin('contacts as p', 'p.id', 'c.contact_id')
        .select(['c.id', 'p.name'])
        .where('p.mobile_phone', '=', from)
        .where('c.channel_id', '=', channel.id)
        .executeTakeFirst(),
    )
    const chatId = await accepted(anna, row.name)
    const { file } = await fileIn(anna, chatId, 'ready')
    t.match(file, { name: 'image.png', type: 'image/png' })
    t.same((await download(parley, anna, file.url)).rawPayload, png)
  })
})

t.test('A file whose fetching was cut off is fetched by whoever comes next', async (t) => {
  const databaseUrl = (await createTestDatabase(t)).url
  const env = { PARLEY_PUBLIC_URL: 'https://chat.example.org' }
  const first = await startParley(t, { databaseUrl, listen: true, env })
  const { emulator, channel } = await whatsapp(t, first)
  const from = someone()
  emulator.faults.next('download', { kind: 'hang' })
  const media = emulator.addMedia(pdf, 'application/pdf')
  const payload = whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), documentOf(media, 'Contract.pdf'))
  await emulator.deliver(hook(first, channel), payload)
  await until(() => emulator.calls.some((call) => call.path.endsWith(media)), { message: 'the fetch to begin' })
  await first.close()
  const second = await startParley(t, { databaseUrl, listen: true, env })
  const anna = await addAgent(second, 'Anna')
  const chatId = await accepted(anna, from.name)
  const { file } = await fileIn(anna, chatId, 'ready')
  t.same((await download(second, anna, file.url)).rawPayload, pdf)
  const rows = await second.container.database.db.selectFrom('files').select('id').execute()
  t.equal(rows.length, 1, 'it is still one file')
})

t.test('A file whose worker was killed outright is found when its claim runs out', async (t) => {
  let skew = 0
  const clock = { now: () => new Date(Date.now() + skew) }
  const parley = await startParley(t, { listen: true, clock, env: { PARLEY_PUBLIC_URL: 'https://chat.example.org' } })
  const anna = await addAgent(parley, 'Anna')
  const { emulator, url } = await whatsapp(t, parley)
  const from = someone()
  const { db } = parley.container.database
  // As a worker leaves it that claims the file and dies: nobody else may touch it yet.
  const claimed = new Date(Date.now() + 270_000)
  await sql
    .raw(
      `create function claim_at_once() returns trigger language plpgsql as
        $$ begin new.attempts := 1; new.next_attempt_at := '${claimed.toISOString()}'; return new; end $$;
      create trigger claim_at_once before insert on files for each row execute function claim_at_once()`,
    )
    .execute(db)
  await emulator.deliver(
    url,
    whatsappMessage(emulator.phoneNumberId, from, emulator.tick(), documentOf(emulator.addMedia(pdf, 'application/pdf'), 'Contract.pdf')),
  )
  const chatId = await accepted(anna, from.name)
  await fileIn(anna, chatId, 'pending')
  t.same(await parley.container.files.media.overdue(), [], 'not while the claim holds')
  skew = 280_000
  await fileIn(anna, chatId, 'ready')
})
