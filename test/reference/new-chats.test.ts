import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { ChatTile, Contact } from '../../src/contracts/index.ts'
import { addAgent, type TestAgent } from '../helpers/parley.ts'
import { messengerEvent, mid, whatsappMessage } from '../helpers/providers/graph-webhooks.ts'
import { until } from '../helpers/until.ts'
import { messenger, olena, sms, startListening, telegram, whatsapp } from '../integration/channels/support.ts'
import { accepts, completes, textsOf } from './support.ts'

const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex')
const ourNumber = '+15105550142'
const sentAt = 1_795_340_400

const contactOf = (agent: TestAgent, { contact }: ChatTile) => agent.ok<Contact>('GET', `/api/contacts/${contact.id}`)

/** Waits until the contact has a picture that can be fetched. */
function hasPicture(agent: TestAgent, tile: ChatTile): Promise<boolean> {
  return until(
    async () => {
      const { photoUrl } = await contactOf(agent, tile)
      return photoUrl !== null && (await agent.call('GET', photoUrl)).status === 200
    },
    { message: `the picture of ${tile.contact.name}` },
  )
}

t.test('New chats and contacts', async (t) => {
  const parley = await startListening(t)
  const [bot, page, number, line] = await Promise.all([telegram(t, parley), messenger(t, parley), whatsapp(t, parley), sms(t, parley)])
  const anna = await addAgent(parley, 'Anna')
  const { phoneNumberId } = number.emulator
  const byWhatsapp = (customer: { phone: string; name: string }, body: string) =>
    number.emulator.deliver(number.url, whatsappMessage(phoneNumberId, customer, sentAt, { type: 'text', text: { body } }))
  const bySms = (from: string, body: string) => line.emulator.deliver(line.url, [line.emulator.incoming(from, ourNumber, body)])
  const byTelegram = (text: string) => bot.emulator.deliver(bot.emulator.messageUpdate(olena, { text }), { url: bot.url })

  await t.test('a stranger on Messenger: a chat, and a contact with name, picture and user id', async (t) => {
    const psid = '7811203946650127'
    page.emulator.profiles.set(psid, { first_name: 'Lucía', last_name: 'Ruiz', picture: jpeg })
    await page.emulator.deliver(
      page.url,
      messengerEvent(page.emulator.pageId, psid, sentAt * 1000, { message: { mid: mid(), text: '¿Hola?' } }),
    )
    const tile = await anna.newItem('Lucía Ruiz')
    t.match(tile, { status: 'waiting', channel: { id: page.channel.id, kind: 'messenger' }, lastMessage: { text: '¿Hola?' } })
    t.match(await contactOf(anna, tile), { name: 'Lucía Ruiz', identities: [{ channelKind: 'messenger', externalId: psid }] })
    t.ok(await hasPicture(anna, tile))
  })

  await t.test('a stranger on Telegram: a chat, and a contact with name, picture and user id', async (t) => {
    bot.emulator.addProfilePhoto(olena.id, jpeg)
    await byTelegram('Доброго дня')
    const tile = await anna.newItem('Olena Koval')
    t.match(tile, { status: 'waiting', channel: { kind: 'telegram' }, lastMessage: { text: 'Доброго дня' } })
    t.match(await contactOf(anna, tile), { identities: [{ channelKind: 'telegram', externalId: String(olena.id) }] })
    t.ok(await hasPicture(anna, tile))
  })

  await t.test('a stranger on WhatsApp: a chat, and a contact with name and phone number', async (t) => {
    await byWhatsapp({ phone: '491512345678', name: 'Marta Vogel' }, 'Hallo')
    const tile = await anna.newItem('Marta Vogel')
    t.match(tile, { status: 'waiting', channel: { kind: 'whatsapp' }, lastMessage: { text: 'Hallo' } })
    t.match(await contactOf(anna, tile), { mobilePhone: '+491512345678', photoUrl: null })
  })

  await t.test('a stranger by SMS: a chat, and a contact with the phone number', async (t) => {
    await bySms('+17185550199', 'Hi there')
    const tile = await anna.newItem('+1 718 555 0199')
    t.match(tile, { status: 'waiting', channel: { kind: 'sms' }, lastMessage: { text: 'Hi there' } })
    t.match(await contactOf(anna, tile), { mobilePhone: '+17185550199', photoUrl: null })
  })

  await t.test('a message goes to the active chat; without one a known customer gets a new chat and no new contact', async (t) => {
    const first = await anna.newItem('Olena Koval')
    await byTelegram('Ви тут?')
    t.same(await textsOf(anna, first.id), ['Доброго дня', 'Ви тут?'], 'while it waits')
    await accepts(anna, first.id)
    await byTelegram('Агов')
    t.equal((await textsOf(anna, first.id)).at(-1), 'Агов', 'while it is in progress')
    await completes(anna, first.id)
    await byTelegram('Ще одне питання')
    const next = await anna.newItem('Olena Koval')
    t.not(next.id, first.id)
    t.equal(next.contact.id, first.contact.id)
    t.match(await anna.chat(next.id), { previousChatId: first.id, status: 'waiting' })
    t.same(await textsOf(anna, next.id), ['Ще одне питання'])
  })

  await t.test('a phone number that a contact has already makes no contact, on WhatsApp and by SMS', async (t) => {
    const name = `Ines ${randomUUID().slice(0, 8)}`
    const ines = await parley.admin.ok<Contact>('POST', '/api/contacts', { name, mobilePhone: '+34 612 345 678' })
    await byWhatsapp({ phone: '34612345678', name: 'somebody' }, 'Por WhatsApp')
    t.match(await anna.newItem(name), { contact: { id: ines.id }, channel: { kind: 'whatsapp' } })
    await bySms('+34612345678', 'Por SMS')
    const isSms = ({ contact, channel }: ChatTile) => contact.id === ines.id && channel.kind === 'sms'
    t.ok(await until(async () => (await anna.inbox()).newItems.some(isSms)))
    const { items } = await anna.ok<{ items: ChatTile[] }>('GET', `/api/contacts/${ines.id}/chats`)
    t.same(items.map(({ channel }) => channel.kind).sort(), ['sms', 'whatsapp'], 'and both chats are seen with the contact')
  })

  await t.test('several WhatsApp accounts of one contact share one chat with the whole history', async (t) => {
    const [home, work] = [
      { phone: '4915700000001', name: 'Jonas Weber' },
      { phone: '4915700000002', name: 'Jonas at work' },
    ]
    await byWhatsapp(home, 'From home')
    const first = await anna.newItem(home.name)
    await accepts(anna, first.id)
    await completes(anna, first.id)
    await byWhatsapp(work, 'From work')
    const second = await anna.newItem(work.name)
    await accepts(anna, second.id)
    await anna.ok('POST', `/api/chats/${second.id}/link`, { contactId: first.contact.id })
    await byWhatsapp(home, 'At home again')
    await anna.reply(second.id, 'I see you')
    const sent = await until(() => number.emulator.sent[0])
    t.match(sent.to, /4915700000001/, 'the reply goes where the customer wrote last')
    await byWhatsapp(work, 'And back at work')
    t.same(await textsOf(anna, second.id), ['From work', 'At home again', 'I see you', 'And back at work'])
    const { items } = await anna.ok<{ items: ChatTile[] }>('GET', `/api/contacts/${first.contact.id}/chats`)
    t.same(items.map(({ id }) => id).sort(), [first.id, second.id].sort())
  })
})
