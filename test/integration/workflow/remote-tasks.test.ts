import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { until } from '../../helpers/until.ts'
import {
  boundary,
  breakNotifications,
  definition,
  end,
  note,
  onMessage,
  openWorkshop,
  receive,
  service,
  start,
  type Workshop,
} from './support.ts'

interface Partner {
  url: string
  host: string
  requests: { key: string | undefined; body: string }[]
  /** What the next requests get: a status, or nothing at all until the test's end. */
  answers: (number | 'silence')[]
}

/** Somebody outside, who answers 200 unless told otherwise. */
async function openPartner(t: Test): Promise<Partner> {
  const partner: Partner = { url: '', host: '', requests: [], answers: [] }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      partner.requests.push({ key: request.headers['idempotency-key'] as string | undefined, body: Buffer.concat(chunks).toString() })
      const answer = partner.answers.shift() ?? 200
      if (answer === 'silence') return
      response.writeHead(answer, { 'content-type': 'application/json' }).end(JSON.stringify({ score: 7 }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  partner.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  partner.url = `http://${partner.host}/scores`
  return partner
}

const scoring = (url: string, ...after: string[]) =>
  definition(
    'scoring',
    [
      start(onMessage('chat.created')),
      service(
        'ask',
        'http.request',
        { method: 'POST', url, body: '={number: chat.number, token: "s3cret"}' },
        { outputs: { score: '=body.score' }, retries: 3 },
      ),
      ...after,
      note('noted', '="score " + string(score)'),
      end(),
    ],
    ['start', 'ask', ...(after.length > 0 ? ['notify'] : []), 'noted', 'end'].join(' > '),
  )

const allow = (partner: Partner) => ({ env: { PARLEY_OUTBOUND_ALLOW: partner.host } })

/** Runs the task of the only parked instance once, as its job does. */
async function runTask({ sql, container }: Workshop): Promise<void> {
  const [wait] = await sql(`select instance_id, wait_id from process_waits where kind = 'task'`)
  if (!wait) throw new Error('No task is parked')
  await container.remoteTasks.run(String(wait.instance_id), String(wait.wait_id), new AbortController().signal)
}

t.test('a remote task parks its instance and completes it with what it was answered', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t, allow(partner))
  await workshop.deploy(scoring(partner.url))
  const chatId = await workshop.chatOf('Cora')
  t.equal(partner.requests.length, 0, 'nothing is called inside a step')
  await runTask(workshop)
  t.same(await workshop.notes(chatId), ['score 7'])
  t.match(partner.requests, [{ key: /./, body: /"number":\d+/ }])
  t.notMatch(JSON.stringify(await workshop.sql('select inputs, outputs from process_log')), /s3cret/)
})

t.test('an attempt that fails is made again under the same key, and the last one is an incident', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t, allow(partner))
  const { clock, admin, incidents, notes, instances } = workshop
  await workshop.deploy(scoring(partner.url))
  const chatId = await workshop.chatOf('Cora')
  partner.answers.push(503, 500, 502)
  await runTask(workshop)
  await runTask(workshop)
  t.equal(partner.requests.length, 1, 'not before its time')
  clock.advance(2_000)
  await runTask(workshop)
  t.same(await incidents(), [])
  clock.advance(15_000)
  await runTask(workshop)
  t.equal(partner.requests.length, 3)
  t.equal(new Set(partner.requests.map((request) => request.key)).size, 1)
  const [incident] = await incidents()
  t.match(incident, { code: 'TASK_FAILED', attempts: 3, elementId: 'ask', message: /502/ })
  t.match(await instances(chatId, 'scoring'), [{ state: 'incident' }])
  clock.advance(3_600_000)
  await runTask(workshop)
  t.equal(partner.requests.length, 3, 'it is not called any more by itself')

  t.match(await admin.ok('POST', `/api/incidents/${incident?.id}/retry`), {
    resolved: true,
    state: 'running',
    waits: [{ elementId: 'ask' }],
  })
  await runTask(workshop)
  t.same(await notes(chatId), ['score 7'])
  t.match(await instances(chatId, 'scoring'), [{ state: 'completed' }])
  t.same(await incidents(), [])
})

t.test('a later step that fails does not ask the outside again', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t, allow(partner))
  await workshop.deploy(scoring(partner.url, service('notify', 'agent.notify', { to: workshop.admin.agent.id, title: 'Scored' })))
  const chatId = await workshop.chatOf('Cora')
  const mend = await breakNotifications(workshop)
  await runTask(workshop)
  t.same(await workshop.notes(chatId), [])
  await mend()
  workshop.clock.advance(600_000)
  await runTask(workshop)
  t.equal(partner.requests.length, 1)
  await workshop.pass(chatId, 0)
  t.same(await workshop.notes(chatId), ['score 7'], 'the answer was kept')
  t.equal(partner.requests.length, 1)
})

t.test('an address that is not public is refused with a code a diagram can catch', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t)
  await workshop.deploy(scoring(partner.url))
  const chatId = await workshop.chatOf('Cora')
  await runTask(workshop)
  t.equal(partner.requests.length, 0)
  t.match(await workshop.incidents(), [{ code: 'HOST_NOT_ALLOWED', elementId: 'ask', attempts: 1 }])
  await workshop.deploy(
    definition(
      'scoring',
      [
        start(onMessage('chat.created')),
        service('ask', 'http.request', { method: 'GET', url: 'http://localhost/' }),
        boundary('refused', 'ask', '<bpmn:errorEventDefinition/>'),
        note('noted', 'refused'),
        end(),
        end('end_refused'),
      ],
      'start > ask > end',
      'refused > noted > end_refused',
    ),
  )
  const other = await workshop.chatOf('Dora')
  const [wait] = await workshop.sql(`select instance_id, wait_id from process_waits where kind = 'task' and chat_id = ${other}`)
  await workshop.container.remoteTasks.run(String(wait?.instance_id), String(wait?.wait_id), new AbortController().signal)
  t.same(await workshop.notes(other), ['refused'])
  t.same(await workshop.notes(chatId), [])
})

t.test('a task whose worker was killed is run again when its lease is over', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t, allow(partner))
  await workshop.deploy(scoring(partner.url))
  const chatId = await workshop.chatOf('Cora')
  partner.answers.push('silence')
  const killed = runTask(workshop).catch(() => undefined)
  await until(() => partner.requests.length === 1)
  await runTask(workshop)
  t.equal(partner.requests.length, 1, 'one worker at a time')
  workshop.clock.advance(120_000)
  await runTask(workshop)
  t.equal(partner.requests.length, 2)
  t.equal(partner.requests[0]?.key, partner.requests[1]?.key)
  t.same(await workshop.notes(chatId), ['score 7'])
  t.same(await workshop.incidents(), [], 'what the first worker says now is too late')
  void killed // it ends with the partner, at the end of the test
})

t.test('an interrupted task wants no answer any more', async (t) => {
  const partner = await openPartner(t)
  const workshop = await openWorkshop(t, allow(partner))
  await workshop.deploy(
    definition(
      'impatient',
      [
        start(onMessage('chat.created')),
        receive('greeted', 'message.received'),
        service('ask', 'http.request', { method: 'GET', url: partner.url }),
        boundary('answered', 'ask', onMessage('message.received')),
        note('noted', 'interrupted'),
        end(),
        end('end_interrupted'),
      ],
      'start > greeted > ask > end',
      'answered > noted > end_interrupted',
    ),
  )
  const chatId = await workshop.chatOf('Cora', 'one')
  const [wait] = await workshop.sql(`select instance_id, wait_id from process_waits where kind = 'task'`)
  await workshop.chatOf('Cora', 'two')
  t.same(await workshop.notes(chatId), ['interrupted'])
  await workshop.container.remoteTasks.run(String(wait?.instance_id), String(wait?.wait_id), new AbortController().signal)
  t.equal(partner.requests.length, 0)
  await workshop.container.host.settleTask(String(wait?.instance_id), {
    kind: 'task.completed',
    waitId: String(wait?.wait_id),
    outputs: { status: 200, body: null },
  })
  t.same(await workshop.notes(chatId), ['interrupted'])
  t.same(await workshop.incidents(), [])
})
