import t from 'tap'
import { MINUTE, type Parley, startParley } from './support.ts'

const make = (parley: Parley, headers: Record<string, string>, name = 'Bot') =>
  parley.app.inject({ method: 'POST', url: '/api/tokens', headers, payload: { name } })

t.test('a token works wherever the cookie does and is shown once', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('supervisor')
  const answer = await make(parley, headers)
  t.equal(answer.statusCode, 201)
  const { token, ...rest } = answer.json()
  t.same(rest, { id: rest.id, name: 'Bot', createdAt: '2030-01-07T08:00:00.000Z', lastUsedAt: null })
  const bearer = { authorization: `Bearer ${token}` }
  t.equal((await parley.app.inject({ url: '/api/session', headers: bearer })).json().agent.id, agent.id)
  t.equal((await parley.app.inject({ url: `/api/agents/${agent.id}`, headers: bearer })).statusCode, 200)
  const status = await parley.app.inject({
    method: 'PUT',
    url: '/api/session/status',
    headers: { ...bearer, origin: 'https://elsewhere.example' },
    payload: { status: 'active' },
  })
  t.equal(status.statusCode, 200, 'a program may be anywhere')

  const list = (await parley.app.inject({ url: '/api/tokens', headers })).json()
  t.match(list, { items: [{ id: rest.id, lastUsedAt: '2030-01-07T08:00:00.000Z' }], nextCursor: null })
  t.notMatch(JSON.stringify(list), token)
  const stored = await parley.database.db.selectFrom('api_tokens').select('token_hash').executeTakeFirstOrThrow()
  t.notOk(stored.token_hash.includes(Buffer.from(token)))
  parley.clock.advance(5 * MINUTE)
  await parley.app.inject({ url: '/api/session', headers: bearer })
  t.equal(
    (await parley.agents.listTokens({ ...agent, sessionId: null, tokenId: null }, {})).items[0]?.lastUsedAt,
    '2030-01-07T08:05:00.000Z',
  )
})

t.test('a WebSocket client offers its token as a sub-protocol', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('agent')
  const { token } = (await make(parley, headers)).json()
  const offered = { 'sec-websocket-protocol': `parley, bearer.${token}` }
  t.equal((await parley.app.inject({ url: '/api/session', headers: offered })).json().agent.id, agent.id)
})

t.test('a wrong token is not covered by a good cookie', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('agent')
  const answer = await parley.app.inject({ url: '/api/session', headers: { ...headers, authorization: 'Bearer parley_wrong' } })
  t.match(answer.json(), { status: 401, detail: /API token/ })
})

t.test('a deleted token ends at once; only its agent can delete it', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('agent')
  const other = await parley.as('admin')
  const { token, id } = (await make(parley, headers)).json()
  const remove = (as: Record<string, string>) => parley.app.inject({ method: 'DELETE', url: `/api/tokens/${id}`, headers: as })
  t.equal((await remove(other.headers)).statusCode, 404)
  t.same((await parley.app.inject({ url: '/api/tokens', headers: other.headers })).json().items, [])
  t.equal((await remove(headers)).statusCode, 204)
  t.equal((await parley.app.inject({ url: '/api/session', headers: { authorization: `Bearer ${token}` } })).statusCode, 401)
  t.same(parley.told.ended, [{ agentId: agent.id, sessionIds: [], tokenIds: [id] }])
  t.equal((await remove(headers)).statusCode, 404)
})
