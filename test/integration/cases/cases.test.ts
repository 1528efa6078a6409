import t from 'tap'
import type { Account, ActionResult, Case, Chat } from '../../../src/contracts/index.ts'
import { addAgent, customerWrites, startParley, type TestAgent } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'
import { addContact, openChat, someone } from '../contacts/support.ts'

type Page = { items: Case[]; nextCursor: string | null }

t.test('cases', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  const ben = await addAgent(parley, 'Ben')

  const run = async (agent: TestAgent, chatId: string, caption: string): Promise<ActionResult> => {
    const action = (await agent.chat(chatId)).actions.find((one) => one.caption === caption)
    return agent.ok('POST', `/api/chats/${chatId}/actions/${action?.id}`)
  }
  const caseOf = async (result: ActionResult): Promise<Case> => anna.ok('GET', `/api/cases/${(result.result as { caseId: string }).caseId}`)

  t.test('an agent adds a case, changes it and finds it', async (t) => {
    const contact = await addContact(anna, { name: someone('Jane') })
    const subject = someone('Printer on FIRE')
    const added = await anna.call<Case>('POST', '/api/cases', { subject, contactId: contact.id, assigneeId: ben.agent.id })
    t.match(added, {
      status: 201,
      body: {
        subject,
        description: '',
        source: 'Manual',
        status: 'New',
        contactId: contact.id,
        accountId: null,
        assigneeId: ben.agent.id,
        chatId: null,
        registeredAt: /Z$/,
      },
    })
    const { id, number } = added.body
    t.match(await anna.ok('PATCH', `/api/cases/${id}`, { status: 'In progress', description: 'It burns' }), {
      status: 'In progress',
      description: 'It burns',
      subject,
    })
    const find = async (query: string) => (await anna.ok<Page>('GET', `/api/cases?${query}`)).items.map((one) => one.id)
    for (const query of [
      `contactId=${contact.id}`,
      `q=${encodeURIComponent(subject.toLowerCase())}`,
      `q=${number}`,
      `assigneeId=${ben.agent.id}`,
      'status=In%20progress',
      `status=In%20progress&contactId=${contact.id}`,
    ]) {
      t.ok((await find(query)).includes(id), query)
    }
    for (const query of [`status=New&contactId=${contact.id}`, `chatId=1&contactId=${contact.id}`, 'q=no%25such'])
      t.notOk((await find(query)).includes(id), query)
    t.match(await anna.call('POST', '/api/cases', { subject, contactId: '999999' }), {
      status: 422,
      body: { code: 'UNKNOWN_REFERENCE', detail: /contact 999999/ },
    })
    t.match(await anna.call('PATCH', `/api/cases/${id}`, { assigneeId: '999999' }), { status: 422 })
    t.match(await anna.call('POST', '/api/cases', { subject, chatId: '999999' }), { status: 404 })
    t.match(await anna.call('GET', '/api/cases/999999'), { status: 404 })
    t.match(await anna.call('PATCH', `/api/cases/${id}`, { chatId: null }), { status: 400 }, 'a case keeps its chat')
  })

  t.test('the list is newest first and its pages lose nothing', async (t) => {
    const { id: contactId } = await addContact(anna, { name: someone('Jane') })
    const ids: string[] = []
    for (let index = 0; index < 5; index++)
      ids.unshift((await anna.ok<Case>('POST', '/api/cases', { subject: `Case ${index}`, contactId })).id)
    const seen: string[] = []
    let page = await anna.ok<Page>('GET', `/api/cases?contactId=${contactId}&limit=2`)
    seen.push(...page.items.map((one) => one.id))
    while (page.nextCursor !== null) {
      page = await anna.ok<Page>('GET', `/api/cases?contactId=${contactId}&limit=2&cursor=${page.nextCursor}`)
      seen.push(...page.items.map((one) => one.id))
    }
    t.same(seen, ids)
  })

  t.test('the action fills every field of the case; running it again gives the same case and says so', async (t) => {
    const customer = someone('Jane')
    const account = await anna.ok<Account>('POST', '/api/accounts', { name: someone('Acme') })
    await customerWrites(parley, customer, 'My printer is on fire')
    await customerWrites(parley, customer, `\${process.exit()} {{agent.name}} =1+1`)
    const tile = await anna.newItem(customer)
    await anna.accept(tile.id)
    await anna.ok('PATCH', `/api/contacts/${tile.contact.id}`, { accountId: account.id })
    await anna.reply(tile.id, 'Use water')
    await customerWrites(parley, customer, 'It helped')
    const first = await run(anna, tile.id, 'Create case')
    const made = await caseOf(first)
    t.match(made, {
      subject: 'My printer is on fire',
      description: `My printer is on fire\n\${process.exit()} {{agent.name}} =1+1`,
      source: 'Chat',
      status: 'New',
      contactId: tile.contact.id,
      accountId: account.id,
      assigneeId: anna.agent.id,
      chatId: tile.id,
      registeredAt: /Z$/,
    })
    t.match(first, { state: 'completed', result: { message: `Case ${made.number} created.` } })
    t.match(await run(anna, tile.id, 'Create case'), {
      state: 'completed',
      result: { caseId: made.id, message: `Case ${made.number} already exists for this chat.` },
    })
    t.equal((await anna.chat(tile.id)).status, 'in_progress', 'the chat stays open')
  })

  t.test('ten clicks at once make one case', async (t) => {
    const chat = await openChat(parley, anna, someone('Jane'))
    const results = await Promise.all(Array.from({ length: 10 }, () => run(anna, chat.id, 'Create case')))
    t.equal(new Set(results.map((one) => (one.result as { caseId: string }).caseId)).size, 1)
    t.equal((await anna.ok<Page>('GET', `/api/cases?chatId=${chat.id}`)).items.length, 1)
  })

  t.test('a transferred chat tells in its case what the customer wrote before', async (t) => {
    const customer = someone('Jane')
    const parent = await openChat(parley, anna, customer, 'First words')
    const { childChat } = await anna.ok<{ childChat: Chat }>('POST', `/api/chats/${parent.id}/transfer`, { agentId: ben.agent.id })
    await customerWrites(parley, customer, 'More words')
    await until(async () => ((await ben.chat(childChat.id)).lastMessage?.text === 'More words' ? true : undefined))
    const made = await caseOf(await run(ben, childChat.id, 'Create case'))
    t.match(made, { subject: 'First words', description: 'First words\nMore words', assigneeId: ben.agent.id, chatId: childChat.id })
  })

  t.test('a chat without a text still makes a case', async (t) => {
    const chat = await openChat(parley, anna, someone('Jane'))
    await parley.container.database.db.updateTable('chats').set({ first_message: null }).where('id', '=', chat.id).execute()
    t.match(await caseOf(await run(anna, chat.id, 'Create case')), { subject: `Chat ${chat.number}` })
  })
})
