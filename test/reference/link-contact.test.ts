import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import type { ChatLinkResult, Contact } from '../../src/contracts/index.ts'
import { startParley } from '../helpers/parley.ts'
import { completes, openDesk, textsOf } from './support.ts'

t.test('Link chat to another contact', async (t) => {
  const parley = await startParley(t)
  const desk = await openDesk(parley)
  const anna = await desk.agent('Anna')
  const addContact = (name = `Mara ${randomUUID().slice(0, 8)}`) => anna.ok<Contact>('POST', '/api/contacts', { name })
  const contact = (id: string) => parley.admin.ok<Contact>('GET', `/api/contacts/${id}`)
  const chatsOf = async (id: string) =>
    (await anna.ok<{ items: { id: string }[] }>('GET', `/api/contacts/${id}/chats`)).items.map((chat) => chat.id)

  await t.test('the chat with its messages and the identity go to the chosen contact, and the unknown one is removed', async (t) => {
    const mara = await addContact()
    const { chatId, customer, chat } = await desk.conversation(anna, 'Hello, it is me')
    await anna.reply(chatId, 'Who?')
    await customer.writes('Mara!')
    const { items } = await anna.ok<{ items: Contact[] }>('GET', `/api/contacts?q=${encodeURIComponent(mara.name)}`)
    t.same(
      items.map(({ id }) => id),
      [mara.id],
      'the contact is found by its name',
    )
    const linked = await anna.ok<ChatLinkResult>('POST', `/api/chats/${chatId}/link`, { contactId: mara.id })
    t.match(linked, {
      chat: { id: chatId, status: 'in_progress', contact: { id: mara.id, name: mara.name } },
      process: { state: 'completed' },
    })

    t.same(await textsOf(anna, chatId), ['Hello, it is me', 'Who?', 'Mara!'], 'the conversation is whole')
    const incoming = (await anna.messages(chatId)).filter(({ direction }) => direction === 'incoming')
    t.same(new Set(incoming.map(({ author }) => author.id)), new Set([mara.id]), 'all its messages are hers')
    t.same(new Set(incoming.map(({ author }) => author.name)), new Set([mara.name]))
    t.match(await contact(mara.id), { identities: [{ channelKind: 'simulator', externalId: customer.name }] })
    t.match(await contact(chat.contact.id), { removedAt: /./, identities: [], mergedInto: { id: mara.id } })

    await customer.writes('Are you there?')
    t.equal((await textsOf(anna, chatId)).at(-1), 'Are you there?', 'the chat goes on')
    await anna.reply(chatId, 'Yes, Mara')
    await customer.gets('Yes, Mara')
    await completes(anna, chatId)
    await customer.writes('One more thing')
    t.equal((await anna.newItem(mara.name)).contact.id, mara.id, 'the next chat is hers from the start')
  })

  await t.test('a previous contact that something else refers to stays, a removed one can be restored', async (t) => {
    const mara = await addContact()
    const known = await desk.conversation(anna, 'First chat')
    await completes(anna, known.chatId)
    await known.customer.writes('Second chat')
    const second = await anna.newItem(known.customer.name)
    await anna.accept(second.id)
    await anna.ok('POST', `/api/chats/${second.id}/link`, { contactId: mara.id })
    t.match(await contact(known.chat.contact.id), { removedAt: null })
    t.same(await chatsOf(known.chat.contact.id), [known.chatId], 'its earlier chat is still its own')

    const other = await addContact()
    const { chatId, chat } = await desk.conversation(anna)
    await anna.ok('POST', `/api/chats/${chatId}/link`, { contactId: other.id })
    t.match(await contact(chat.contact.id), { removedAt: /./ })
    t.match(await parley.admin.ok('POST', `/api/contacts/${chat.contact.id}/restore`), { id: chat.contact.id, removedAt: null })
    t.same(await chatsOf(chat.contact.id), [chatId])
    t.match(await anna.chat(chatId), { contact: { id: chat.contact.id } })
  })

  await t.test('a contact that already has an open chat on the channel is refused, naming that chat', async (t) => {
    const [first, second] = [await desk.conversation(anna), await desk.conversation(anna)]
    const refused = await anna.call<{ detail: string }>('POST', `/api/chats/${second.chatId}/link`, { contactId: first.chat.contact.id })
    t.match(refused, { status: 409, body: { code: 'CONTACT_HAS_OPEN_CHAT' } })
    t.ok(refused.body.detail.includes(String(first.chat.number)))
    t.match(await anna.chat(second.chatId), { contact: { id: second.chat.contact.id } }, 'nothing changed')
  })

  await t.test('an administrator changes what linking does by changing its process', async (t) => {
    const xml = await readFile(new URL('../../processes/link_chat_to_contact.bpmn', import.meta.url), 'utf8')
    const changed = xml.replace('Chat linked to the contact. The previous contact was removed.', 'Linked, as our team wants it.')
    t.not(changed, xml)
    await parley.admin.ok('POST', '/api/processes?activate=true&comment=our%20own%20words', changed)
    const mara = await addContact()
    const { chatId } = await desk.conversation(anna)
    const linked = await anna.ok<ChatLinkResult>('POST', `/api/chats/${chatId}/link`, { contactId: mara.id })
    t.match(linked.process.result, { message: 'Linked, as our team wants it.' })
    t.match(linked.chat.contact, { id: mara.id })
  })
})
