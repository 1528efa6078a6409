import { randomUUID } from 'node:crypto'
import t from 'tap'
import { AppError } from '../../../src/platform/errors.ts'
import { sweepIdempotencyKeys } from '../../../src/platform/http/idempotency.ts'
import type { HttpServer } from '../../../src/platform/http/server.ts'
import { until } from '../../helpers/until.ts'
import { MINUTE, type Parley, startParley } from './support.ts'

const post = (parley: Parley, url: string, headers: Record<string, string>, key: string | null, payload: object) =>
  parley.app.inject({ method: 'POST', url, headers: key === null ? headers : { ...headers, 'idempotency-key': key }, payload })
const agentsNamed = async (parley: Parley, name: string) =>
  (await parley.database.db.selectFrom('agents').select('id').where('name', '=', name).execute()).length
const newAgent = (name = 'Ann') => ({ name, email: `${randomUUID()}@example.com` })

t.test('the same key and request make one agent and get one answer', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const body = newAgent()
  const first = await post(parley, '/api/agents', headers, 'k1', body)
  const again = await post(parley, '/api/agents', headers, 'k1', body)
  t.equal(first.statusCode, 201)
  t.equal(again.statusCode, 201)
  t.equal(again.body, first.body)
  t.equal(again.headers['content-type'], first.headers['content-type'])
  t.equal(first.headers['idempotency-replayed'], undefined)
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.equal(await agentsNamed(parley, 'Ann'), 1)
  t.match((await post(parley, '/api/agents', headers, 'k1', newAgent())).json(), { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
  t.match(
    (await post(parley, '/api/tokens', headers, 'k1', { name: 'Ann' })).json(),
    { code: 'IDEMPOTENCY_KEY_REUSED' },
    'nor at another address',
  )
  t.match((await post(parley, '/api/agents', headers, 'two words', body)).json(), { status: 400 })
})

t.test('keys belong to their agent', async (t) => {
  const parley = await startParley(t)
  const [one, other] = [await parley.as('admin'), await parley.as('admin')]
  t.equal((await post(parley, '/api/agents', one.headers, 'k1', newAgent('One'))).statusCode, 201)
  t.equal((await post(parley, '/api/agents', other.headers, 'k1', newAgent('Other'))).statusCode, 201)
})

t.test('twenty at once are one', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const body = newAgent('Crowd')
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(parley, '/api/agents', headers, 'k1', body)))
  t.equal(await agentsNamed(parley, 'Crowd'), 1)
  for (const answer of answers.filter(({ statusCode }) => statusCode !== 201)) {
    t.match(answer.json(), { status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' })
    t.equal(answer.headers['retry-after'], '1')
  }
  t.equal(new Set(answers.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body)).size, 1)
  t.equal((await post(parley, '/api/agents', headers, 'k1', body)).statusCode, 201)
})

t.test('a refused request has done nothing, so its key can be used again', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  t.equal((await post(parley, '/api/agents', headers, 'k1', { ...newAgent(), queueIds: ['999'] })).statusCode, 400)
  t.equal((await post(parley, '/api/agents', headers, 'k1', newAgent())).statusCode, 201)
})

t.test('an answer with a secret is not kept', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const { token } = (await post(parley, '/api/tokens', headers, 'k1', { name: 'Bot' })).json()
  const again = await post(parley, '/api/tokens', headers, 'k1', { name: 'Bot' })
  t.match(again.json(), { status: 409, code: 'IDEMPOTENCY_ANSWER_LOST' })
  t.equal((await parley.database.db.selectFrom('api_tokens').select('id').execute()).length, 1)
  const kept = await parley.database.db.selectFrom('idempotency_keys').selectAll().execute()
  t.notMatch(JSON.stringify(kept), token)
})

/** Routes that stop where a process could be killed: before its commit, or after it. */
function stoppingRoutes(gates: Record<'before' | 'after', Promise<void>>, arrived: string[], database: () => Parley['database']) {
  return (app: HttpServer) => {
    app.post('/api/stop/before', async (_request, reply) => {
      await database().transaction(async (work) => {
        const name = `stop ${arrived.push('before')}`
        if (arrived.length === 1) await gates.before
        await work.trx.insertInto('accounts').values({ name, created_at: work.now }).execute()
      })
      return reply.code(201).send({ done: true })
    })
    app.post('/api/stop/after', async () => {
      await database().transaction((work) => work.trx.insertInto('accounts').values({ name: 'stop', created_at: work.now }).execute())
      arrived.push('after')
      await gates.after
      throw new AppError('BROKEN', 500, 'The answer never came')
    })
  }
}

t.test('a request that died before its commit is done by a later one, and cannot commit behind it', async (t) => {
  const arrived: string[] = []
  const gate = Promise.withResolvers<void>()
  const parley: Parley = await startParley(t, {
    routes: stoppingRoutes({ before: gate.promise, after: Promise.resolve() }, arrived, () => parley.database),
  })
  const { headers } = await parley.as('agent')
  const slow = post(parley, '/api/stop/before', headers, 'k1', {}).then((answer) => answer)
  await until(() => arrived.length === 1)
  parley.clock.advance(MINUTE)
  t.match((await post(parley, '/api/stop/before', headers, 'k1', {})).json(), { code: 'IDEMPOTENCY_IN_PROGRESS' }, 'it may still be alive')
  parley.clock.advance(1)
  t.equal((await post(parley, '/api/stop/before', headers, 'k1', {})).statusCode, 201)
  gate.resolve()
  t.match((await slow).json(), { status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' })
  t.equal((await parley.database.db.selectFrom('accounts').select('id').execute()).length, 1)
  t.equal((await post(parley, '/api/stop/before', headers, 'k1', {})).headers['idempotency-replayed'], 'true')
})

t.test('what is committed is not done again when its answer was lost', async (t) => {
  const arrived: string[] = []
  const parley: Parley = await startParley(t, {
    routes: stoppingRoutes({ before: Promise.resolve(), after: Promise.resolve() }, arrived, () => parley.database),
  })
  const { headers } = await parley.as('agent')
  t.match((await post(parley, '/api/stop/after', headers, 'k1', {})).json(), { status: 500, detail: 'Something went wrong on our side.' })
  t.match((await post(parley, '/api/stop/after', headers, 'k1', {})).json(), { code: 'IDEMPOTENCY_IN_PROGRESS' })
  parley.clock.advance(2 * MINUTE)
  t.match((await post(parley, '/api/stop/after', headers, 'k1', {})).json(), { code: 'IDEMPOTENCY_ANSWER_LOST' })
  t.equal(arrived.length, 1)
})

t.test('keys are forgotten after a day', async (t) => {
  const parley = await startParley(t)
  const { headers } = await parley.as('admin')
  const body = newAgent()
  await post(parley, '/api/agents', headers, 'k1', body)
  parley.clock.advance(24 * 60 * MINUTE)
  await sweepIdempotencyKeys(parley.database, parley.clock.now())
  t.equal((await post(parley, '/api/agents', headers, 'k1', body)).headers['idempotency-replayed'], 'true')
  parley.clock.advance(1)
  await sweepIdempotencyKeys(parley.database, parley.clock.now())
  t.match((await post(parley, '/api/agents', headers, 'k1', body)).json(), { code: 'EMAIL_TAKEN' })
})
