import { Redis } from 'ioredis'
import t from 'tap'
import { processSweep } from '../../../src/modules/workflow/index.ts'
import { customerWrites, startParley } from '../../helpers/parley.ts'
import { redisSkip, startTestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { boundary, definition, end, note, onMessage, onTimer, openWorkshop, receive, start } from './support.ts'

const minute = 60_000

t.test('the chat timeout moves with every reply, without the engine', async (t) => {
  const { admin, chatOf, clock, pass, sql, queueId } = await openWorkshop(t)
  await admin.becomes('active')
  await admin.ok('PATCH', `/api/queues/${queueId}`, { chatTimeoutMinutes: 30 })
  const chatId = await chatOf('Cora')
  await admin.accept(chatId)
  await admin.reply(chatId, 'How can I help?')
  const steps = async () => (await sql('select count(*)::int as count from process_log'))[0]?.count
  const before = await steps()
  for (let round = 0; round < 3; round++) {
    clock.advance(29 * minute)
    await admin.reply(chatId, 'Are you there?')
    await pass(chatId, 0)
  }
  t.equal(await steps(), before, 'no step was taken')
  t.equal((await admin.chat(chatId)).status, 'in_progress')
  await pass(chatId, 30 * minute - 1)
  t.equal((await admin.chat(chatId)).status, 'in_progress')
  await pass(chatId, 1)
  t.match(await admin.chat(chatId), { status: 'completed', completionReason: 'timeout' })
})

t.test('a timer that computes with the chat is armed anew when the chat changes, and stays so', async (t) => {
  const { admin, deploy, chatOf, clock, pass, notes, instances, container } = await openWorkshop(t)
  await admin.becomes('active')
  await deploy(
    definition(
      'reminder',
      [
        start(onMessage('chat.created')),
        receive('wait', 'chat.completed'),
        boundary(
          'quiet',
          'wait',
          onTimer('Date', '=if chat.lastAgentMessageAt = null then null else chat.lastAgentMessageAt + duration("PT10M")'),
          false,
        ),
        boundary('wrote', 'wait', onMessage('message.received'), false),
        note('noted', 'ten quiet minutes'),
        note('written', 'wrote'),
        end(),
        end('end_noted'),
        end('end_written'),
      ],
      'start > wait > end',
      'quiet > noted > end_noted',
      'wrote > written > end_written',
    ),
  )
  const chatId = await chatOf('Cora')
  const [instance] = await instances(chatId, 'reminder')
  const dueAt = async () => {
    await container.host.advance(chatId)
    const answer = await admin.ok<{ waits: { elementId: string; dueAt: string | null }[] }>('GET', `/api/process-instances/${instance?.id}`)
    return answer.waits.find((wait) => wait.elementId === 'quiet')?.dueAt
  }
  t.equal(await dueAt(), null, 'off while nobody has answered')
  await admin.accept(chatId)
  await admin.reply(chatId, 'Hello')
  const first = clock.now().getTime() + 10 * minute
  t.equal(await dueAt(), new Date(first).toISOString())
  await pass(chatId, 5 * minute)
  await admin.reply(chatId, 'One moment')
  const second = clock.now().getTime() + 10 * minute
  t.equal(await dueAt(), new Date(second).toISOString())
  await chatOf('Cora', 'fine')
  t.ok((await notes(chatId)).includes('wrote'))
  t.equal(await dueAt(), new Date(second).toISOString(), 'a step elsewhere in the instance leaves it so')
  await pass(chatId, 10 * minute - 1)
  t.notOk((await notes(chatId)).includes('ten quiet minutes'))
  await pass(chatId, 1)
  t.ok((await notes(chatId)).includes('ten quiet minutes'))
})

t.test('a computed timer that fails keeps its time and is an incident, and the chat goes on', async (t) => {
  const { admin, deploy, chatOf, incidents, container, notes } = await openWorkshop(t)
  await admin.becomes('active')
  await deploy(
    definition(
      'fragile',
      [
        start(onMessage('chat.created')),
        receive('wait', 'chat.completed'),
        boundary('late', 'wait', onTimer('Date', '=if chat.agent = null then null else "soon"'), false),
        note('noted', 'late'),
        note('done', 'completed'),
        end(),
        end('end_late'),
      ],
      'start > wait > done > end',
      'late > noted > end_late',
    ),
  )
  const chatId = await chatOf('Cora')
  t.equal((await admin.accept(chatId)).status, 200)
  await container.host.advance(chatId)
  const [incident] = await incidents()
  t.match(incident, { code: 'EXPRESSION_FAILED', elementId: 'late' })
  t.match(await admin.ok('POST', `/api/incidents/${incident?.id}/retry`), { resolved: false, error: { code: 'EXPRESSION_FAILED' } })
  await admin.ok('POST', `/api/chats/${chatId}/complete`)
  t.same(await notes(chatId), ['completed'])
})

t.test('a cycle fires as often as it says', async (t) => {
  const { deploy, chatOf, pass, notes } = await openWorkshop(t)
  await deploy(
    definition(
      'ticker',
      [
        start(onMessage('chat.created')),
        receive('wait', 'chat.completed'),
        boundary('tick', 'wait', onTimer('Cycle', 'R3/PT1M'), false),
        note('noted', 'tick'),
        end(),
        end('end_tick'),
      ],
      'start > wait > end',
      'tick > noted > end_tick',
    ),
  )
  const chatId = await chatOf('Cora')
  const counts: number[] = []
  for (let round = 0; round < 5; round++) {
    await pass(chatId, minute)
    counts.push((await notes(chatId)).length)
  }
  t.same(counts, [1, 2, 3, 3, 3])
})

const shortTimer = definition(
  'egg',
  [
    start(onMessage('chat.created')),
    receive('boil', 'chat.completed'),
    boundary('done', 'boil', onTimer('Duration', 'PT4S')),
    note('noted', 'boiled'),
    end(),
    end('end_done'),
  ],
  'start > boil > end',
  'done > noted > end_done',
)

async function boils(
  t: Parameters<typeof startParley>[0],
  options: { redisUrl?: string },
  forget: (parley: Awaited<ReturnType<typeof startParley>>) => Promise<void>,
) {
  const parley = await startParley(t, options)
  await parley.admin.ok('POST', '/api/processes?activate=true', shortTimer)
  await customerWrites(parley, 'Cora', 'Hello')
  const { db } = parley.container.database
  await until(() => db.selectFrom('process_waits').select('due_at').where('element_id', '=', 'done').executeTakeFirst())
  await forget(parley)
  // That lost schedules come back by themselves is proved where jobs are; here it need not take half a minute.
  await parley.container.jobs.repeat(processSweep, {}, 3_000)
  return until(() => db.selectFrom('messages').select('text').where('text', '=', 'boiled').executeTakeFirst(), { timeoutMs: 25_000 })
}

t.test('timers survive the loss of every job in PostgreSQL', async (t) => {
  const boiled = await boils(t, {}, async ({ container }) => {
    await container.database.query('forget_jobs', 'truncate bullmq.job, bullmq.scheduler cascade', [])
  })
  t.equal(boiled.text, 'boiled')
})

t.test('timers survive the loss of every job in Redis', { skip: redisSkip }, async (t) => {
  const redis = await startTestRedis(t)
  const boiled = await boils(t, { redisUrl: redis.url }, async () => {
    const client = new Redis(redis.url)
    await client.flushall()
    client.disconnect()
  })
  t.equal(boiled.text, 'boiled')
})
