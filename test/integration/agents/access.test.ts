import t from 'tap'
import { PASSWORD, type Parley, startParley } from './support.ts'

/** What may be asked without a login; a new route that is missing here must answer 401. */
const open = new Set(['POST /api/session', 'GET /api/openapi.json', 'HEAD /api/openapi.json'])

t.test('every route under /api needs a login', async (t) => {
  const routes: string[] = []
  const parley = await startParley(t, { onRoute: (method, url) => routes.push(`${method} ${url}`) })
  await parley.app.ready()
  const api = routes.filter((route) => /^\w+ \/api\//.test(route) && !/^\w+ \/api\/docs/.test(route))
  t.ok(api.length > 15, 'the table has the routes')
  for (const route of new Set(api)) {
    const [method = '', url = ''] = route.split(' ')
    for (const headers of [{}, { cookie: 'parley_session=nonsense' }, { authorization: 'Bearer nonsense' }]) {
      const answer = await parley.app.inject({ method: method as 'GET', url: url.replace(':id', '1'), headers })
      if (open.has(route)) t.not(answer.statusCode, 401, `${route} is open`)
      else t.equal(answer.statusCode, 401, `${route} is closed to ${JSON.stringify(headers)}`)
    }
  }
})

t.test('a route that nobody thought about is closed, and one that forgot its role has no agent', async (t) => {
  const parley = await startParley(t, {
    routes: (app) => {
      app.get('/api/new', async (request) => request.agent.name)
      app.get('/api/open', { config: { public: true } }, async (request) => request.agent.name)
    },
  })
  const { headers, agent } = await parley.as('agent')
  t.equal((await parley.app.inject({ url: '/api/new' })).statusCode, 401)
  t.equal((await parley.app.inject({ url: '/api/new', headers })).body, agent.name)
  t.equal((await parley.app.inject({ url: '/api/open', headers })).statusCode, 500)
  t.match((await parley.app.inject({ url: '/api/nothing' })).json(), { status: 404, code: 'NOT_FOUND' })
})

t.test('each role may do what those below it may', async (t) => {
  const parley = await startParley(t)
  const target = await parley.addAgent()
  const ask = {
    list: { method: 'GET', url: '/api/agents' },
    read: { method: 'GET', url: `/api/agents/${target.id}` },
    status: { method: 'PUT', url: `/api/agents/${target.id}/status`, payload: { status: 'active' } },
    change: { method: 'PATCH', url: `/api/agents/${target.id}`, payload: { name: 'Renamed' } },
    create: { method: 'POST', url: '/api/agents', payload: { name: 'New', email: 'new@example.com' } },
    remove: { method: 'DELETE', url: `/api/agents/${target.id}` },
  } as const
  const expected = {
    agent: { list: 200, read: 403, status: 403, change: 403, create: 403, remove: 403 },
    supervisor: { list: 200, read: 200, status: 200, change: 403, create: 403, remove: 403 },
    admin: { list: 200, read: 200, status: 200, change: 200, create: 201, remove: 204 },
  } as const
  for (const role of ['agent', 'supervisor', 'admin'] as const) {
    const { headers } = await parley.as(role)
    for (const [name, request] of Object.entries(ask)) {
      const answer = await parley.app.inject({ ...request, headers })
      t.equal(answer.statusCode, expected[role][name as keyof typeof ask], `${role}: ${name}`)
      if (answer.statusCode === 403) t.match(answer.json(), { code: 'FORBIDDEN' })
    }
  }
})

t.test('agents see the names and status of their colleagues and nothing else', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('agent')
  const { items } = (await parley.app.inject({ url: '/api/agents', headers })).json()
  t.equal(items.length, 2)
  for (const item of items) t.same(Object.keys(item).sort(), ['id', 'name', 'status'])
  const supervisor = await parley.as('supervisor')
  const full = (await parley.app.inject({ url: '/api/agents', headers: supervisor.headers })).json()
  t.match(full.items, [{ email: 'root@example.com', role: 'admin', queueIds: [], maxChats: 0, disabled: false }])
})

t.test('a changed role counts from the next request on', async (t) => {
  const parley = await startParley(t)
  const { headers, agent } = await parley.as('supervisor')
  const admin = await parley.as('admin')
  await parley.app.inject({ method: 'PATCH', url: `/api/agents/${agent.id}`, headers: admin.headers, payload: { role: 'agent' } })
  t.equal((await parley.app.inject({ url: `/api/agents/${agent.id}`, headers })).statusCode, 403)
})

t.test('another site cannot write with the cookie of an agent', async (t) => {
  const parley = await startParley(t, { publicUrl: 'https://chat.example.com' })
  const { headers } = await parley.as('agent')
  const write = (extra: Record<string, string>) =>
    parley.app.inject({ method: 'PUT', url: '/api/session/status', headers: { ...headers, ...extra }, payload: { status: 'inactive' } })
  for (const foreign of [
    { origin: 'https://evil.example' },
    { origin: 'https://chat.example.com.evil.example', host: 'chat.example.com' },
    { origin: 'https://evil.example', host: 'chat.example.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://chat.example.com' },
  ]) {
    t.match((await write(foreign as Record<string, string>)).json(), { status: 403, code: 'BAD_ORIGIN' }, JSON.stringify(foreign))
  }
  for (const own of [
    {},
    { origin: 'https://chat.example.com', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' },
    { 'sec-fetch-site': 'none' },
  ]) {
    t.equal((await write(own as Record<string, string>)).statusCode, 200, JSON.stringify(own))
  }
  t.equal(
    (await parley.app.inject({ url: '/api/session', headers: { ...headers, origin: 'https://evil.example' } })).statusCode,
    200,
    'reading changes nothing',
  )
  const upgrade = { ...headers, origin: 'https://evil.example', connection: 'upgrade', upgrade: 'websocket' }
  t.match((await parley.app.inject({ url: '/api/session', headers: upgrade })).json(), { code: 'BAD_ORIGIN' })
  t.match((await logInFrom(parley, 'https://evil.example')).json(), { code: 'BAD_ORIGIN' }, 'nor log somebody in')
})

function logInFrom(parley: Parley, origin: string) {
  return parley.app.inject({
    method: 'POST',
    url: '/api/session',
    headers: { origin },
    payload: { email: 'root@example.com', password: PASSWORD },
  })
}

t.test('one statement tells who asks, all-agent queues included', async (t) => {
  const parley = await startParley(t, { routes: (app) => void app.get('/api/me', async (request) => request.agent) })
  const general = await parley.addQueue({ all: true })
  const own = await parley.addQueue()
  await parley.addQueue()
  const agent = await parley.addAgent({ queueIds: [own, general] })
  const me = (await parley.app.inject({ url: '/api/me', headers: await parley.logIn(agent) })).json()
  t.same(me.queueIds.sort(), [general, own].sort())
  t.match(me, { id: agent.id, email: agent.email, role: 'agent', tokenId: null, sessionId: /^[\da-f-]{36}$/ })
})
