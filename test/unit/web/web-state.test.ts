import t from 'tap'
import type { ChatTile, Inbox, Message } from '../../../src/contracts/chats.ts'
import { buildRows, firstUnreadSeq } from '../../../src/web/chat/rows.ts'
import { sortInProgress, sortNewItems } from '../../../src/web/inbox/order.ts'
import { placeTile } from '../../../src/web/realtime/apply-frame.ts'
import { applyStatus, mergeMessages } from '../../../src/web/realtime/message-cache.ts'
import { SequenceTracker } from '../../../src/web/realtime/sequence.ts'
import { reconnectDelay } from '../../../src/web/realtime/socket.ts'
import { splitLinks } from '../../../src/web/ui/split-links.ts'
import { duration } from '../../../src/web/ui/time.ts'

const noon = Date.parse('2026-03-04T12:00:00Z')
const at = (minutes: number) => new Date(noon + minutes * 60_000).toISOString()

function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    chatId: '1',
    seq,
    direction: 'incoming',
    author: { kind: 'contact', id: '7', name: 'Anna' },
    text: `text ${seq}`,
    files: [],
    at: at(seq),
    providerAt: null,
    status: null,
    failureReason: null,
    attempts: 0,
    translation: null,
    clientId: null,
    ...fields,
  }
}

function tile(id: string, fields: Partial<ChatTile> = {}): ChatTile {
  return {
    id,
    number: Number(id),
    seq: 1,
    status: 'waiting',
    contact: { id, name: id, photoUrl: null, initials: id },
    channel: { id: '1', kind: 'simulator', name: 'Simulator' },
    queue: { id: '1', name: 'General' },
    agent: null,
    lastMessage: null,
    unread: 0,
    hasDraft: false,
    lastCustomerMessageAt: null,
    responseDueAt: null,
    overdueSince: null,
    timeoutAt: null,
    createdAt: at(0),
    ...fields,
  }
}

const ids = (tiles: ChatTile[]) => tiles.map(({ id }) => id).join(' ')

t.test('a hole in the sequence is found once and closed by the answer to the sync', async (t) => {
  const tracker = new SequenceTracker()
  t.notOk(tracker.applied('1', 9), 'a chat that was never loaded has no holes')
  tracker.loaded('1', 4)
  t.notOk(tracker.applied('1', 5), 'the next number')
  t.ok(tracker.applied('1', 7), '6 is missing')
  t.notOk(tracker.applied('1', 6), '6 came late')
  t.equal(tracker.known('1'), 7)
  t.ok(tracker.applied('1', 10))
  t.ok(tracker.beginSync('1', 1000))
  t.notOk(tracker.beginSync('1', 1500), 'one sync at a time')
  t.notOk(tracker.refreshed('1', 12, 2000), 'the answer brings everything')
  t.equal(tracker.known('1'), 12)
  t.ok(tracker.refreshed('1', 14, 2500), 'a push that is no answer closes nothing')
  t.equal(tracker.known('1'), 12)
})

t.test('message states only move forward, but for a retry', async (t) => {
  const sent = message(2, { direction: 'outgoing', status: 'delivered', attempts: 1 })
  const late = mergeMessages([message(1), sent], [{ ...sent, status: 'sent' }, message(3)])
  t.same(
    late.map(({ seq, status }) => [seq, status]),
    [
      [1, null],
      [2, 'delivered'],
      [3, null],
    ],
  )
  t.equal(applyStatus(late, 'm2', 'sent', null)[1]?.status, 'delivered')
  t.equal(applyStatus(late, 'm2', 'failed', 'too late')[1]?.status, 'delivered', 'what arrived did not fail')
  const failed = applyStatus([message(2, { direction: 'outgoing', status: 'sent', attempts: 1 })], 'm2', 'failed', 'blocked')
  t.match(failed[0], { status: 'failed', failureReason: 'blocked' })
  t.match(applyStatus(failed, 'm2', 'sending', null)[0], { status: 'sending', failureReason: null })
  t.match(
    applyStatus(failed, 'm2', 'delivered', null)[0],
    { status: 'delivered', failureReason: null },
    'the provider proved that it arrived',
  )
})

t.test('an own message keeps its line when the server confirms it', async (t) => {
  const entry = {
    clientId: 'c1',
    chatId: '1',
    text: 'hello',
    note: false,
    at: at(3),
    state: 'sending' as const,
    reason: null,
    files: [],
    templateId: null,
    translate: true,
  }
  const before = buildRows([message(1), message(2)], [entry], null)
  const after = buildRows([message(1), message(2), message(3, { direction: 'outgoing', clientId: 'c1' })], [entry], null)
  t.same(
    before.map(({ kind }) => kind),
    ['message', 'message', 'pending'],
  )
  t.same(
    after.map(({ kind }) => kind),
    ['message', 'message', 'message'],
  )
  t.equal(after[2]?.key, before[2]?.key)
})

t.test('the marker stands before the first unread message, with read ones above it', async (t) => {
  const messages = [message(1), message(2, { direction: 'outgoing' }), message(3), message(4)]
  t.equal(firstUnreadSeq(messages, 2), 3)
  t.equal(firstUnreadSeq(messages, 0), null)
  t.same(
    buildRows(messages, [], 3).map((row) => row.kind === 'message' && row.startsUnread),
    [false, false, true, false],
  )
})

t.test('the most urgent chat is on top', async (t) => {
  const waiting = [
    tile('1', { createdAt: at(-5) }),
    tile('2', { createdAt: at(-9) }),
    tile('3', { overdueSince: at(-1), createdAt: at(-2) }),
  ]
  t.equal(ids(sortNewItems(waiting, noon)), '3 2 1', 'overdue, then who waits longest')
  const passed = [tile('4', { responseDueAt: at(-2) }), tile('5', { overdueSince: at(-3) }), tile('6', { responseDueAt: at(1) }), tile('7')]
  t.equal(ids(sortInProgress([...passed].reverse(), noon)), '5 4 6 7', 'a due time that has passed is overdue')
})

t.test('a tile goes where its status and owner say', async (t) => {
  const inbox: Inbox = { newItems: [tile('1', { seq: 3 })], inProgress: [] }
  const mine = tile('1', { seq: 4, status: 'in_progress', agent: { id: '9', name: 'Dana' } })
  t.match(placeTile(inbox, mine, '9'), { newItems: [], inProgress: [{ id: '1' }] })
  t.match(placeTile(inbox, mine, '8'), { newItems: [], inProgress: [] }, 'somebody else took it')
  t.equal(placeTile(inbox, tile('1', { seq: 2, status: 'completed' }), '9'), inbox, 'an old state changes nothing')
})

t.test('waits between connections grow, are capped and differ', async (t) => {
  t.equal(
    reconnectDelay(0, () => 0),
    250,
  )
  t.equal(
    reconnectDelay(0, () => 1),
    500,
  )
  t.equal(
    reconnectDelay(20, () => 1),
    20_000,
  )
})

t.test('durations and links are read as people write them', async (t) => {
  t.equal(duration(7_000), '0:07')
  t.equal(duration(3_605_000), '1:00:05')
  t.equal(duration(100 * 3_600_000), '4 d 4 h')
  t.same(
    splitLinks('see https://a.example/x?y=1, or javascript:alert(1)').map(({ text, isLink }) => [text, isLink]),
    [
      ['see ', false],
      ['https://a.example/x?y=1', true],
      [', or javascript:alert(1)', false],
    ],
  )
})
