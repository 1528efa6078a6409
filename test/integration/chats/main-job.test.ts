import t from 'tap'
import { addAgent, customerSees, customerWrites, startParley } from '../../helpers/parley.ts'
import { sharedRedisSkip, sharedRedisUrl } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'

const backends = [
  { name: 'PostgreSQL', skip: false as false | string, redisUrl: async () => undefined },
  { name: 'Redis', skip: sharedRedisSkip, redisUrl: (test: typeof t) => sharedRedisUrl(test) },
]

for (const backend of backends) {
  t.test(`a customer writes, an agent answers, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const redisUrl = await backend.redisUrl(t as typeof t & typeof import('tap').t)
    const parley = await startParley(t, { listen: true, ...(redisUrl ? { redisUrl } : {}) })
    const anna = await addAgent(parley, 'Anna')
    const socket = await anna.listen(t)

    t.equal((await customerWrites(parley, 'Bob', 'Where is my order?')).status, 200)
    const tile = await anna.newItem('Bob')
    t.match(tile, { status: 'waiting', unread: 1, agent: null, lastMessage: { text: 'Where is my order?', direction: 'incoming' } })
    t.match((await socket.next('inbox.upsert', (frame) => frame.tile.id === tile.id)).tile, { status: 'waiting' })

    const accepted = await anna.accept(tile.id)
    t.match(accepted, { status: 200, body: { chat: { status: 'in_progress', agent: { name: 'Anna' } } } })
    await socket.next('inbox.upsert', (frame) => frame.tile.status === 'in_progress')

    const reply = await anna.reply(tile.id, 'On its way!')
    t.match(reply, { direction: 'outgoing', status: 'sending', author: { kind: 'agent', name: 'Anna' } })
    await socket.next('chat.message_status', (frame) => frame.messageId === reply.id && frame.status !== 'sending')
    t.match(await customerSees(parley, 'Bob'), [
      { direction: 'incoming', text: 'Where is my order?' },
      { direction: 'outgoing', text: 'On its way!' },
    ])

    await customerWrites(parley, 'Bob', 'Thanks')
    await socket.next('chat.message', (frame) => frame.message.text === 'Thanks')
    const completed = await anna.call<{ chat: { status: string } }>('POST', `/api/chats/${tile.id}/complete`)
    t.match(completed, { status: 200, body: { chat: { status: 'completed', completionReason: 'agent' } } })
    const messages = await anna.messages(tile.id)
    t.match(messages.at(-1), { direction: 'system', text: /completed/i })
    t.match(await anna.call('POST', `/api/chats/${tile.id}/messages`, { text: 'too late' }), {
      status: 409,
      body: { code: 'CHAT_COMPLETED' },
    })
    t.match(await anna.inbox(), { newItems: [], inProgress: [] })
    await socket.next('inbox.remove', (frame) => frame.chatId === tile.id)
    t.equal(
      messages
        .filter((message) => message.direction !== 'note')
        .map((message) => message.seq)
        .every((seq, index, all) => index === 0 || seq > (all[index - 1] ?? 0)),
      true,
    )

    await customerWrites(parley, 'Bob', 'One more thing')
    const next = await anna.newItem('Bob')
    t.not(next.id, tile.id, 'a message after the completion opens a new chat')
    t.equal(next.contact.id, tile.contact.id)
  })

  t.test(`the chat timeout completes a chat, on ${backend.name}`, { skip: backend.skip }, async (t) => {
    const redisUrl = await backend.redisUrl(t as typeof t & typeof import('tap').t)
    const parley = await startParley(t, redisUrl ? { redisUrl } : {})
    await parley.admin.ok('PATCH', `/api/queues/${parley.queueId}`, { chatTimeoutMinutes: 0.02 })
    const anna = await addAgent(parley, 'Anna')
    await customerWrites(parley, 'Cora', 'Hello?')
    const tile = await anna.newItem('Cora')
    await anna.accept(tile.id)
    t.equal((await anna.chat(tile.id)).timeoutAt, null, 'no timeout while the customer waits for an answer')
    await anna.reply(tile.id, 'Hi')
    t.type((await anna.chat(tile.id)).timeoutAt, 'string')
    const chat = await until(async () => {
      const found = await anna.chat(tile.id)
      return found.status === 'completed' ? found : undefined
    })
    t.equal(chat.completionReason, 'timeout')
    t.match((await anna.messages(tile.id)).at(-1), { direction: 'system', text: /timeout/i })
  })
}
