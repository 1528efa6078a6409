import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Template, TemplateList } from '../../src/contracts/index.ts'
import { startParley, type TestAgent } from '../helpers/parley.ts'
import { png, upload } from '../integration/files/support.ts'
import { openDesk, textsOf, transfers } from './support.ts'

t.test('Templates and drafts', async (t) => {
  const parley = await startParley(t)
  const desk = await openDesk(parley)
  const [anna, ben] = [await desk.agent('Anna'), await desk.agent('Ben')]
  const word = `w${randomUUID().slice(0, 8)}`
  const add = (name: string, body: string, fields = {}) => parley.admin.ok<Template>('POST', '/api/templates', { name, body, ...fields })
  const find = (agent: TestAgent, chatId: string, q: string) =>
    agent.ok<TemplateList>('GET', `/api/templates?chatId=${chatId}&q=${encodeURIComponent(q)}`)
  const namesOf = (templates: Template[]) => templates.map(({ name }) => name)

  await t.test('templates are found by name and by text, in the queue and with the values of the chat', async (t) => {
    const { chatId, customer } = await desk.conversation(anna)
    await add(`Greeting ${word}`, 'Dear {{contact.name}}, {{agent.name}} speaking.')
    await add('Delivery', `Parcels take ${word} two days.`)
    await add(`Elsewhere ${word}`, 'Not here', { queueIds: [parley.queueId] })
    await add('Unrelated', 'Nothing of the kind')
    const { items } = await find(anna, chatId, word.toUpperCase())
    t.same(namesOf(items), ['Delivery', `Greeting ${word}`])
    const greeting = items.find(({ name }) => name.startsWith('Greeting'))
    t.equal(greeting?.rendered, `Dear ${customer.name}, Anna speaking.`)
  })

  await t.test('a template that was selected is in the recently used group of that agent, the last one first', async (t) => {
    const { chatId, customer } = await desk.conversation(anna)
    const before = (await find(anna, chatId, word)).recentlyUsed
    t.same(before, [])
    const { items } = await find(anna, chatId, word)
    for (const { id, rendered } of items) await anna.ok('POST', `/api/chats/${chatId}/messages`, { text: rendered, templateId: id })
    await customer.gets(`Dear ${customer.name}, Anna speaking.`)
    t.same(namesOf((await find(anna, chatId, word)).recentlyUsed), [`Greeting ${word}`, 'Delivery'])
    t.same((await find(ben, chatId, word)).recentlyUsed, [], 'not of others')
    await anna.ok('POST', `/api/chats/${chatId}/messages`, { text: 'Parcels take three days', templateId: items[0]?.id })
    t.same(namesOf((await find(anna, chatId, word)).recentlyUsed), ['Delivery', `Greeting ${word}`])
    t.match(await anna.ok('POST', `/api/templates/${items[1]?.id}/render`, { chatId }), { text: items[1]?.rendered })
    t.same(namesOf((await find(anna, chatId, word)).recentlyUsed), [`Greeting ${word}`, 'Delivery'], 'selecting is enough')
    t.equal((await textsOf(anna, chatId)).at(-1), 'Parcels take three days', 'the agent may change the text before it goes')
  })

  await t.test('a draft with its files is there when the chat is opened again, for its agent alone, until it is sent', async (t) => {
    const { chatId } = await desk.conversation(anna)
    const draft = `/api/chats/${chatId}/draft`
    const hasMark = async (agent: TestAgent) => (await agent.inbox()).inProgress.find(({ id }) => id === chatId)?.hasDraft
    const file = await upload(parley, anna, 'offer.png', png)
    t.equal((await anna.call('PUT', draft, { text: 'Dear', fileIds: [] })).status, 204)
    t.equal((await anna.call('PUT', draft, { text: 'Dear customer,', fileIds: [file.id] })).status, 204)
    t.match((await anna.chat(chatId)).draft, { text: 'Dear customer,', fileIds: [file.id], files: [{ name: 'offer.png' }] })
    t.equal(await hasMark(anna), true)
    t.equal((await ben.chat(chatId)).draft, null)
    await ben.ok('PUT', draft, { text: "Ben's" })
    t.match((await anna.chat(chatId)).draft, { text: 'Dear customer,' }, 'each agent has its own')

    await anna.ok('POST', `/api/chats/${chatId}/messages`, { text: 'Dear customer, here it is', fileIds: [file.id] })
    t.equal((await anna.chat(chatId)).draft, null)
    t.equal(await hasMark(anna), false)
    t.match((await ben.chat(chatId)).draft, { text: "Ben's" }, 'sending clears the draft of the sender only')
    await anna.ok('PUT', draft, { text: 'And' })
    await anna.ok('PUT', draft, { text: '' })
    t.equal((await anna.chat(chatId)).draft, null, 'an empty one is none')
  })

  await t.test('a draft does not follow the chat to another agent', async (t) => {
    const { chatId } = await desk.conversation(anna)
    await anna.ok('PUT', `/api/chats/${chatId}/draft`, { text: 'Half a thought' })
    const { childChat } = await transfers(anna, chatId, { agentId: ben.agent.id })
    t.equal((await ben.chat(childChat.id)).draft, null)
  })
})
