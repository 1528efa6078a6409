import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Agent } from '../../../src/contracts/agents.ts'
import { MINUTE, type Parley, startParley } from './support.ts'

const GRACE = MINUTE

async function activeAgent(parley: Parley): Promise<Agent> {
  const { agent } = await parley.as('agent')
  return parley.database.transaction((work) => parley.agents.setStatus(work, agent.id, 'active', 'agent'))
}

const statusOf = async (parley: Parley, agent: Agent) => (await parley.agents.getAgent(agent.id)).status

/** Time goes by in steps of a heartbeat; the nodes named give theirs. */
async function pass(parley: Parley, milliseconds: number, ...living: string[]): Promise<void> {
  for (let gone = 0; gone < milliseconds; gone += 10_000) {
    parley.clock.advance(10_000)
    for (const node of living) await parley.agents.heartbeat(node)
    await parley.agents.sweepPresence(parley.clock.now(), GRACE)
  }
}

t.test('a lost last connection makes the agent inactive after the grace', async (t) => {
  const parley = await startParley(t)
  const agent = await activeAgent(parley)
  const [first, second] = [randomUUID(), randomUUID()]
  await parley.agents.connectionOpened(agent.id, first, 'a')
  await parley.agents.connectionOpened(agent.id, second, 'a')
  await pass(parley, 5 * MINUTE, 'a')
  t.equal(await statusOf(parley, agent), 'active', 'who is connected stays')
  await parley.agents.connectionClosed(first)
  await pass(parley, 2 * MINUTE, 'a')
  t.equal(await statusOf(parley, agent), 'active', 'another window is open')
  await parley.agents.connectionClosed(second)
  await pass(parley, 50_000, 'a')
  t.equal(await statusOf(parley, agent), 'active')
  await pass(parley, 10_000, 'a')
  t.equal(await statusOf(parley, agent), 'inactive')
  t.match(parley.told.status.at(-1), { id: agent.id, cause: 'disconnected' })
})

t.test('who comes back within the grace stays active', async (t) => {
  const parley = await startParley(t)
  const agent = await activeAgent(parley)
  const connection = randomUUID()
  await parley.agents.connectionOpened(agent.id, connection, 'a')
  await pass(parley, 2 * MINUTE, 'a')
  await parley.agents.connectionClosed(connection)
  await pass(parley, 30_000, 'a')
  await parley.agents.connectionOpened(agent.id, randomUUID(), 'a')
  await pass(parley, 3 * MINUTE, 'a')
  t.equal(await statusOf(parley, agent), 'active')
})

t.test('two windows closed at once are both seen', async (t) => {
  const parley = await startParley(t)
  for (let round = 0; round < 5; round++) {
    const agent = await activeAgent(parley)
    const connections = Array.from({ length: 4 }, () => randomUUID())
    for (const connection of connections) await parley.agents.connectionOpened(agent.id, connection, 'a')
    await Promise.all(connections.map((connection) => parley.agents.connectionClosed(connection)))
    await parley.agents.connectionClosed(randomUUID())
    await pass(parley, 2 * MINUTE, 'a')
    t.equal(await statusOf(parley, agent), 'inactive')
  }
})

t.test('the connections of a dead node are lost; those of a node that only stalled come back', async (t) => {
  const parley = await startParley(t)
  const [onDead, onStalled] = [await activeAgent(parley), await activeAgent(parley)]
  await parley.agents.connectionOpened(onDead.id, randomUUID(), 'dead')
  await parley.agents.connectionOpened(onStalled.id, randomUUID(), 'stalled')
  await pass(parley, 50_000)
  const left = await parley.database.db.selectFrom('agent_connections').select('id').execute()
  t.equal(left.length, 0, 'without a sign for 30 s both count as lost')
  await pass(parley, 40_000, 'stalled')
  await pass(parley, 2 * MINUTE, 'stalled')
  t.equal(await statusOf(parley, onDead), 'inactive')
  t.equal(await statusOf(parley, onStalled), 'active')
})

t.test('an agent without any connection ever is left alone', async (t) => {
  const parley = await startParley(t)
  const agent = await activeAgent(parley)
  await pass(parley, 5 * MINUTE)
  t.equal(await statusOf(parley, agent), 'active')
})

t.test('who became inactive by hand stays so, and the loss is forgotten', async (t) => {
  const parley = await startParley(t)
  const agent = await activeAgent(parley)
  const connection = randomUUID()
  await parley.agents.connectionOpened(agent.id, connection, 'a')
  await parley.agents.connectionClosed(connection)
  await parley.database.transaction((work) => parley.agents.setStatus(work, agent.id, 'inactive', 'agent'))
  await parley.database.transaction((work) => parley.agents.setStatus(work, agent.id, 'active', 'agent'))
  await pass(parley, 3 * MINUTE)
  t.equal(await statusOf(parley, agent), 'active', 'active again on purpose, over the API')
})

t.test('a restart of Parley itself costs nobody the status', async (t) => {
  const before = await startParley(t)
  const agent = await activeAgent(before)
  const connection = randomUUID()
  await before.agents.connectionOpened(agent.id, connection, 'a')
  await before.agents.connectionClosed(connection)
  // Parley is away for ten minutes.
  const after = await startParley(t, { url: before.url, at: new Date(before.clock.now().getTime() + 10 * MINUTE) })
  await after.agents.sweepPresence(after.clock.now(), GRACE)
  t.equal(await statusOf(after, agent), 'active', 'the browser gets the grace to connect again')
  await pass(after, 2 * MINUTE)
  t.equal(await statusOf(after, agent), 'inactive')
})

t.test('the last session that expires makes inactive and closes its connections; tokens do not count', async (t) => {
  const parley = await startParley(t)
  const agent = await activeAgent(parley)
  parley.clock.advance(7 * 24 * 60 * MINUTE)
  const later = await parley.logIn(agent)
  const program = await parley.addAgent()
  await parley.database.transaction((work) => parley.agents.setStatus(work, program.id, 'active', 'agent'))
  parley.clock.advance(7 * 24 * 60 * MINUTE)
  await parley.agents.sweepPresence(parley.clock.now(), GRACE)
  t.match(parley.told.ended, [{ agentId: agent.id, sessionIds: [/./], tokenIds: [] }])
  t.equal(await statusOf(parley, agent), 'active', 'the later session lives')
  t.equal((await parley.app.inject({ url: '/api/session', headers: later })).statusCode, 200)
  parley.clock.advance(15 * 24 * 60 * MINUTE)
  await Promise.all([1, 2, 3].map(() => parley.agents.sweepPresence(parley.clock.now(), GRACE)))
  t.equal(await statusOf(parley, agent), 'inactive')
  t.equal(await statusOf(parley, program), 'active')
  t.equal(parley.told.status.filter(({ id, cause }) => id === agent.id && cause === 'session_expired').length, 1, 'once, of three sweepers')
  t.equal((await parley.database.db.selectFrom('sessions').select('id').execute()).length, 0)
})

t.test('trouble with one agent does not keep the others', async (t) => {
  const parley = await startParley(t, { failStatusOf: (agent) => agent.email === 'trouble@example.com' })
  const trouble = await parley.addAgent({ email: 'trouble@example.com' })
  await parley.database.db
    .updateTable('agents')
    .set({ status: 'active', disconnected_at: parley.clock.now() })
    .where('id', '=', trouble.id)
    .execute()
  const other = await activeAgent(parley)
  await parley.database.db.updateTable('agents').set({ disconnected_at: parley.clock.now() }).where('id', '=', other.id).execute()
  await pass(parley, 2 * MINUTE)
  t.equal(await statusOf(parley, other), 'inactive')
  t.equal(await statusOf(parley, trouble), 'active', 'its transaction is undone as a whole')
})
