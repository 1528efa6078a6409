import t from 'tap'
import type { Chat, ChatLinkResult, Message } from '../../../src/contracts/index.ts'
import { addAgent, customerWrites, startParley, type TestAgent } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'
import { addContact, contactOf, openChat, openChatOf, someone } from './support.ts'

const link = (agent: TestAgent, chatId: string, contactId: string) =>
  agent.call<ChatLinkResult>('POST', `/api/chats/${chatId}/link`, { contactId })

t.test('linking a chat to another contact', async (t) => {
  const parley = await startParley(t, { listen: true })
  const { db } = parley.container.database
  const anna = await addAgent(parley, 'Anna')
  const ben = await addAgent(parley, 'Ben')

  const anotherChannel = async (): Promise<string> => {
    const body = { kind: 'simulator', name: someone('Simulator'), queueId: parley.queueId, config: {} }
    return (await parley.admin.ok<{ id: string }>('POST', '/api/channels', body)).id
  }

  t.test('the chat, its messages and the customer belong to the selected contact; the unknown one is removed', async (t) => {
    const customer = someone('New')
    const chat = await openChat(parley, anna, customer, 'It is me, Jane')
    await anna.reply(chat.id, 'Hello Jane')
    const jane = await addContact(anna, { name: someone('Jane') })
    const socket = await anna.listen(t)

    const answer = await link(anna, chat.id, jane.id)
    t.match(answer, {
      status: 200,
      body: {
        chat: { id: chat.id, status: 'in_progress', contact: { id: jane.id, name: jane.name }, agent: { name: 'Anna' } },
        process: {
          state: 'completed',
          result: { previousRemoved: true, message: 'Chat linked to the contact. The previous contact was removed.' },
        },
      },
    })
    t.match((await socket.next('chat.updated', (frame) => frame.chatId === chat.id)).chat, { contact: { id: jane.id } })
    await socket.next('inbox.upsert', ({ tile }) => tile.id === chat.id && tile.contact.id === jane.id)
    const incoming = (await anna.messages(chat.id)).filter((message) => message.direction === 'incoming')
    t.match(incoming, [{ text: 'It is me, Jane', author: { kind: 'contact', id: jane.id, name: jane.name } }])
    t.match(await contactOf(anna, jane.id), { identities: [{ channelKind: 'simulator', externalId: customer }] })
    t.match(await contactOf(anna, chat.contact.id), { identities: [], removedAt: /^2/, mergedInto: { id: jane.id, name: jane.name } })
    t.match(
      await anna.ok('GET', `/api/contacts?q=${encodeURIComponent(customer)}`),
      { items: { length: 0 } },
      'a removed contact is not found',
    )

    await customerWrites(parley, customer, 'Thanks')
    const messages = await until(async () => {
      const all = await anna.messages(chat.id)
      return all.some((message) => message.text === 'Thanks') ? all : undefined
    })
    t.match(messages.at(-1), { author: { id: jane.id } })
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    await customerWrites(parley, customer, 'One more thing')
    t.match(await openChatOf(anna, jane.id), { id: String }, "the customer's next chat is Jane's")
  })

  t.test('refusals name what is in the way and change nothing', async (t) => {
    const chat = await openChat(parley, anna, someone('New'))
    const other = await openChat(parley, anna, someone('Jane'))
    t.match(await link(anna, chat.id, other.contact.id), {
      status: 409,
      body: {
        code: 'CONTACT_HAS_OPEN_CHAT',
        detail: new RegExp(`open chat ${other.number} `),
        chat: { id: other.id, number: other.number },
      },
    })
    t.match(await link(anna, chat.id, '999999'), { status: 404 })
    t.match(await link(ben, chat.id, other.contact.id), { status: 403, body: { code: 'NOT_OWNER' } })
    t.equal((await anna.chat(chat.id)).contact.id, chat.contact.id)
    t.equal((await contactOf(anna, chat.contact.id)).removedAt, null)

    const jane = await addContact(anna, { name: someone('Jane') })
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    t.match(await link(anna, chat.id, jane.id), { status: 409, body: { code: 'CHAT_COMPLETED' } })
    const removed = await openChat(parley, anna, someone('New'))
    await link(anna, removed.id, jane.id)
    const third = await openChat(parley, anna, someone('New'))
    t.match(await link(anna, third.id, removed.contact.id), { status: 404 }, 'nobody is linked to a removed contact')
    t.match(
      await link(anna, third.id, third.contact.id),
      { status: 200, body: { process: { result: { previousRemoved: false } } } },
      'to itself',
    )
  })

  t.test('a previous contact that something else refers to stays', async (t) => {
    const reasons: Record<string, (chat: Chat) => Promise<unknown>> = {
      'another chat': async ({ contact }) =>
        db
          .updateTable('chats')
          .set({ contact_id: contact.id })
          .where('id', '=', await completedChat())
          .execute(),
      'a case': ({ contact }) => anna.ok('POST', '/api/cases', { subject: 'Broken', contactId: contact.id }),
      'a note': ({ contact }) => anna.ok('PATCH', `/api/contacts/${contact.id}`, { notes: 'Calls at night' }),
    }
    for (const [what, prepare] of Object.entries(reasons)) {
      const chat = await openChat(parley, anna, someone('New'))
      await prepare(chat)
      const jane = await addContact(anna, { name: someone('Jane') })
      t.match(
        (await link(anna, chat.id, jane.id)).body.process,
        { result: { previousRemoved: false, message: 'Chat linked to the contact.' } },
        what,
      )
      t.equal((await contactOf(anna, chat.contact.id)).removedAt, null, what)
    }
  })

  async function completedChat(): Promise<string> {
    const chat = await openChat(parley, anna, someone('Past'))
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    return chat.id
  }

  t.test('a transferred chat moves with its parents: it is one conversation', async (t) => {
    const customer = someone('New')
    const parent = await openChat(parley, anna, customer, 'First part')
    const { childChat } = await anna.ok<{ childChat: Chat }>('POST', `/api/chats/${parent.id}/transfer`, { agentId: ben.agent.id })
    const jane = await addContact(anna, { name: someone('Jane') })
    t.match((await link(ben, childChat.id, jane.id)).body.process, { result: { previousRemoved: true } })
    const { items } = await ben.ok<{ items: Message[] }>('GET', `/api/chats/${childChat.id}/messages?lineage=true`)
    t.match(
      items.find((message) => message.text === 'First part'),
      { author: { id: jane.id } },
    )
    t.match(await anna.ok('GET', `/api/contacts/${jane.id}/chats`), { items: [{ id: childChat.id }, { id: parent.id }] })
  })

  t.test('of several identities those move that wrote here; who wrote only elsewhere is somebody else', async (t) => {
    const mobile = someone('mobile')
    const chat = await openChat(parley, anna, mobile, 'from my mobile')
    const contactId = chat.contact.id
    const old = someone('laptop')
    const past = await openChat(parley, anna, old)
    await anna.ok('POST', `/api/chats/${past.id}/complete`)
    const unused = someone('unused')
    await db.updateTable('chats').set({ contact_id: contactId }).where('id', '=', past.id).execute()
    await db.updateTable('contact_identities').set({ contact_id: contactId }).where('external_id', '=', old).execute()
    const { namespace } = await db
      .selectFrom('contact_identities')
      .select('namespace')
      .where('external_id', '=', mobile)
      .executeTakeFirstOrThrow()
    await db
      .insertInto('contact_identities')
      .values({ contact_id: contactId, namespace, external_id: unused, name: null, created_at: new Date() })
      .execute()

    const jane = await addContact(anna, { name: someone('Jane') })
    t.match((await link(anna, chat.id, jane.id)).body.process, { result: { previousRemoved: false } })
    const names = async (id: string) => (await contactOf(anna, id)).identities.map((identity) => identity.externalId).sort()
    t.same(await names(jane.id), [mobile, unused].sort())
    t.same(await names(contactId), [old])
    await customerWrites(parley, old, 'Still me')
    t.equal((await openChatOf(anna, contactId)).id === chat.id, false)
  })

  t.test('an open chat of the same customer elsewhere goes along, so that no conversation is torn apart', async (t) => {
    const channelId = await anotherChannel()
    const customer = someone('New')
    const chat = await openChat(parley, anna, customer)
    const identity = await db
      .selectFrom('contact_identities')
      .select(['id', 'contact_id'])
      .where('external_id', '=', customer)
      .executeTakeFirstOrThrow()
    const elsewhere = await db
      .insertInto('chats')
      .values({
        contact_id: identity.contact_id,
        channel_id: channelId,
        queue_id: parley.queueId,
        identity_id: identity.id,
        created_at: new Date(),
      })
      .returning(['id', 'number'])
      .executeTakeFirstOrThrow()
    const busy = await addContact(anna, { name: someone('Busy') })
    await db
      .insertInto('chats')
      .values({ contact_id: busy.id, channel_id: channelId, queue_id: parley.queueId, created_at: new Date() })
      .execute()
    t.match(
      await link(anna, chat.id, busy.id),
      { status: 409, body: { code: 'CONTACT_HAS_OPEN_CHAT' } },
      'and stands in the way like this one',
    )

    const jane = await addContact(anna, { name: someone('Jane') })
    t.match((await link(anna, chat.id, jane.id)).body.process, { result: { previousRemoved: true } })
    t.same((await parley.admin.chat(elsewhere.id)).contact.id, jane.id)
  })

  t.test('administrators draw their own linking', async (t) => {
    const { body: xml } = await parley.admin.call<string>('GET', '/api/processes/link_chat_to_contact/versions/1', undefined, {
      accept: 'application/xml',
    })
    const own = xml.replaceAll('link_chat_to_contact', 'our_linking').replace('Chat linked to the contact.&#34;', 'Ours.&#34;')
    await parley.admin.ok('POST', '/api/processes?activate=true', own)
    await parley.admin.ok('PUT', '/api/settings/LinkContactProcess', { value: 'our_linking' })
    t.teardown(() => parley.admin.ok('PUT', '/api/settings/LinkContactProcess', { value: 'link_chat_to_contact' }))
    const chat = await openChat(parley, anna, someone('New'))
    const jane = await addContact(anna, { name: someone('Jane') })
    const { process } = (await link(anna, chat.id, jane.id)).body
    const instance = await parley.admin.ok<{ key: string }>('GET', `/api/process-instances/${process.instanceId}`)
    t.equal(instance.key, 'our_linking')
  })

  t.test('a removed contact is restored with what it had', async (t) => {
    const customer = someone('New')
    const chat = await openChat(parley, anna, customer)
    const jane = await addContact(anna, { name: someone('Jane') })
    await link(anna, chat.id, jane.id)
    const path = `/api/contacts/${chat.contact.id}/restore`
    t.match(await anna.call('POST', path), { status: 403 })
    const socket = await anna.listen(t)
    t.match(await parley.admin.call('POST', path), {
      status: 200,
      body: { removedAt: null, mergedInto: null, identities: [{ externalId: customer }] },
    })
    t.match((await socket.next('chat.updated', (frame) => frame.chatId === chat.id)).chat, { contact: { id: chat.contact.id } })
    t.same((await contactOf(anna, jane.id)).identities, [])
    t.match(await parley.admin.call('POST', path), { status: 409, body: { code: 'NOT_REMOVED' } })
    t.match(await parley.admin.call('POST', '/api/contacts/999999/restore'), { status: 404 })
    await customerWrites(parley, customer, 'Still here')
    await until(async () => (await anna.messages(chat.id)).find((message) => message.text === 'Still here'))
    t.match(
      await link(anna, chat.id, jane.id),
      { status: 200, body: { process: { result: { previousRemoved: true } } } },
      'and can be linked again',
    )
  })

  t.test('what went on to a third contact is not taken from it', async (t) => {
    const customer = someone('New')
    const chat = await openChat(parley, anna, customer)
    const jane = await addContact(anna, { name: someone('Jane'), notes: 'keep' })
    const john = await addContact(anna, { name: someone('John') })
    await link(anna, chat.id, jane.id)
    await link(anna, chat.id, john.id)
    t.match(await parley.admin.ok('POST', `/api/contacts/${chat.contact.id}/restore`), { removedAt: null, identities: { length: 0 } })
    t.match(await contactOf(anna, john.id), { identities: [{ externalId: customer }] })
    t.equal((await anna.chat(chat.id)).contact.id, john.id)
  })

  t.test('customers who write while their chats are linked lose nothing and are nobody twice', async (t) => {
    const customers = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const name = someone(`Race ${index}`)
        return {
          name,
          chat: await openChat(parley, anna, name),
          targets: [await addContact(anna, { name: someone('A') }), await addContact(anna, { name: someone('B') })],
        }
      }),
    )
    await Promise.all(
      customers.flatMap(({ name, chat, targets }) => [
        ...Array.from({ length: 15 }, (_, index) => customerWrites(parley, name, `message ${index}`)),
        (async () => {
          for (const target of [...targets, ...targets]) {
            const { status, body } = await link(anna, chat.id, target.id)
            // The first of the two is removed by the second link: nothing refers to it any more.
            if (status !== 200 && status !== 404) throw new Error(`Linking answered ${status}: ${JSON.stringify(body)}`)
          }
        })(),
      ]),
    )
    for (const { name, chat } of customers) {
      const identity = await db
        .selectFrom('contact_identities as i')
        .innerJoin('contacts as c', 'c.id', 'i.contact_id')
        .select(['i.contact_id', 'c.removed_at'])
        .where('i.external_id', '=', name)
        .executeTakeFirstOrThrow()
      const chats = await db.selectFrom('chats').select(['id', 'contact_id']).where('contact_id', '=', identity.contact_id).execute()
      t.same(chats, [{ id: chat.id, contact_id: identity.contact_id }], 'one chat, of the contact that the identity belongs to')
      t.equal(identity.removed_at, null)
      const messages = await db
        .selectFrom('messages')
        .select(['text', 'author_id'])
        .where('chat_id', '=', chat.id)
        .where('direction', '=', 'incoming')
        .execute()
      t.equal(messages.length, 16)
      t.same(new Set(messages.map((message) => message.author_id)), new Set([identity.contact_id]))
    }
  })

  t.test('a message that takes its customer for a contact that is being removed finds the new one', async (t) => {
    const customer = someone('New')
    const chat = await openChat(parley, anna, customer)
    await anna.ok('POST', `/api/chats/${chat.id}/complete`)
    const jane = await addContact(anna, { name: someone('Jane') })
    // As a merge does it, between the message's look at its identity and its lock on the contact.
    const merge = parley.container.database.transaction(async (work) => {
      await work.trx
        .selectFrom('contacts')
        .select('id')
        .where('id', 'in', [chat.contact.id, jane.id])
        .orderBy('id')
        .forNoKeyUpdate()
        .execute()
      const writing = customerWrites(parley, customer, 'Hello again')
      await until(
        async () =>
          (
            await db
              .selectFrom('pg_stat_activity' as never)
              .select('pid' as never)
              .where('wait_event_type' as never, '=', 'Lock' as never)
              .where('query' as never, 'like', '%receive_message%' as never)
              .execute()
          ).length > 0 || undefined,
      )
      await work.trx.updateTable('chats').set({ contact_id: jane.id }).where('id', '=', chat.id).execute()
      await work.trx.updateTable('contact_identities').set({ contact_id: jane.id }).where('external_id', '=', customer).execute()
      await work.trx.updateTable('contacts').set({ removed_at: work.now }).where('id', '=', chat.contact.id).execute()
      return { writing }
    })
    t.match(await (await merge).writing, { status: 200 })
    t.match(await openChatOf(anna, jane.id), { id: String })
    t.same(await db.selectFrom('chats').select('id').where('contact_id', '=', chat.contact.id).execute(), [])
  })
})
