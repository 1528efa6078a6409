import type { ChatTile } from '../../src/contracts/index.ts'
import { overdueTimerFrom } from '../../src/web/ui/overdue.ts'
import type { TestAgent } from '../helpers/parley.ts'
import { accepts, chatThat, onBothBackends, openDesk, transfers } from './support.ts'

const minuteMs = 60_000
/** A tenth of a second, in minutes. */
const instant = 0.1 / 60

const at = (time: string | null): number => Date.parse(time ?? 'none')

async function tileOf(agent: TestAgent, chatId: string): Promise<ChatTile> {
  const { newItems, inProgress } = await agent.inbox()
  const tile = [...newItems, ...inProgress].find(({ id }) => id === chatId)
  if (!tile) throw new Error(`Chat ${chatId} is not in the inbox`)
  return tile
}

onBothBackends(
  'Response overdue',
  async (t, parley) => {
    await t.test('the first and the ongoing response time of the queue set when an answer is due', async (t) => {
      const desk = await openDesk(parley, { firstResponseMinutes: 30, ongoingResponseMinutes: 5 })
      const anna = await desk.agent('Anna')
      const customer = desk.customer()
      await customer.writes('Hello?')
      const first = await anna.newItem(customer.name)
      t.equal(at(first.responseDueAt), at(first.lastCustomerMessageAt) + 30 * minuteMs, 'the first answer, from the first message on')
      await customer.writes('Anybody?')
      await accepts(anna, first.id)
      t.equal((await tileOf(anna, first.id)).responseDueAt, first.responseDueAt, 'neither another message nor acceptance moves it')
      await anna.reply(first.id, 'Yes')
      t.match(await tileOf(anna, first.id), { responseDueAt: null, overdueSince: null })
      await customer.writes('And now?')
      const next = await tileOf(anna, first.id)
      t.equal(at(next.responseDueAt), at(next.lastCustomerMessageAt) + 5 * minuteMs, 'every further answer, from the last message on')
    })

    await t.test('a late answer makes the chat overdue, the timer counts from the last message, and the reply ends it', async (t) => {
      const desk = await openDesk(parley, { firstResponseMinutes: instant, ongoingResponseMinutes: instant })
      const anna = await desk.agent('Anna')
      const socket = await anna.listen(t)
      const customer = desk.customer()
      await customer.writes('Hello?')
      const isLate = (tile: ChatTile) => tile.contact.name === customer.name && tile.overdueSince !== null
      const { tile } = await socket.next('inbox.upsert', (frame) => isLate(frame.tile))
      t.equal(tile.status, 'waiting', 'a chat nobody accepted is late too')
      t.equal(tile.overdueSince, tile.responseDueAt)
      t.ok(at(tile.lastCustomerMessageAt) < at(tile.overdueSince))
      t.equal(overdueTimerFrom(tile, Date.now()), at(tile.lastCustomerMessageAt), 'the timer counts from the last message')

      await accepts(anna, tile.id)
      t.ok((await tileOf(anna, tile.id)).overdueSince, 'acceptance is no answer')
      await anna.ok('POST', `/api/chats/${tile.id}/messages`, { text: 'I look into it', note: true })
      t.ok((await tileOf(anna, tile.id)).overdueSince, 'a note is no answer')
      await anna.reply(tile.id, 'Yes')
      const answered = await tileOf(anna, tile.id)
      t.match(answered, { responseDueAt: null, overdueSince: null })
      t.equal(overdueTimerFrom(answered, Date.now()), null, 'and there is no timer')
      await socket.next('inbox.upsert', (frame) => frame.tile.id === tile.id && frame.tile.overdueSince === null && frame.seq > tile.seq)

      await customer.writes('One more thing')
      const again = await chatThat(anna, tile.id, ({ overdueSince }) => overdueSince !== null, 'the ongoing response to be overdue')
      t.ok(at(again.overdueSince) > at(again.lastCustomerMessageAt))
      t.ok(at(again.lastCustomerMessageAt) > at(tile.lastCustomerMessageAt), 'the timer starts anew with the new message')
      t.equal(overdueTimerFrom(again, Date.now()), at(again.lastCustomerMessageAt))
      await socket.next('notification', ({ chatId }) => chatId === tile.id)
    })

    await t.test('a transferred chat whose customer is unanswered keeps its due time, also past it', async (t) => {
      const desk = await openDesk(parley, { firstResponseMinutes: 0.02 })
      const [anna, ben] = [await desk.agent('Anna'), await desk.agent('Ben')]
      const { chat } = await desk.conversation(anna)
      t.ok(chat.responseDueAt)
      const { childChat } = await transfers(anna, chat.id, { agentId: ben.agent.id })
      t.equal(childChat.responseDueAt, chat.responseDueAt)
      const late = await chatThat(ben, childChat.id, ({ overdueSince }) => overdueSince !== null, 'the child chat to be overdue')
      t.equal(late.overdueSince, chat.responseDueAt)
      await ben.reply(childChat.id, 'Here I am')
      t.match(await ben.chat(childChat.id), { overdueSince: null, responseDueAt: null })

      const answered = await desk.conversation(anna)
      await anna.reply(answered.chatId, 'Done')
      const handed = await transfers(anna, answered.chatId, { agentId: ben.agent.id })
      t.equal(handed.childChat.responseDueAt, null, 'nobody waits for an answer')
    })
  },
  { listen: true },
)
