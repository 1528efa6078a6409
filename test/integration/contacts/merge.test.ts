import t from 'tap'
import type { Account, Case, ContactMergeResult } from '../../../src/contracts/index.ts'
import { addAgent, customerWrites, startParley, type TestAgent } from '../../helpers/parley.ts'
import { addContact, contactOf, openChat, openChatOf, someone } from './support.ts'

t.test('joining two contacts', async (t) => {
  const parley = await startParley(t, { listen: true })
  const anna = await addAgent(parley, 'Anna')
  const { admin } = parley
  const merge = (fromId: string, intoContactId: string, dryRun?: boolean, agent: TestAgent = admin) =>
    agent.call<ContactMergeResult>('POST', `/api/contacts/${fromId}/merge`, { intoContactId, ...(dryRun === undefined ? {} : { dryRun }) })

  t.test('a preview tells what would move and changes nothing; then it moves', async (t) => {
    const customer = someone('Twin')
    const past = await openChat(parley, anna, customer, 'First')
    await anna.ok('POST', `/api/chats/${past.id}/complete`)
    const open = await openChat(parley, anna, customer, 'Second')
    const fromId = open.contact.id
    const account = await anna.ok<Account>('POST', '/api/accounts', { name: someone('Acme') })
    await anna.ok('PATCH', `/api/contacts/${fromId}`, {
      email: 'twin@example.com',
      mobilePhone: '+442079460018',
      accountId: account.id,
      notes: 'old',
      custom: { a: 1, b: 1 },
    })
    const ofTwin = await anna.ok<Case>('POST', '/api/cases', { subject: 'Broken', contactId: fromId })
    const into = await addContact(anna, { name: someone('Real'), mobilePhone: '+442079460019', notes: 'new', custom: { b: 2 } })

    const preview = await merge(fromId, into.id, true)
    t.match(preview, {
      status: 200,
      body: {
        dryRun: true,
        contact: { id: into.id, email: null },
        moves: {
          identities: [{ externalId: customer }],
          chats: [
            { id: past.id, status: 'completed' },
            { id: open.id, status: 'in_progress' },
          ],
          cases: [{ id: ofTwin.id }],
        },
        conflicts: { length: 0 },
      },
    })
    t.same(preview.body.moves.fields, { email: 'twin@example.com', accountId: account.id, notes: 'new\n\nold', custom: { a: 1 } })
    t.equal((await contactOf(anna, fromId)).removedAt, null)

    const socket = await anna.listen(t)
    const done = await merge(fromId, into.id)
    t.same({ ...done.body.moves }, { ...preview.body.moves })
    t.match(done.body.contact, {
      id: into.id,
      email: 'twin@example.com',
      mobilePhone: '+442079460019',
      account: { id: account.id },
      notes: 'new\n\nold',
      identities: [{ externalId: customer }],
    })
    t.same(done.body.contact.custom, { a: 1, b: 2 })
    t.match((await socket.next('chat.updated', (frame) => frame.chatId === open.id)).chat, { contact: { id: into.id } })
    t.match(await contactOf(anna, fromId), { removedAt: /^2/, mergedInto: { id: into.id } })
    t.match((await anna.messages(past.id))[0], { author: { id: into.id } })
    t.equal((await anna.ok<Case>('GET', `/api/cases/${ofTwin.id}`)).contactId, into.id)
    await customerWrites(parley, customer, 'Third')
    t.equal((await openChatOf(anna, into.id)).id, open.id)
    t.match(await anna.call('PATCH', `/api/contacts/${fromId}`, { name: 'X' }), { status: 409, body: { code: 'CONTACT_REMOVED' } })

    await admin.ok('POST', `/api/contacts/${fromId}/restore`)
    t.equal((await anna.chat(open.id)).contact.id, fromId)
    t.match(await contactOf(anna, fromId), { removedAt: null, identities: [{ externalId: customer }] })
    t.equal((await anna.ok<Case>('GET', `/api/cases/${ofTwin.id}`)).contactId, fromId)
  })

  t.test('two open chats on one channel are in the way', async (t) => {
    const one = await openChat(parley, anna, someone('One'))
    const two = await openChat(parley, anna, someone('Two'))
    const conflict = {
      code: 'CONTACT_HAS_OPEN_CHAT',
      chats: [
        { id: one.id, number: one.number },
        { id: two.id, number: two.number },
      ],
    }
    t.match(await merge(one.contact.id, two.contact.id, true), { status: 200, body: { conflicts: [conflict] } })
    t.match(await merge(one.contact.id, two.contact.id), { status: 409, body: { code: 'CONTACT_HAS_OPEN_CHAT', conflicts: [conflict] } })
    t.equal((await contactOf(anna, one.contact.id)).removedAt, null)
  })

  t.test('who may, and what cannot be joined', async (t) => {
    const one = await addContact(anna, { name: someone('One') })
    const two = await addContact(anna, { name: someone('Two') })
    t.match(await merge(one.id, two.id, false, anna), { status: 403 })
    t.match(await merge(one.id, one.id), { status: 422, body: { code: 'SAME_CONTACT' } })
    t.match(await merge(one.id, '999999'), { status: 404 })
    t.match(await merge('999999', one.id, true), { status: 404 })
    t.match(await merge(one.id, two.id), { status: 200 })
    t.match(await merge(one.id, two.id), { status: 409, body: { code: 'CONTACT_REMOVED' } })
    t.match(await merge(two.id, one.id), { status: 409, body: { code: 'CONTACT_REMOVED' } })
  })

  t.test('joined again and again, everything can be given back', async (t) => {
    const chat = await openChat(parley, anna, someone('A'))
    const b = await addContact(anna, { name: someone('B') })
    const c = await addContact(anna, { name: someone('C') })
    await merge(chat.contact.id, b.id)
    await merge(b.id, c.id)
    t.match(await contactOf(anna, chat.contact.id), { mergedInto: { id: c.id } }, 'the heir of the heir has it')
    await admin.ok('POST', `/api/contacts/${chat.contact.id}/restore`)
    t.equal((await anna.chat(chat.id)).contact.id, chat.contact.id)
    t.match(await admin.ok('POST', `/api/contacts/${b.id}/restore`), { identities: { length: 0 } }, 'what went back is not taken again')
  })

  t.test('contacts joined in a circle at once: one is left, with everything', async (t) => {
    const contacts = await Promise.all(['A', 'B', 'C'].map(async (name) => addContact(anna, { name: someone(name), notes: name })))
    const [a = '', b = '', c = ''] = contacts.map((one) => one.id)
    const answers = await Promise.all([merge(a, b), merge(b, c), merge(c, a)])
    t.ok(
      answers.every(({ status }) => status === 200 || status === 409),
      JSON.stringify(answers.map(({ status }) => status)),
    )
    const left = (await Promise.all([a, b, c].map((id) => contactOf(anna, id)))).filter((one) => one.removedAt === null)
    t.equal(left.length, 1)
    t.same(left[0]?.notes?.split('\n\n').sort(), ['A', 'B', 'C'])
  })
})
