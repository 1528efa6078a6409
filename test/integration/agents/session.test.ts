import t from 'tap'
import { cookieOf, MINUTE, PASSWORD, type Parley, startParley } from './support.ts'

const DAY = 24 * 60 * MINUTE

const logInBy = (parley: Parley, email: string, password = PASSWORD, headers: Record<string, string> = {}) =>
  parley.app.inject({ method: 'POST', url: '/api/session', payload: { email, password }, headers })
const session = (parley: Parley, headers: Record<string, string> = {}) => parley.app.inject({ url: '/api/session', headers })

t.test('a login hands the browser a cookie that scripts and other sites cannot use', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent({ email: 'Ann@Example.com' })
  const answer = await logInBy(parley, ' ann@example.COM ')
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { agent: { id: agent.id, status: 'inactive', queueIds: [], notifications: { sound: true, browser: true } } })
  t.match(answer.cookies, [{ name: 'parley_session', path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 14 * 24 * 3600 }])
  t.notOk(answer.cookies[0]?.secure, 'without TLS the cookie must work over http')
  t.equal((await session(parley, cookieOf(answer))).json().agent.email, 'Ann@Example.com')

  const stored = await parley.database.db.selectFrom('sessions').select('token_hash').executeTakeFirstOrThrow()
  t.equal(stored.token_hash.length, 32)
  t.notOk(answer.cookies[0]?.value.includes(stored.token_hash.toString('base64url')), 'the token itself is not stored')
})

t.test('behind TLS the cookie needs TLS', async (t) => {
  const parley = await startParley(t, { publicUrl: 'https://chat.example.com' })
  const agent = await parley.addAgent()
  t.equal((await logInBy(parley, agent.email)).cookies[0]?.secure, true)
})

t.test('an unknown email and a wrong password get the same answer', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent()
  const answers = [await logInBy(parley, agent.email, 'wrong'), await logInBy(parley, 'nobody@example.com', PASSWORD)]
  const [first, second] = answers.map((answer) => ({ ...answer.json(), requestId: '' }))
  t.same(first, second)
  t.match(first, { status: 401, code: 'INVALID_CREDENTIALS' })
  t.equal(answers[0]?.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.same(answers[0]?.cookies, [])
})

t.test('an agent without a password cannot log in with any', async (t) => {
  const parley = await startParley(t)
  const { agent: admin } = await parley.as('admin')
  const actor = { ...admin, sessionId: null, tokenId: null }
  const agent = await parley.agents.createAgent(actor, { name: 'No password', email: 'none@example.com' })
  t.equal((await logInBy(parley, agent.email, 'no account has this')).statusCode, 401)
})

t.test('a disabled agent is refused only when the password is right', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent({ disabled: true })
  t.match((await logInBy(parley, agent.email)).json(), { status: 403, code: 'AGENT_DISABLED' })
  t.match((await logInBy(parley, agent.email, 'wrong')).json(), { code: 'INVALID_CREDENTIALS' })
})

t.test('after ten wrong passwords the account is closed for a while, whoever asks and whether it exists', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent()
  for (const email of [agent.email, 'nobody@example.com']) {
    const wrong = await Promise.all(Array.from({ length: 12 }, () => logInBy(parley, email, 'wrong')))
    t.equal(wrong.filter((answer) => answer.statusCode === 401).length, 10, 'ten at once are counted one by one')
    const refused = await logInBy(parley, email.toUpperCase())
    t.match(refused.json(), { status: 429, code: 'TOO_MANY_ATTEMPTS', title: 'Too Many Requests' })
    t.equal(refused.headers['retry-after'], '300')
  }
  parley.clock.advance(5 * MINUTE)
  t.equal((await logInBy(parley, agent.email)).statusCode, 200)
  const wrong = await Promise.all(Array.from({ length: 10 }, () => logInBy(parley, agent.email, 'wrong')))
  t.ok(
    wrong.every((answer) => answer.statusCode === 401),
    'a good login forgets the bad ones',
  )
})

t.test('one address cannot try many accounts', async (t) => {
  const parley = await startParley(t)
  const tries = await Promise.all(Array.from({ length: 60 }, (_, index) => logInBy(parley, `nobody${index}@example.com`)))
  t.equal(tries.filter((answer) => answer.statusCode === 401).length, 50)
  t.equal(tries.filter((answer) => answer.statusCode === 429).length, 10)
})

t.test('a new login starts inactive, another browser changes nothing, the last logout makes inactive', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent()
  const first = cookieOf(await logInBy(parley, agent.email))
  const active = await parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: first, payload: { status: 'active' } })
  t.equal(active.json().agent.status, 'active')

  const second = await logInBy(parley, agent.email)
  t.equal(second.json().agent.status, 'active', 'there was another session')
  const logout = await parley.app.inject({ method: 'DELETE', url: '/api/session', headers: first })
  t.equal(logout.statusCode, 204)
  t.equal(logout.body, '')
  t.equal((await session(parley, first)).statusCode, 401)
  t.equal((await session(parley, cookieOf(second))).json().agent.status, 'active')

  await parley.app.inject({ method: 'DELETE', url: '/api/session', headers: cookieOf(second) })
  t.equal((await parley.agents.getAgent(agent.id)).status, 'inactive')
  t.same(
    parley.told.status.map(({ status, cause }) => [status, cause]),
    [
      ['active', 'agent'],
      ['inactive', 'logout'],
    ],
  )
  t.equal(parley.told.ended.length, 2)
})

t.test('an agent made active by a program starts inactive after the login', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent()
  await parley.database.transaction((work) => parley.agents.setStatus(work, agent.id, 'active', 'agent'))
  t.equal((await logInBy(parley, agent.email)).json().agent.status, 'inactive')
  t.match(parley.told.status.at(-1), { cause: 'login' })
})

t.test('a login in the same browser ends the session that was there, even of another agent', async (t) => {
  const parley = await startParley(t)
  const ann = await parley.addAgent()
  const bob = await parley.addAgent()
  const old = cookieOf(await logInBy(parley, ann.email))
  await parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: old, payload: { status: 'active' } })
  const next = await logInBy(parley, bob.email, PASSWORD, old)
  t.equal(next.statusCode, 200)
  t.equal((await session(parley, old)).statusCode, 401)
  t.equal((await parley.agents.getAgent(ann.id)).status, 'inactive')
  t.match(parley.told.ended, [{ agentId: ann.id }])
})

t.test('a session lasts as long as it is used', async (t) => {
  const parley = await startParley(t)
  const agent = await parley.addAgent()
  const answer = await logInBy(parley, agent.email)
  const headers = cookieOf(answer)
  parley.clock.advance(30_000)
  t.same((await session(parley, headers)).cookies, [], 'within a minute nothing is written')
  for (let day = 0; day < 3; day++) {
    parley.clock.advance(13 * DAY)
    const renewed = await session(parley, headers)
    t.equal(renewed.statusCode, 200)
    t.match(renewed.cookies, [{ value: answer.cookies[0]?.value, maxAge: 14 * 24 * 3600 }])
  }
  parley.clock.advance(14 * DAY)
  t.match((await session(parley, headers)).json(), { status: 401, code: 'UNAUTHORIZED' })
})

t.test('own settings: what is not named stays, unknown names are refused', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('agent')
  const patch = (payload: object) => parley.app.inject({ method: 'PATCH', url: '/api/session', headers, payload })
  t.match((await patch({ notifications: { sound: false } })).json(), {
    agent: { language: 'en', notifications: { sound: false, browser: true } },
  })
  t.match((await patch({ language: 'de' })).json(), { agent: { language: 'de', notifications: { sound: false, browser: true } } })
  t.same(parley.told.changed.filter(({ id }) => id === agent.id).slice(1), [
    { id: agent.id, fields: ['notifications'] },
    { id: agent.id, fields: ['language'] },
  ])
  const refused = await patch({ role: 'admin' })
  t.match(refused.json(), { status: 400, code: 'BAD_REQUEST', problems: [{ path: 'role', message: 'is not known here' }] })
  t.match((await patch({})).json(), { status: 400 })
})

t.test('the same status twice is one change', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('agent')
  const become = (status: string) => parley.app.inject({ method: 'PUT', url: '/api/session/status', headers, payload: { status } })
  const answers = await Promise.all(Array.from({ length: 8 }, () => become('active')))
  t.ok(answers.every((answer) => answer.json().agent.status === 'active'))
  t.equal(parley.told.status.length, 1)
  parley.clock.advance(5 * MINUTE)
  await become('inactive')
  const periods = await parley.database.db
    .selectFrom('agent_status_periods')
    .selectAll()
    .where('agent_id', '=', agent.id)
    .orderBy('id')
    .execute()
  t.match(
    periods.map(({ status, cause, ended_at }) => [status, cause, ended_at === null]),
    [
      ['inactive', 'created', false],
      ['active', 'agent', false],
      ['inactive', 'agent', true],
    ],
  )
  t.same(periods[1]?.ended_at, periods[2]?.started_at, 'periods have no gap')
  t.match((await become('away')).json(), { problems: [{ path: 'status', message: 'must be one of "active", "inactive"' }] })
})
