import t from 'tap'
import { Value } from 'typebox/value'
import { AgentCreate } from '../../../src/contracts/agents.ts'
import { atOnce, startParley } from './support.ts'

const nothing = { email: null, password: null }

t.test('without an administrator one is made with a password to read, once', async (t) => {
  const parley = await startParley(t)
  const made = await parley.agents.ensureFirstAdmin(nothing)
  t.match(made, { email: 'admin@parley.local', password: /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/, generated: true })
  t.ok(Value.Check(AgentCreate, { name: 'x', email: made?.email, password: made?.password }), 'the API would take both')
  const login = await parley.app.inject({ method: 'POST', url: '/api/session', payload: { email: made?.email, password: made?.password } })
  t.match(login.json(), { agent: { role: 'admin', disabled: false } })
  t.equal(await parley.agents.ensureFirstAdmin({ email: 'other@example.com', password: 'another horse' }), null)
})

t.test('nodes that start at once make one', async (t) => {
  const parley = await startParley(t)
  const made = await atOnce(
    parley,
    Array(6).fill(() => parley.agents.ensureFirstAdmin(nothing)),
  )
  t.equal(made.filter((result) => result.status === 'fulfilled' && result.value !== null).length, 1)
  t.equal(made.filter((result) => result.status === 'fulfilled' && result.value === null).length, 5)
  t.equal((await parley.agents.listAgents({})).items.length, 1)
})

t.test('the environment names the administrator', async (t) => {
  const parley = await startParley(t)
  await t.rejects(parley.agents.ensureFirstAdmin({ email: null, password: 'short' }), /PARLEY_ADMIN_PASSWORD/)
  await t.rejects(parley.agents.ensureFirstAdmin({ email: 'boss', password: null }), /PARLEY_ADMIN_EMAIL/)
  const made = await parley.agents.ensureFirstAdmin({ email: 'boss@example.com', password: 'correct horse' })
  t.same(made, { email: 'boss@example.com', password: 'correct horse', generated: false })
})

t.test('an agent with that address becomes the administrator', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent({ email: 'boss@example.com', disabled: true })
  await parley.database.db.updateTable('agents').set({ role: 'agent' }).where('role', '=', 'admin').execute()
  await parley.agents.ensureFirstAdmin({ email: 'Boss@example.com', password: 'another horse' })
  t.match(await parley.agents.getAgent(agent.id), { role: 'admin', disabled: false })
})
