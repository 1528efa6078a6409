import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Contact } from '../../src/contracts/index.ts'
import { startParley, type TestAgent } from '../helpers/parley.ts'
import { startGraphEmulator } from '../helpers/providers/graph-emulator.ts'
import { whatsappMessage } from '../helpers/providers/graph-webhooks.ts'
import { addChannel, hook, publicUrl } from '../integration/channels/support.ts'
import { png, type SendAnswer, tryUpload, upload } from '../integration/files/support.ts'
import { accepts, openDesk, textsOf, withSetting } from './support.ts'

const send = (agent: TestAgent, chatId: string, body: Record<string, unknown>) =>
  agent.call<SendAnswer>('POST', `/api/chats/${chatId}/messages`, body)

t.test('Accepting and replying', async (t) => {
  const parley = await startParley(t, { listen: true, env: { PARLEY_PUBLIC_URL: publicUrl } })
  const desk = await openDesk(parley)
  const [anna, ben] = [await desk.agent('Anna'), await desk.agent('Ben')]

  await t.test('who accepts becomes the owner, has the messages with their files, and alone answers', async (t) => {
    const customer = desk.customer()
    await customer.writes('Hello')
    const tile = await anna.newItem(customer.name)
    t.match(await send(anna, tile.id, { text: 'Too early' }), { status: 403, body: { code: 'NOT_OWNER' } })
    t.match(await accepts(anna, tile.id), { status: 'in_progress', agent: { id: anna.agent.id, name: 'Anna' } })
    t.match(await ben.accept(tile.id), { status: 409, body: { code: 'ALREADY_ACCEPTED' } })
    t.match(await send(ben, tile.id, { text: 'Me too' }), { status: 403, body: { code: 'NOT_OWNER' } })
    t.same(await textsOf(anna, tile.id), ['Hello'])
    const file = await upload(parley, anna, 'offer.png', png)
    t.match(await send(anna, tile.id, { text: 'Our offer', fileIds: [file.id] }), { status: 201 })
    await customer.gets('Our offer')
    t.match((await anna.messages(tile.id)).at(-1), { text: 'Our offer', files: [{ name: 'offer.png', state: 'ready' }] })
    t.match(await send(anna, tile.id, { fileIds: [(await upload(parley, anna, 'alone.png', png)).id] }), { status: 201 }, 'files alone')
  })

  await t.test('the contact profile shows channel, mobile phone and email, or what an administrator chose', async (t) => {
    const { chatId, chat, customer } = await desk.conversation(anna)
    t.match(chat.contact, { name: customer.name, photoUrl: null, initials: /^C.$/ })
    const account = await parley.admin.ok<{ id: string }>('POST', '/api/accounts', { name: 'Weber GmbH' })
    await anna.ok<Contact>('PATCH', `/api/contacts/${chat.contact.id}`, {
      mobilePhone: '+44 20 7946 0018',
      email: 'ann@example.com',
      accountId: account.id,
      custom: { tier: 'gold' },
    })
    const fieldsOf = async () =>
      (await anna.chat(chatId)).contactProfile.filter(({ field }) => field !== 'writesFrom').map(({ field, value }) => [field, value])
    t.same(await fieldsOf(), [
      ['channel', desk.channel.name],
      ['mobilePhone', '+442079460018'],
      ['email', 'ann@example.com'],
    ])
    await withSetting(t, parley, 'ContactProfileFields', ['account', 'custom.tier', 'channel'])
    t.same(await fieldsOf(), [
      ['account', 'Weber GmbH'],
      ['custom.tier', 'gold'],
      ['channel', desk.channel.name],
    ])
  })

  await t.test('an accepted chat can be transferred, acted on, translated and completed', async (t) => {
    const { chatId, chat } = await desk.conversation(anna)
    t.ok(chat.actions.length > 0)
    t.equal((await anna.call('GET', `/api/chats/${chatId}/transfer-targets`)).status, 200)
    t.match(await anna.ok('GET', `/api/chats/${chatId}/translation`), { enabled: false, to: 'en' })
    t.match(await anna.ok('POST', `/api/chats/${chatId}/complete`), { chat: { status: 'completed' } })
  })

  await t.test('ten files fit into a message, eleven are refused before anything is sent', async (t) => {
    const { chatId } = await desk.conversation(anna)
    const ids: string[] = []
    for (let n = 0; n < 11; n += 1) ids.push((await upload(parley, anna, `${n}.png`, png)).id)
    t.match(await send(anna, chatId, { text: 'All', fileIds: ids }), { status: 422, body: { code: 'TOO_MANY_FILES' } })
    t.same(await textsOf(anna, chatId), ['Hello'])
    const { status, body } = await send(anna, chatId, { text: 'Ten', fileIds: ids.slice(0, 10) })
    t.equal(status, 201)
    t.equal(body.message.files.length, 10)
  })

  await t.test('the deny list and the size limit hold for what agents upload, as they are set at the time', async (t) => {
    await withSetting(t, parley, 'FileExtensionsDenyList', ['bat', 'xyz'])
    await withSetting(t, parley, 'MaxFileSize', 1)
    t.match(await tryUpload(parley, anna, 'plan.XYZ', Buffer.from('x')), {
      status: 415,
      body: { code: 'FILE_TYPE_DENIED', detail: /plan/i },
    })
    const tooLarge = await tryUpload(parley, anna, 'long.txt', Buffer.alloc(1024 * 1024 + 1, 'a'))
    t.match(tooLarge, { status: 413, body: { code: 'FILE_TOO_LARGE' } })
    t.equal((await tryUpload(parley, anna, 'fits.txt', Buffer.alloc(1024 * 1024, 'a'))).status, 201)
    await parley.admin.ok('PUT', '/api/settings/FileExtensionsDenyList', { value: ['bat'] })
    t.equal((await tryUpload(parley, anna, 'plan.xyz', Buffer.from('x'))).status, 201)
  })

  await t.test('a channel refuses types and sizes of its own', async (t) => {
    const emulator = await startGraphEmulator()
    t.teardown(() => emulator.close())
    const { phoneNumberId, token: accessToken, appSecret, verifyToken, origin: apiBaseUrl } = emulator
    const config = { phoneNumberId, accessToken, appSecret, verifyToken, apiBaseUrl }
    const channel = await addChannel(parley, 'whatsapp', config, { queueId: desk.queue.id })
    const name = `Ida ${randomUUID().slice(0, 8)}`
    const now = Math.floor(Date.now() / 1000)
    const hello = whatsappMessage(phoneNumberId, { phone: '491512345678', name }, now, { type: 'text', text: { body: 'Hallo' } })
    await emulator.deliver(hook(parley, channel), hello)
    const { id } = await anna.newItem(name)
    const { restrictions } = await accepts(anna, id)
    t.equal(restrictions.maxLength, 4096)
    t.ok(Date.parse(restrictions.replyWindowEndsAt ?? '') > Date.now())
    const archive = await upload(parley, anna, 'all.json', Buffer.from('{"a": 1}'))
    t.match(await send(anna, id, { fileIds: [archive.id] }), { status: 415, body: { code: 'FILE_TYPE_DENIED', detail: /all\.json/ } })
    const picture = await upload(parley, anna, 'huge.png', Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)]))
    t.match(await send(anna, id, { fileIds: [picture.id] }), { status: 413, body: { code: 'FILE_TOO_LARGE', detail: /huge\.png.*5 MiB/ } })
    t.match(await send(anna, id, { text: 'x'.repeat(4097) }), { status: 422, body: { code: 'TEXT_TOO_LONG' } })
    t.equal(emulator.sent.length, 0)
  })
})
