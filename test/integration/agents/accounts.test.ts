import t from 'tap'
import type { AgentPatch } from '../../../src/contracts/agents.ts'
import { atOnce, PASSWORD, type Parley, ROOT_EMAIL, startParley } from './support.ts'

type Headers = { cookie: string }
const patch = (parley: Parley, headers: Headers, id: string, payload: AgentPatch) =>
  parley.app.inject({ method: 'PATCH', url: `/api/agents/${id}`, headers, payload })
const create = (parley: Parley, headers: Headers, payload: object) =>
  parley.app.inject({ method: 'POST', url: '/api/agents', headers, payload })
const remove = (parley: Parley, headers: Headers, id: string) => parley.app.inject({ method: 'DELETE', url: `/api/agents/${id}`, headers })

t.test('an administrator adds an agent who can then log in', async (t) => {
  const parley = await startParley(t)
  const { headers, agent: admin } = await parley.as('admin')
  const queue = await parley.addQueue()
  const general = await parley.addQueue({ all: true })
  const answer = await create(parley, headers, {
    name: 'Ann',
    email: 'ann@example.com',
    password: PASSWORD,
    queueIds: [queue],
    maxChats: 3,
  })
  t.equal(answer.statusCode, 201)
  const { agent } = answer.json()
  t.match(agent, { name: 'Ann', role: 'agent', status: 'inactive', language: 'en', maxChats: 3, disabled: false })
  t.same(agent.queueIds.sort(), [queue, general].sort())
  t.ok((await parley.logIn(agent)).cookie)
  const acts = await parley.database.db.selectFrom('audit_log').selectAll().where('subject', '=', `agent:${agent.id}`).execute()
  t.match(acts, [{ agent_id: admin.id, action: 'agent.created', details: { email: 'ann@example.com' } }])
  t.notMatch(JSON.stringify(acts), PASSWORD)
})

t.test('email addresses are unique whatever their case, even when two are added at once', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const answers = await Promise.all(['ann@example.com', 'ANN@example.com'].map((email) => create(parley, headers, { name: 'Ann', email })))
  t.same(answers.map((answer) => answer.statusCode).sort(), [201, 409])
  t.match(answers.find((answer) => answer.statusCode === 409)?.json(), { code: 'EMAIL_TAKEN' })
  const other = await parley.addAgent()
  t.match((await patch(parley, headers, other.id, { email: 'Ann@Example.com' })).json(), { code: 'EMAIL_TAKEN' })
})

t.test('what is wrong with a request is said in words', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const wrong = await create(parley, headers, { name: '', email: 'nobody', password: 'short' })
  t.match(wrong.json(), {
    status: 400,
    code: 'BAD_REQUEST',
    problems: [
      { path: 'name', message: 'must not be empty' },
      { path: 'email', message: 'must be an email address' },
      { path: 'password', message: 'must have at least 8 characters' },
    ],
  })
  t.match((await create(parley, headers, { name: 'Ann' })).json(), { problems: [{ path: 'email', message: 'is missing' }] })
  const email = 'ann@example.com'
  for (const queueIds of [['999'], ['x'], ['99999999999999999999']]) {
    t.match((await create(parley, headers, { name: 'Ann', email, queueIds })).json(), { status: 400, problems: [{ path: 'queueIds' }] })
  }
  t.match((await create(parley, headers, { name: 'A\u0000nn', email })).json(), { status: 400, detail: /NUL/ })
  t.equal((await create(parley, headers, { name: 'Ann', email })).statusCode, 201, 'a refused one has left nothing')
})

t.test('an id that cannot be one is simply not there', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  for (const id of ['999', 'x', '99999999999999999999']) {
    t.match((await parley.app.inject({ url: `/api/agents/${id}`, headers })).json(), { status: 404, code: 'NOT_FOUND' }, id)
  }
  t.match((await patch(parley, headers, '999', { name: 'Ann' })).json(), { status: 404 })
  t.match((await remove(parley, headers, '999')).json(), { status: 404 })
})

t.test('the list comes in pages', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  for (let more = 0; more < 3; more++) await parley.addAgent()
  const seen: string[] = []
  let query = '?limit=2'
  for (let pages = 0; pages < 3; pages++) {
    const page = (await parley.app.inject({ url: `/api/agents${query}`, headers })).json()
    seen.push(...page.items.map((agent: { id: string }) => agent.id))
    query = `?limit=2&cursor=${page.nextCursor}`
    t.equal(page.nextCursor === null, pages === 2)
  }
  t.equal(new Set(seen).size, 5)
  t.match((await parley.app.inject({ url: '/api/agents?cursor=zz', headers })).json(), { status: 400 })
})

t.test('a change names what changed and leaves the rest', async (t) => {
  const parley = await startParley(t)
  const { headers, agent: admin } = await parley.as('admin')
  const first = await parley.addQueue()
  const second = await parley.addQueue()
  const agent = await parley.addAgent({ queueIds: [first] })
  parley.told.changed.length = 0
  const answer = await patch(parley, headers, agent.id, { name: agent.name, maxChats: 5, queueIds: [second, second] })
  t.match(answer.json(), { agent: { name: agent.name, email: agent.email, maxChats: 5, queueIds: [second] } })
  await patch(parley, headers, agent.id, { queueIds: [second] })
  t.same(parley.told.changed, [{ id: agent.id, fields: ['maxChats', 'queueIds'] }], 'nothing is told of a change that is none')
  const acts = await parley.database.db.selectFrom('audit_log').selectAll().where('action', '=', 'agent.changed').execute()
  t.match(acts, [{ agent_id: admin.id, subject: `agent:${agent.id}`, details: { maxChats: 5, queueIds: [second] } }])
  t.equal(acts.length, 1)
  t.equal((await patch(parley, headers, agent.id, { queueIds: [] })).json().agent.queueIds.length, 0)
})

t.test('disabling an agent ends its sessions and tokens and makes it inactive', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const { agent, headers: own } = await parley.as('agent')
  const { token, id } = (await parley.app.inject({ method: 'POST', url: '/api/tokens', headers: own, payload: { name: 'Bot' } })).json()
  await parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: own, payload: { status: 'active' } })
  const answer = await patch(parley, headers, agent.id, { disabled: true })
  t.match(answer.json(), { agent: { disabled: true, status: 'inactive' } })
  t.equal((await parley.app.inject({ url: '/api/session', headers: own })).statusCode, 401)
  const bearer = { authorization: `Bearer ${token}` }
  t.equal((await parley.app.inject({ url: '/api/session', headers: bearer })).statusCode, 401)
  t.match(parley.told.ended, [{ agentId: agent.id, sessionIds: [/./], tokenIds: [id] }])
  t.match(
    (await parley.app.inject({ method: 'PUT', url: `/api/agents/${agent.id}/status`, headers, payload: { status: 'active' } })).json(),
    { status: 409, code: 'AGENT_DISABLED' },
  )
  await patch(parley, headers, agent.id, { disabled: false })
  t.equal((await parley.app.inject({ url: '/api/session', headers: own })).statusCode, 401, 'the session does not come back')
  t.equal((await parley.app.inject({ url: '/api/session', headers: bearer })).statusCode, 200, 'the program goes on')
})

t.test('a new password ends the sessions of the old one, but not the one that changes it', async (t) => {
  const parley = await startParley(t)
  const { headers, agent: admin } = await parley.as('admin')
  const elsewhere = await parley.logIn(admin)
  const { agent, headers: own } = await parley.as('agent')
  await parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: own, payload: { status: 'active' } })
  t.equal((await patch(parley, headers, agent.id, { password: 'another horse' })).json().agent.status, 'inactive')
  t.equal((await parley.app.inject({ url: '/api/session', headers: own })).statusCode, 401)
  const logIn = (password: string) => parley.app.inject({ method: 'POST', url: '/api/session', payload: { email: agent.email, password } })
  t.equal((await logIn(PASSWORD)).statusCode, 401)
  t.equal((await logIn('another horse')).statusCode, 200)

  await patch(parley, headers, admin.id, { password: 'another horse' })
  t.equal((await parley.app.inject({ url: '/api/session', headers })).statusCode, 200)
  t.equal((await parley.app.inject({ url: '/api/session', headers: elsewhere })).statusCode, 401)
})

t.test('somebody can always administer Parley', async (t) => {
  const parley = await startParley(t)
  const { headers, agent: admin } = await parley.as('admin')
  const [root] = (await parley.agents.listAgents({ limit: 1 })).items
  const rootId = root?.id ?? ''
  // Two administrators try to remove each other.
  const rootHeaders = await parley.logIn({ email: ROOT_EMAIL })
  const results = await atOnce(parley, [
    async () => (await patch(parley, headers, rootId, { role: 'agent' })).statusCode,
    async () => (await patch(parley, rootHeaders, admin.id, { disabled: true })).statusCode,
  ])
  t.same(results.map((result) => result.status === 'fulfilled' && result.value).sort(), [200, 409])
  const admins = await parley.database.db
    .selectFrom('agents')
    .select(['id', 'email'])
    .where('role', '=', 'admin')
    .where('disabled', '=', false)
    .execute()
  t.equal(admins.length, 1)
  const [last] = admins
  const lastHeaders = await parley.logIn({ email: last?.email ?? '' })
  for (const answer of [
    await patch(parley, lastHeaders, last?.id ?? '', { role: 'supervisor' }),
    await patch(parley, lastHeaders, last?.id ?? '', { disabled: true }),
    await remove(parley, lastHeaders, last?.id ?? ''),
  ]) {
    t.match(answer.json(), { status: 409, code: 'LAST_ADMIN' })
  }
  t.equal((await patch(parley, lastHeaders, last?.id ?? '', { name: 'Boss', role: 'admin', disabled: false })).statusCode, 200)
})

t.test('an agent is deleted with its sessions, unless it has chats', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const { agent, headers: own } = await parley.as('agent')
  await parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: own, payload: { status: 'active' } })
  t.equal((await remove(parley, headers, agent.id)).statusCode, 204)
  t.equal((await parley.app.inject({ url: '/api/session', headers: own })).statusCode, 401)
  t.match(parley.told.status.at(-1), { id: agent.id, status: 'inactive', cause: 'deleted' })
  t.match(parley.told.ended.at(-1), { agentId: agent.id, sessionIds: [/./] })

  const busy = await parley.addAgent()
  await giveChat(parley, busy.id)
  t.match((await remove(parley, headers, busy.id)).json(), { status: 409, code: 'AGENT_HAS_CHATS', detail: /Disable it instead/ })
  t.equal((await parley.agents.getAgent(busy.id)).id, busy.id)
})

async function giveChat(parley: Parley, agentId: string): Promise<void> {
  const now = parley.clock.now()
  const { db } = parley.database
  const queueId = await parley.addQueue()
  const channel = await db
    .insertInto('channels')
    .values({ kind: 'simulator', name: 'Simulator', queue_id: queueId, created_at: now })
    .returning('id')
    .executeTakeFirstOrThrow()
  const contact = await db.insertInto('contacts').values({ name: 'Carl', created_at: now }).returning('id').executeTakeFirstOrThrow()
  await db
    .insertInto('chats')
    .values({
      status: 'in_progress',
      contact_id: contact.id,
      channel_id: channel.id,
      queue_id: queueId,
      agent_id: agentId,
      created_at: now,
    })
    .execute()
}
