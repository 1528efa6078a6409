import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { UploadedFile } from '../../../src/contracts/index.ts'
import { addAgent, customerSees, startParley, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'
import { acceptedChat, download, formWith, pdf, png, type SendAnswer, upload, windowsProgram } from './support.ts'

interface SimulatedMessage {
  direction: string
  text: string | null
  files: { name: string; url: string; type: string; size: number; state: string }[]
}

async function simulatorUpload(parley: TestParley, name: string, bytes: Buffer, channelId = parley.simulatorId) {
  const { headers, payload } = formWith(name, bytes)
  const response = await parley.app.inject({ method: 'POST', url: `/webhooks/simulator/${channelId}/files`, headers, payload })
  return { status: response.statusCode, body: response.json<UploadedFile & { code?: string }>() }
}

function simulatorWrites(parley: TestParley, body: Record<string, unknown>) {
  return parley.app.inject({ method: 'POST', url: `/webhooks/simulator/${parley.simulatorId}`, payload: body })
}

const send = (agent: TestAgent, chatId: string, body: Record<string, unknown>) =>
  agent.call<SendAnswer>('POST', `/api/chats/${chatId}/messages`, body)

t.test('Files in messages', async (t) => {
  const parley = await startParley(t, { listen: true })
  const anna = await addAgent(parley, 'Anna')
  const { db } = parley.container.database

  t.test('An agent sends text and files; the customer gets them under signed addresses', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const socket = await anna.listen(t)
    const files = [await upload(parley, anna, 'one.png', png), await upload(parley, anna, 'two.pdf', pdf)]
    const fileIds = files.map((file) => file.id)
    const sent = await send(anna, chat.id, { text: 'Here you are', fileIds })
    t.equal(sent.status, 201)
    t.match(sent.body.message.files, [
      { id: fileIds[0], name: 'one.png', size: png.length, type: 'image/png', state: 'ready', url: `/api/files/${fileIds[0]}` },
      { id: fileIds[1], name: 'two.pdf', type: 'application/pdf', state: 'ready' },
    ])
    const frame = await socket.next('chat.message', ({ message }) => message.files.length === 2)
    t.same(frame.message.files, sent.body.message.files, 'the push shows them too')
    t.same((await anna.messages(chat.id)).at(-1)?.files, sent.body.message.files)
    const seen = await until(async () => {
      const items = (await customerSees(parley, chat.contact.name)) as unknown as SimulatedMessage[]
      return items.find((item) => item.files.length === 2)
    })
    const picture = await parley.app.inject({ url: seen.files[0]?.url ?? '' })
    t.same(picture.rawPayload, png)
    t.equal(
      ((await customerSees(parley, chat.contact.name)) as unknown as SimulatedMessage[]).at(-1)?.files[0]?.url,
      seen.files[0]?.url,
      'addresses stay the same for a while',
    )
    const tampered = (seen.files[0]?.url ?? '').replace(/public\/(.)/, (_, first) => `public/${first === 'A' ? 'B' : 'A'}`)
    t.equal((await parley.app.inject({ url: tampered })).statusCode, 404)
    const again = await send(anna, chat.id, { text: 'Once more', fileIds })
    t.match(again, { status: 409, body: { code: 'FILE_IN_USE' } })
  })

  t.test('Ten files go, eleven are refused, and nothing is stored of the refused message', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const uploads = await Promise.all(Array.from({ length: 11 }, (_, n) => upload(parley, anna, `${n}.txt`, Buffer.from(`file ${n}`))))
    const ids = uploads.map((file) => file.id)
    const before = (await anna.messages(chat.id)).length
    const refused = await send(anna, chat.id, { fileIds: ids })
    t.match(refused, { status: 422, body: { code: 'TOO_MANY_FILES', detail: /11 files.*at most 10/ } })
    t.equal((await anna.messages(chat.id)).length, before)
    const taken = await send(anna, chat.id, { fileIds: ids.slice(0, 10) })
    t.equal(taken.status, 201)
    t.equal(taken.body.message.text, null, 'files need no text')
    t.same(
      taken.body.message.files.map((file) => file.name),
      Array.from({ length: 10 }, (_, n) => `${n}.txt`),
      'in the order they were given',
    )
    t.match(await send(anna, chat.id, { fileIds: [] }), { status: 422, body: { code: 'EMPTY_MESSAGE' } })
  })

  t.test("Nobody sends another's file, a file twice, or one that does not exist", async (t) => {
    const chat = await acceptedChat(parley, anna)
    const theirs = await upload(parley, parley.admin, 'theirs.txt', Buffer.from('x'))
    const own = await upload(parley, anna, 'own.txt', Buffer.from('x'))
    t.match(await send(anna, chat.id, { fileIds: [theirs.id] }), { status: 422, body: { code: 'FILE_NOT_FOUND' } })
    t.match(await send(anna, chat.id, { fileIds: [randomUUID()] }), { status: 422, body: { code: 'FILE_NOT_FOUND' } })
    t.match(await send(anna, chat.id, { fileIds: [own.id, own.id] }), { status: 409, body: { code: 'FILE_IN_USE' } })
    const other = await acceptedChat(parley, anna)
    const both = await Promise.all([send(anna, chat.id, { fileIds: [own.id] }), send(anna, other.id, { fileIds: [own.id] })])
    t.same(both.map(({ status }) => status).sort(), [201, 409], 'of two messages at once one gets it')
  })

  t.test('The same clientId again is the same message, files and all', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const file = await upload(parley, anna, 'a.txt', Buffer.from('x'))
    const body = { text: 'hi', fileIds: [file.id], clientId: randomUUID() }
    const first = await send(anna, chat.id, body)
    const second = await send(anna, chat.id, body)
    t.same([first.status, second.status], [201, 200])
    t.equal(second.body.message.id, first.body.message.id)
    t.equal(second.body.message.files.length, 1)
  })

  t.test('A note takes files along and never leaves', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const file = await upload(parley, anna, 'internal.txt', Buffer.from('x'))
    const note = await send(anna, chat.id, { text: 'see', fileIds: [file.id], note: true })
    t.match(note.body.message, { direction: 'note', files: [{ name: 'internal.txt' }] })
    t.notOk((await customerSees(parley, chat.contact.name)).some((item) => item.text === 'see'))
  })

  t.test('A draft keeps its files, shows them, and saves them from the sweeper', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const [kept, lost] = [
      await upload(parley, anna, 'kept.txt', Buffer.from('x')),
      await upload(parley, anna, 'lost.txt', Buffer.from('y')),
    ]
    await anna.ok('PUT', `/api/chats/${chat.id}/draft`, { text: '', fileIds: [kept.id] })
    t.match((await anna.chat(chat.id)).draft, { text: '', fileIds: [kept.id], files: [{ id: kept.id, name: 'kept.txt', state: 'ready' }] })
    await db
      .updateTable('files')
      .set({ created_at: new Date(Date.now() - 25 * 3_600_000) })
      .where('id', 'in', [kept.id, lost.id])
      .execute()
    await parley.container.files.service.sweep()
    t.equal((await anna.call('GET', kept.url)).status, 200)
    t.equal((await anna.call('GET', lost.url)).status, 404, 'what belongs to nothing is gone after a day')
    t.equal((await send(anna, chat.id, { fileIds: [kept.id] })).status, 201)
    t.equal((await anna.chat(chat.id)).draft, null, 'sending clears the draft')
  })

  t.test('A simulated customer sends files', async (t) => {
    const file = await simulatorUpload(parley, 'passport.png', png)
    t.match(file, { status: 201, body: { name: 'passport.png', type: 'image/png', url: /^\/files\/public\// } })
    t.match(await simulatorUpload(parley, 'run.exe', windowsProgram), { status: 415, body: { code: 'FILE_TYPE_DENIED' } })
    t.match(await simulatorUpload(parley, 'a.png', png, randomUUID()), { status: 404 })
    const from = `walk-in ${randomUUID().slice(0, 8)}`
    const message = { from, name: from, text: 'My passport', fileIds: [file.body.id], messageId: randomUUID() }
    t.equal((await simulatorWrites(parley, message)).statusCode, 200)
    t.equal((await simulatorWrites(parley, message)).statusCode, 200, 'again, as providers do')
    const tile = await anna.newItem(from)
    await anna.accept(tile.id)
    const messages = (await anna.messages(tile.id)).filter((candidate) => candidate.direction === 'incoming')
    t.equal(messages.length, 1)
    t.match(messages[0]?.files, [{ id: file.body.id, name: 'passport.png', state: 'ready', size: png.length }])
    t.same((await download(parley, anna, messages[0]?.files[0]?.url ?? '')).rawPayload, png)
    const stolen = await simulatorWrites(parley, { ...message, messageId: randomUUID() })
    t.match(stolen.json(), { status: 409, code: 'FILE_IN_USE' })
    const unknown = await simulatorWrites(parley, { ...message, fileIds: [randomUUID()], messageId: randomUUID() })
    t.match(unknown.json(), { status: 422, code: 'FILE_NOT_FOUND' })
    const agents = await upload(parley, anna, 'internal.txt', Buffer.from('x'))
    const foreign = await simulatorWrites(parley, { ...message, fileIds: [agents.id], messageId: randomUUID() })
    t.match(foreign.json(), { status: 422, code: 'FILE_NOT_FOUND' }, "a customer cannot send an agent's upload")
  })

  t.test('Files follow the right to see the chat, also from a child chat', async (t) => {
    const chat = await acceptedChat(parley, anna)
    const file = await upload(parley, anna, 'contract.pdf', pdf)
    await send(anna, chat.id, { fileIds: [file.id] })
    const other = await parley.admin.ok<{ id: string }>('POST', '/api/queues', { name: `Other ${randomUUID()}` })
    const bert = await addAgent(parley, 'Bert', { queueIds: [other.id] })
    const all = await db.selectFrom('queues').select('id').where('all_agents', '=', true).execute()
    await db
      .updateTable('queues')
      .set({ all_agents: false })
      .where(
        'id',
        'in',
        all.map((queue) => queue.id),
      )
      .execute()
    t.teardown(() =>
      db
        .updateTable('queues')
        .set({ all_agents: true })
        .where(
          'id',
          'in',
          all.map((queue) => queue.id),
        )
        .execute(),
    )
    const path = `/api/files/${file.id}`
    t.equal(await until(async () => ((await bert.call('GET', path)).status === 404 ? 404 : null)), 404)
    t.equal((await parley.admin.call('GET', path)).status, 200)
    await anna.ok('POST', `/api/chats/${chat.id}/transfer`, { agentId: bert.agent.id })
    t.equal((await bert.call('GET', path)).status, 200, 'the next owner reads what the parent chat holds')
  })
})
