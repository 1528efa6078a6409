import t, { type Test } from 'tap'
import { addAgent, customerWrites, startParley, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'
import { boundary, definition, end, note, onMessage, onTimer, receive, start } from './support.ts'

/** Two servers with workers on one database; both start, sweep and fire whatever is due. */
async function twoNodes(t: Test): Promise<[TestParley, TestParley]> {
  const { url } = await createTestDatabase(t)
  const first = await startParley(t, { databaseUrl: url })
  return [first, await startParley(t, { databaseUrl: url })]
}

const diary = definition('diary', [start(onMessage('message.received')), note('noted', '=event.text'), end()], 'start > noted > end')

const notesOf = async (agent: TestAgent, chatId: string) =>
  (await agent.messages(chatId)).filter((message) => message.direction === 'note').map((message) => message.text)

t.test('facts of one chat that reach two nodes at once are each handled once, in order', async (t) => {
  const nodes = await twoNodes(t)
  const [first, second] = nodes
  await first.admin.ok('POST', '/api/processes?activate=true', diary)
  const anna = await addAgent(first, 'Anna')
  await customerWrites(first, 'Cora', 'hello')
  const { id } = await anna.newItem('Cora')
  const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`)
  await Promise.all(texts.map((text, index) => customerWrites(nodes[index % 2] ?? first, 'Cora', text)))
  await Promise.all(nodes.flatMap((node) => Array.from({ length: 5 }, () => node.container.host.advance(id))))
  const notes = await until(async () => {
    const found = await notesOf(anna, id)
    return found.length >= 21 ? found : undefined
  })
  await Promise.all(nodes.map((node) => node.container.host.wake(id)))
  const messages = await anna.messages(id)
  const written = messages.filter((message) => message.direction === 'incoming').map((message) => message.text)
  t.same(notes, written, 'a note for each message, in the order of the messages')
  t.same(await notesOf(anna, id), written)
  t.same(await second.container.database.db.selectFrom('process_events').selectAll().execute(), [])
})

t.test('a timer that both nodes are woken for fires once', async (t) => {
  const nodes = await twoNodes(t)
  const [first] = nodes
  await first.admin.ok(
    'POST',
    '/api/processes?activate=true',
    definition(
      'bell',
      [
        start(onMessage('chat.created')),
        receive('wait', 'chat.completed'),
        boundary('ring', 'wait', onTimer('Duration', 'PT1S')),
        note('noted', 'ding'),
        end(),
        end('end_ring'),
      ],
      'start > wait > end',
      'ring > noted > end_ring',
    ),
  )
  const anna = await addAgent(first, 'Anna')
  await customerWrites(first, 'Cora', 'hello')
  const { id } = await anna.newItem('Cora')
  await until(async () => {
    await Promise.all(nodes.flatMap((node) => [node.container.host.wake(id), node.container.host.wake(id)]))
    return (await notesOf(anna, id)).length > 0
  })
  await Promise.all(nodes.map((node) => node.container.host.wake(id)))
  t.same(await notesOf(anna, id), ['ding'])
})

t.test('of two agents who accept on two nodes at once one wins', async (t) => {
  const [first, second] = await twoNodes(t)
  const anna = await addAgent(first, 'Anna')
  const bob = await addAgent(second, 'Bob')
  for (const customer of ['Cora', 'Dora', 'Eve']) {
    await customerWrites(first, customer, 'Hello')
    const { id } = await anna.newItem(customer)
    await bob.newItem(customer)
    const answers = await Promise.all([anna.accept(id), bob.accept(id)])
    t.same(answers.map((answer) => answer.status).toSorted(), [200, 409])
    const assigned = await first.container.database.db
      .selectFrom('process_log')
      .select('id')
      .where('element_id', '=', 'make_owner')
      .where('kind', '=', 'left')
      .execute()
    t.equal(assigned.length, ['Cora', 'Dora', 'Eve'].indexOf(customer) + 1, 'made owner once')
  }
})
