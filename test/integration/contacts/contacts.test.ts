import { sql } from 'kysely'
import t from 'tap'
import type { Account, Contact } from '../../../src/contracts/index.ts'
import { addAgent, customerWrites, startParley } from '../../helpers/parley.ts'
import { addContact, contactOf, openChat, someone } from './support.ts'

type Page<T> = { items: T[]; nextCursor: string | null }

t.test('contacts', async (t) => {
  const parley = await startParley(t, { listen: true })
  const anna = await addAgent(parley, 'Anna')

  t.test('an agent adds a contact and changes it', async (t) => {
    const account = await anna.ok<Account>('POST', '/api/accounts', { name: someone('Acme') })
    const added = await anna.call<Contact>('POST', '/api/contacts', {
      name: 'Jane Doe',
      mobilePhone: '+44 (20) 7946-0018',
      email: 'jane@example.com',
      account: { id: account.id },
      custom: { vip: true, city: 'Leeds' },
    })
    t.match(added, {
      status: 201,
      body: {
        name: 'Jane Doe',
        mobilePhone: '+442079460018',
        account: { id: account.id, name: account.name },
        identities: [],
        removedAt: null,
        custom: { vip: true, city: 'Leeds' },
      },
    })
    const path = `/api/contacts/${added.body.id}`
    const changed = await anna.ok<Contact>('PATCH', path, {
      mobilePhone: '0044 20 7946 0019',
      notes: '  ',
      custom: { vip: null, tier: 2 },
      accountId: null,
    })
    t.match(changed, { name: 'Jane Doe', mobilePhone: '+442079460019', notes: null, account: null })
    t.same(changed.custom, { city: 'Leeds', tier: 2 }, 'own fields change one by one')
    t.same(await contactOf(anna, added.body.id), changed)
  })

  t.test('what cannot be is refused', async (t) => {
    for (const mobilePhone of ['020 7946 0018', 'call me', '+1']) {
      t.match(
        await anna.call('POST', '/api/contacts', { name: 'X', mobilePhone }),
        { status: 422, body: { code: 'INVALID_PHONE' } },
        mobilePhone,
      )
    }
    t.match(await anna.call('POST', '/api/contacts', { name: 'X', accountId: '999999' }), {
      status: 422,
      body: { code: 'ACCOUNT_NOT_FOUND' },
    })
    t.match(await anna.call('POST', '/api/contacts', { name: 'X', photoUrl: 'javascript:alert(1)' }), { status: 400 })
    t.match(await anna.call('POST', '/api/contacts', { name: 'X', email: 'nobody' }), { status: 400 })
    t.match(await anna.call('POST', '/api/contacts', { name: '  ' }), { status: 400 })
    t.match(await anna.call('GET', '/api/contacts/999999'), { status: 404 })
    t.match(await anna.call('PATCH', '/api/contacts/999999', { name: 'X' }), { status: 404 })
  })

  t.test('contacts are found by part of name, phone and email, whatever their case', async (t) => {
    const name = someone('Zoë O’Brien 100%')
    const { id } = await addContact(anna, { name, mobilePhone: '+49 1512 3456789', email: `Zoe.${name.slice(-8)}@Example.com` })
    const find = async (q: string) =>
      (await anna.ok<Page<Contact>>('GET', `/api/contacts?q=${encodeURIComponent(q)}&limit=200`)).items.map((one) => one.id)
    for (const q of [
      name.toUpperCase(),
      'ZOË O',
      name.slice(-8),
      '+49 1512 34567',
      '01512 3456789',
      '3456789',
      `${name.slice(-8)}@example`,
      'zo',
    ]) {
      t.ok((await find(q)).includes(id), q)
    }
    for (const q of ['100_', '%', `${name}x`, '+49 1512 999']) t.notOk((await find(q)).includes(id), q)
  })

  t.test('the list goes by name, and its pages lose and repeat nothing', async (t) => {
    const mark = someone('page')
    const names = ['beta', 'Alpha', 'alpha', 'Delta', 'charlie'].map((name) => `${mark} ${name}`)
    for (const name of names) await addContact(anna, { name })
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Page<Contact> = await anna.ok(
        'GET',
        `/api/contacts?q=${encodeURIComponent(mark)}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      t.ok(page.items.length <= 2)
      seen.push(...page.items.map((one) => one.name))
      cursor = page.nextCursor
    }
    t.same(
      seen.map((name) => name.toLowerCase()),
      names.map((name) => name.toLowerCase()).sort(),
    )
    t.equal(new Set(seen).size, 5)
    t.match(await anna.call('GET', '/api/contacts?cursor=bm9wZQ'), { status: 400 })
  })

  t.test('a contact shows its identities and its chats on every channel, newest first', async (t) => {
    const customer = someone('Cora')
    const first = await openChat(parley, anna, customer)
    await anna.ok('POST', `/api/chats/${first.id}/complete`)
    const second = await openChat(parley, anna, customer, 'Again')
    const contact = await contactOf(anna, first.contact.id)
    t.match(contact.identities, [{ channelKind: 'simulator', externalId: customer, name: customer }])
    const path = `/api/contacts/${contact.id}/chats`
    const chats = await anna.ok<Page<{ id: string }>>('GET', `${path}?limit=1`)
    t.same(
      chats.items.map((chat) => chat.id),
      [second.id],
    )
    const rest = await anna.ok<Page<{ id: string }>>('GET', `${path}?limit=1&cursor=${chats.nextCursor}`)
    t.same(
      rest.items.map((chat) => chat.id),
      [first.id],
    )

    const queue = await parley.admin.ok<{ id: string }>('POST', '/api/queues', { name: someone('Elsewhere'), agentIds: [] })
    await parley.container.database.db
      .updateTable('chats')
      .set({ queue_id: queue.id, agent_id: parley.admin.agent.id })
      .where('id', '=', first.id)
      .execute()
    t.same(
      (await anna.ok<Page<{ id: string }>>('GET', path)).items.map((chat) => chat.id),
      [second.id],
      'only chats that the agent may see',
    )
    t.same((await parley.admin.ok<Page<{ id: string }>>('GET', path)).items.length, 2)
  })

  t.test('whoever has the chat open sees the new name at once', async (t) => {
    const customer = someone('Dora')
    const chat = await openChat(parley, anna, customer)
    const socket = await anna.listen(t)
    const name = someone('Dora Smith')
    await anna.ok('PATCH', `/api/contacts/${chat.contact.id}`, { name })
    const frame = await socket.next('inbox.upsert', ({ tile }) => tile.id === chat.id && tile.contact.name === name)
    t.ok(frame.seq > chat.seq)
  })

  t.test('a phone number that somebody typed makes the customer known on WhatsApp and SMS', async (t) => {
    const contact = await addContact(anna, { name: someone('Ed'), mobilePhone: '+49 1512 1234567' })
    const { db } = parley.container.database
    const customer = JSON.stringify({ name: 'Ed', phone: '+4915121234567' })
    const found = await sql<{
      contact_id: string
    }>`select contact_id from ensure_contact(array['phone'], array['+4915121234567'], ${customer}::jsonb, now())`.execute(db)
    t.same(found.rows, [{ contact_id: contact.id }])
    t.match((await contactOf(anna, contact.id)).identities, [{ channelKind: 'sms', externalId: '+4915121234567' }])
  })

  t.test('the profile beside a chat shows the fields that administrators chose', async (t) => {
    const customer = someone('Fay')
    const chat = await openChat(parley, anna, customer)
    const fields = (shown: { field: string }[]) => shown.map((one) => one.field).filter((field) => field !== 'writesFrom')
    t.same(fields(chat.contactProfile), ['channel', 'mobilePhone', 'email'])
    const account = await anna.ok<Account>('POST', '/api/accounts', { name: someone('Fay Ltd') })
    await anna.ok('PATCH', `/api/contacts/${chat.contact.id}`, {
      email: 'fay@example.com',
      accountId: account.id,
      custom: { tier: 'gold' },
    })
    await parley.admin.ok('PUT', '/api/settings/ContactProfileFields', { value: ['custom.tier', 'account', 'email', 'custom.none'] })
    const profile = (await anna.chat(chat.id)).contactProfile.filter((one) => one.field !== 'writesFrom')
    t.same(profile, [
      { field: 'custom.tier', label: 'tier', value: 'gold' },
      { field: 'account', label: 'Account', value: account.name },
      { field: 'email', label: 'Email', value: 'fay@example.com' },
      { field: 'custom.none', label: 'none', value: null },
    ])
  })

  t.test('accounts', async (t) => {
    const name = someone('Umbrella')
    const account = await anna.ok<Account>('POST', '/api/accounts', { name })
    t.match(await anna.ok('GET', `/api/accounts?q=${encodeURIComponent(name.slice(2).toUpperCase())}`), {
      items: [{ id: account.id, name }],
      nextCursor: null,
    })
    t.match(await anna.ok('PATCH', `/api/accounts/${account.id}`, { name: `${name} Ltd` }), { name: `${name} Ltd` })
    t.match(await anna.ok('GET', `/api/accounts/${account.id}`), { name: `${name} Ltd` })
    t.match(await anna.call('GET', '/api/accounts/999999'), { status: 404 })
  })

  t.test('20 first messages of one customer at once make one contact', async (t) => {
    const customer = someone('Gus')
    await Promise.all(Array.from({ length: 20 }, (_, index) => customerWrites(parley, customer, `message ${index}`)))
    const found = await anna.ok<Page<Contact>>('GET', `/api/contacts?q=${encodeURIComponent(customer)}`)
    t.equal(found.items.length, 1)
    t.equal((await anna.newItem(customer)).unread, 20)
  })
})
