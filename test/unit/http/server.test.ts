import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import pg from 'pg'
import { pino } from 'pino'
import t from 'tap'
import { Type } from 'typebox'
import { IdParams } from '../../../src/contracts/common.ts'
import { AppError } from '../../../src/platform/errors.ts'
import { rawBody } from '../../../src/platform/http/raw-body.ts'
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../src/platform/http/server.ts'
import { webApp } from '../../../src/platform/http/web.ts'

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

interface Started {
  app: HttpServer
  /** What was logged, one entry a line. */
  entries: { level: number; reqId?: string; msg: string }[]
}

function start(t: WithTeardown, options: Partial<HttpServerOptions> = {}): Started {
  const entries: Started['entries'] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      entries.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const app = createHttpServer({
    log: pino({ level: 'info' }, stream),
    publicUrl: 'http://127.0.0.1:3000',
    isReady: () => true,
    docs: { title: 'Parley', description: 'Test', version: '1.2.3', sessionCookie: 'session' },
    ...options,
  })
  t.teardown(async () => {
    await app.close()
  })
  return { app, entries }
}

function databaseError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('SELECT secret FROM table', 10, 'error')
  error.code = code
  return error
}

t.test('every refusal is a problem document', async (t) => {
  const { app, entries } = start(t)
  app.get('/api/conflict', () => {
    throw new AppError('ALREADY_ACCEPTED', 409, 'Ann has this chat.', { details: { owner: { id: '1' }, code: 'FORGED', status: 200 } })
  })
  const answer = await app.inject({ url: '/api/conflict', headers: { 'x-request-id': 'my-request.1' } })
  t.equal(answer.statusCode, 409)
  t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.equal(answer.headers['x-request-id'], 'my-request.1')
  t.same(answer.json(), {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    code: 'ALREADY_ACCEPTED',
    detail: 'Ann has this chat.',
    owner: { id: '1' },
    requestId: 'my-request.1',
  })
  t.same(entries, [], "the caller's mistakes do not fill the log")
})

t.test('what went wrong inside is logged once and never told', async (t) => {
  const { app, entries } = start(t)
  app.get('/api/bug', () => {
    throw new Error('password=secret at /home/parley')
  })
  app.get('/api/hidden', () => {
    throw new AppError('STORAGE_FULL', 507, 'Disk /var/lib is full')
  })
  const bug = await app.inject('/api/bug')
  t.match(bug.json(), { status: 500, code: 'INTERNAL', title: 'Internal Server Error', detail: 'Something went wrong on our side.' })
  t.notMatch(bug.body, /secret|parley/)
  t.match(entries, [{ level: 50, reqId: bug.json().requestId, msg: 'A request failed' }])
  t.equal(entries.length, 1)
  const hidden = await app.inject('/api/hidden')
  t.match(hidden.json(), { status: 507, code: 'STORAGE_FULL', detail: 'Something went wrong on our side.' })
})

t.test('errors of the database', async (t) => {
  const { app } = start(t)
  app.get('/api/fail/:code', { schema: { params: Type.Object({ code: Type.String() }) } }, (request) => {
    throw databaseError(request.params.code)
  })
  const fail = async (code: string) => app.inject(`/api/fail/${code}`)
  const away = await fail('57P01')
  t.match(away.json(), { status: 503, code: 'UNAVAILABLE' })
  t.equal(away.headers['retry-after'], '2')
  t.match((await fail('22P02')).json(), { status: 404, code: 'NOT_FOUND' })
  t.match((await fail('22003')).json(), { status: 404, code: 'NOT_FOUND' })
  t.match((await fail('22021')).json(), { status: 400 })
  const bug = await fail('42601')
  t.match(bug.json(), { status: 500, code: 'INTERNAL' })
  t.notMatch(bug.body, /SELECT/)
})

t.test('bodies: what is not JSON, too large, of another type or misspelt', async (t) => {
  const { app } = start(t, { bodyLimit: 100 })
  const body = Type.Object({ name: Type.String(), inner: Type.Optional(Type.Object({ a: Type.Number() })) })
  app.post('/api/things', { schema: { body } }, async (request) => request.body)
  const post = async (payload: string | object, type = 'application/json') =>
    (await app.inject({ method: 'POST', url: '/api/things', payload, headers: { 'content-type': type } })).json()
  t.match(await post('{'), { status: 400, code: 'BAD_REQUEST', detail: 'The body is not valid JSON.' })
  t.match(await post(''), { status: 400, code: 'BAD_REQUEST' })
  t.match(await post({ name: 'x'.repeat(100) }), { status: 413, code: 'BODY_TOO_LARGE' })
  t.match(await post('<a/>', 'application/xml'), { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  t.match(await post({ name: 'x', nmae: 1 }), { status: 400, problems: [{ path: 'nmae', message: 'is not known here' }] })
  t.match(await post({ name: 'x', inner: { a: 1, b: 2 } }), { problems: [{ path: 'inner.b', message: 'is not known here' }] })
  t.match(
    await post({ name: 'x', inner: { a: '1' } }),
    { problems: [{ path: 'inner.a', message: 'must be a number' }] },
    'bodies are not converted',
  )
  t.match(await post([]), {
    problems: [{ path: '', message: 'must be an object' }],
    detail: 'The request is not right: the body must be an object.',
  })
  t.match(await post('{"name":"x","__proto__":{"a":1}}'), { status: 400 })
})

t.test('ids and queries', async (t) => {
  const { app } = start(t)
  const querystring = Type.Object({ limit: Type.Integer({ default: 50, maximum: 200 }), all: Type.Optional(Type.Boolean()) })
  app.get('/api/things/:id', { schema: { params: IdParams, querystring } }, async (request) => ({ ...request.params, ...request.query }))
  app.get('/api/numbers/:n', { schema: { params: Type.Object({ n: Type.Integer() }) } }, async (request) => request.params)
  t.same((await app.inject('/api/things/7?all=true&unknown=1')).json(), { id: '7', limit: 50, all: true, unknown: '1' })
  t.same((await app.inject('/api/things/7?limit=20&all=false')).json(), { id: '7', limit: 20, all: false })
  t.match((await app.inject('/api/things/7?limit=many')).json(), { problems: [{ path: 'limit', message: 'must be a whole number' }] })
  t.match((await app.inject('/api/things/7?limit=201')).json(), { problems: [{ path: 'limit', message: 'must be 200 or less' }] })
  t.same((await app.inject('/api/numbers/7')).json(), { n: 7 })
  t.match((await app.inject('/api/numbers/x')).json(), { status: 404, code: 'NOT_FOUND' })
  t.match((await app.inject('/api/nothing?token=1')).json(), { status: 404, detail: 'There is nothing at GET /api/nothing.' })
})

t.test('a request id that could mislead the log is replaced', async (t) => {
  const { app } = start(t)
  for (const id of ['', 'two words', 'x'.repeat(101), '<script>']) {
    const answer = await app.inject({ url: '/healthz', headers: { 'x-request-id': id } })
    t.match(answer.headers['x-request-id'], /^[\da-f-]{36}$/)
  }
})

t.test('readiness follows the server, liveness does not', async (t) => {
  let ready = false
  const { app } = start(t, { isReady: () => ready })
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.equal((await app.inject('/healthz')).statusCode, 200)
  ready = true
  t.same((await app.inject('/readyz')).json(), { status: 'ready' })
})

t.test('a limited route says when to come back', async (t) => {
  const { app } = start(t)
  await app.after()
  app.get('/api/dear', { config: { rateLimit: { max: 2, timeWindow: 60_000 } } }, async () => 'ok')
  app.get('/api/cheap', async () => 'ok')
  t.equal((await app.inject('/api/dear')).statusCode, 200)
  t.equal((await app.inject('/api/dear')).statusCode, 200)
  const refused = await app.inject('/api/dear')
  t.match(refused.json(), { status: 429, code: 'TOO_MANY_REQUESTS' })
  t.match(Number(refused.headers['retry-after']), 60)
  for (let more = 0; more < 5; more++) t.equal((await app.inject('/api/cheap')).statusCode, 200)
})

t.test('raw bodies stay as they came, and only where they are asked for', async (t) => {
  const { app } = start(t)
  await app.register(async (hooks) => {
    await hooks.register(rawBody)
    hooks.post('/webhooks/x', async (request) => ({
      body: Buffer.isBuffer(request.body) ? request.body.toString('hex') : typeof request.body,
    }))
  })
  app.post('/api/x', async (request) => ({ body: request.body }))
  const post = async (payload: string | Buffer, headers: Record<string, string> = {}) =>
    (await app.inject({ method: 'POST', url: '/webhooks/x', payload, headers })).json().body
  const bytes = Buffer.from('{"a" : 1.0}\xff', 'latin1')
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'made/up']) {
    t.equal(await post(bytes, { 'content-type': type }), bytes.toString('hex'), type)
  }
  t.equal((await app.inject({ method: 'POST', url: '/webhooks/x' })).json().body, 'undefined')
  t.same((await app.inject({ method: 'POST', url: '/api/x', payload: { a: 1 } })).json(), { body: { a: 1 } })
})

t.test('the policy lets the web app work and nothing else run', async (t) => {
  const plain = (await start(t).app.inject('/healthz')).headers
  t.match(plain['content-security-policy'], /script-src 'self';/)
  t.match(plain['content-security-policy'], /connect-src 'self' ws:\/\/127\.0\.0\.1:3000/)
  t.notMatch(plain['content-security-policy'], /unsafe-eval|upgrade-insecure/)
  t.notOk(plain['strict-transport-security'], 'plain http must stay reachable')
  const secure = (await start(t, { publicUrl: 'https://chat.example.com' }).app.inject('/healthz')).headers
  t.match(secure['content-security-policy'], /connect-src 'self' wss:\/\/chat\.example\.com.*upgrade-insecure-requests/)
  t.ok(secure['strict-transport-security'])
  t.equal(plain['x-content-type-options'], 'nosniff')
})

t.test('the API describes itself', async (t) => {
  const { app } = start(t)
  await app.after()
  app.get(
    '/api/things',
    { schema: { summary: 'List', response: { 200: Type.Object({ name: Type.Union([Type.String(), Type.Null()]) }) } } },
    async () => ({
      name: null,
    }),
  )
  app.post('/api/login', { config: { public: true } }, async () => 'ok')
  app.get('/webhooks/x', async () => 'ok')
  const document = (await app.inject('/api/openapi.json')).json()
  t.match(document, { openapi: '3.1.0', info: { title: 'Parley', version: '1.2.3' }, security: [{ session: [] }, { token: [] }] })
  t.same(Object.keys(document.paths), ['/api/things', '/api/login'])
  t.same(document.paths['/api/login'].post.security, [])
  const schema = document.paths['/api/things'].get.responses['200'].content['application/json'].schema
  t.same(schema.properties.name, { anyOf: [{ type: 'string' }, { type: 'null' }] }, 'the full schema, not the one for writing')
  const page = await app.inject({ url: '/api/docs', headers: { accept: 'text/html' } })
  t.equal(page.statusCode, 200)
  t.notMatch(page.body, /<script>|<script(?![^>]* src=)/, 'its scripts are files, as the policy asks')
})

t.test('the web app gets its pages, and the API keeps its own', async (t) => {
  const root = await mkdtemp(path.join(tmpdir(), 'parley-web-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  await mkdir(path.join(root, 'assets'))
  await writeFile(path.join(root, 'index.html'), '<html>Parley</html>')
  await writeFile(path.join(root, 'assets', 'index-abc.js'), 'run()')
  await writeFile(path.join(root, 'favicon.svg'), '<svg/>')
  const { app } = start(t)
  await app.register(webApp, { root })
  app.get('/api/things', async () => [])
  const get = (url: string, accept = 'text/html,*/*;q=0.8') => app.inject({ url, headers: { accept } })

  for (const page of ['/', '/chats/17', '/settings?tab=queues']) {
    const answer = await get(page)
    t.equal(answer.body, '<html>Parley</html>', page)
    t.equal(answer.headers['cache-control'], 'no-cache')
    t.match(answer.headers['content-type'], /text\/html/)
  }
  t.equal((await get('/assets/index-abc.js', '*/*')).headers['cache-control'], 'public, max-age=31536000, immutable')
  t.equal((await get('/favicon.svg', 'image/*')).headers['cache-control'], 'no-cache')
  for (const missing of ['/api/nothing', '/webhooks/x/1', '/metrics', '/assets/index-old.js']) {
    t.match((await get(missing)).json(), { status: 404, code: 'NOT_FOUND' }, missing)
  }
  t.equal((await get('/chats/17', 'application/json')).statusCode, 404)
  t.equal((await app.inject({ method: 'POST', url: '/chats/17', headers: { accept: 'text/html' } })).statusCode, 404)
  t.equal((await get('/../package.json', '*/*')).statusCode, 404)
  t.equal((await get('/%2e%2e/package.json', '*/*')).statusCode, 404)
})
