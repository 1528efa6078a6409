import t from 'tap'
import type { Message } from '../../../src/contracts/index.ts'
import type { TestAgent, TestParley } from '../../helpers/parley.ts'
import { whatsappMessage, whatsappStatus } from '../../helpers/providers/graph-webhooks.ts'
import { until } from '../../helpers/until.ts'
import { acceptedChat, attempts, message, startListening, whatsapp } from './support.ts'

const at = 1_795_340_400
const pdf = (name: string) => `%PDF-1.4\n% ${name}\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n`

async function upload(parley: TestParley, agent: TestAgent, name: string): Promise<string> {
  const boundary = 'parts-of-a-form'
  const payload = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/pdf\r\n\r\n${pdf(name)}\r\n--${boundary}--\r\n`
  const headers = { cookie: agent.cookie, 'content-type': `multipart/form-data; boundary=${boundary}` }
  const answer = await parley.app.inject({ method: 'POST', url: '/api/files', headers, payload })
  if (answer.statusCode !== 201) throw new Error(`The upload answered ${answer.statusCode}: ${answer.body}`)
  return answer.json<{ id: string }>().id
}

t.test('a message of several provider messages stands as its worst one does, and a retry sends only what failed', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await whatsapp(t, parley)
  const { phoneNumberId } = emulator
  await emulator.deliver(
    url,
    whatsappMessage(phoneNumberId, { name: 'Marta', phone: '491511111111' }, at, { type: 'text', text: { body: 'Hallo' } }),
  )
  const { agent, chatId } = await acceptedChat(parley, 'Marta')
  const fileIds = [await upload(parley, agent, 'one.pdf'), await upload(parley, agent, 'two.pdf')]
  // The second part is refused for a moment: the first must not go again.
  emulator.faults.next('messages', { kind: 'delay', ms: 1 })
  emulator.faults.next('messages', { kind: 'answer', status: 500, body: { error: { code: 131016, message: 'Service unavailable' } } })
  const { message: sent } = await agent.ok<{ message: Message }>('POST', `/api/chats/${chatId}/messages`, { text: 'Both', fileIds })
  await message(agent, chatId, sent.id, 'sent')
  t.equal(emulator.sent.length, 2)
  t.match(
    (await attempts(agent, sent.id)).map(({ part, outcome }) => `${part} ${outcome}`),
    ['0 sent', '1 retry', '1 sent'],
  )

  const [first, second] = emulator.sent.map(({ id }) => id)
  const report = (id: string | undefined, status: 'delivered' | 'read' | 'failed', extra = {}) =>
    emulator.deliver(url, whatsappStatus(phoneNumberId, id ?? '', status, at, extra))
  const status = async () => (await agent.messages(chatId)).find(({ id }) => id === sent.id)?.status
  await report(first, 'read')
  t.equal(await status(), 'sent', 'one of two is read')
  await report(second, 'failed', { errors: [{ code: 131026, title: 'Message undeliverable' }] })
  t.equal(await status(), 'failed')
  await agent.ok('POST', `/api/messages/${sent.id}/retry`)
  await until(() => emulator.sent.length === 3)
  await message(agent, chatId, sent.id, 'sent')
  t.match(
    emulator.sent.map(({ body }) => (body.document as { filename: string }).filename),
    ['one.pdf', 'two.pdf', 'two.pdf'],
  )
  await report(second, 'failed', { errors: [{ code: 131026, title: 'Message undeliverable' }] })
  t.equal(await status(), 'sent', 'the failure of the replaced one is old news')
  await report(emulator.sent[2]?.id, 'delivered')
  t.equal(await status(), 'delivered')
  await report(emulator.sent[2]?.id, 'read')
  t.equal(await status(), 'read')
})
