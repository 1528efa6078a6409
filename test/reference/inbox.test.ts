import t from 'tap'
import { startParley } from '../helpers/parley.ts'
import { accepts, areaOf, completes, openDesk, withSetting } from './support.ts'

t.test('Inbox', async (t) => {
  const parley = await startParley(t, { listen: true })
  const desk = await openDesk(parley)
  const anna = await desk.agent('Anna')
  const socket = await anna.listen(t)

  await t.test('a chat is among the new items until it is accepted, then in progress, then in neither area', async (t) => {
    const customer = desk.customer()
    await customer.writes('Where is my order?')
    const tile = await anna.newItem(customer.name)
    t.match(tile, {
      status: 'waiting',
      unread: 1,
      agent: null,
      lastMessage: { text: 'Where is my order?', direction: 'incoming' },
      channel: { kind: 'simulator' },
    })
    t.match(await accepts(anna, tile.id), { status: 'in_progress', agent: { id: anna.agent.id } })
    t.equal(await areaOf(anna, tile.id), 'In progress')
    await anna.reply(tile.id, 'It left us today')
    await completes(anna, tile.id)
    t.equal(await areaOf(anna, tile.id), null)
    await socket.next('inbox.remove', ({ chatId }) => chatId === tile.id)
  })

  await t.test('every message of a customer is pushed to the inbox the moment it comes', async (t) => {
    const customer = desk.customer()
    await customer.writes('First')
    const { tile } = await socket.next('inbox.upsert', (frame) => frame.tile.contact.name === customer.name)
    t.match(tile, { status: 'waiting', lastMessage: { text: 'First', direction: 'incoming' } })
    await customer.writes('Second')
    const again = await socket.next('inbox.upsert', (frame) => frame.tile.id === tile.id && frame.tile.lastMessage?.text === 'Second')
    t.ok(again.seq > tile.seq)
    await accepts(anna, tile.id)
    await customer.writes('Third')
    await socket.next('chat.message', ({ message }) => message.chatId === tile.id && message.text === 'Third')
  })

  await t.test('an administrator chooses the panel that opens and the sound of a new message', async (t) => {
    await withSetting(t, parley, 'DefaultPanelForChatProcessing', 'contacts')
    await withSetting(t, parley, 'NotificationSound', 'bell')
    const { items } = await anna.ok<{ items: { code: string; value: unknown; defaultValue: unknown }[] }>('GET', '/api/settings')
    const settingOf = (code: string) => items.find((setting) => setting.code === code)
    t.match(settingOf('DefaultPanelForChatProcessing'), { value: 'contacts', defaultValue: 'inbox' })
    t.match(settingOf('NotificationSound'), { value: 'bell', defaultValue: 'chime' })
    for (const code of ['DefaultPanelForChatProcessing', 'NotificationSound']) {
      t.match(await anna.call('PUT', `/api/settings/${code}`, { value: 'none' }), { status: 403 }, 'agents cannot')
      t.equal((await parley.admin.call('PUT', `/api/settings/${code}`, { value: 'no such thing' })).status, 422)
    }
  })
})
