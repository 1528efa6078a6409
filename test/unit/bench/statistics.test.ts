import t from 'tap'
import { PlanLog, rowsWasted, sequentialScans } from '../../bench/plan-log.ts'
import { formatTable, judge, type Row } from '../../bench/report.ts'
import { rowsOf } from '../../bench/rows.ts'
import { median, pairedRatio, percentile, reaches, readable } from '../../bench/stats.ts'

t.test('percentiles are values that were measured, by nearest rank', async (t) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  t.equal(percentile(values, 0.5), 50)
  t.equal(percentile(values, 0.99), 99)
  t.equal(percentile(values, 1), 100)
  t.equal(percentile([7], 0.99), 7)
  t.ok(Number.isNaN(percentile([], 0.5)))
  t.equal(values[0], 100, 'the values keep their order')
})

t.test('the median of an even number lies between the two middle values', async (t) => {
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([10, 2, 4, 8]), 6)
  t.ok(Number.isNaN(median([])))
})

t.test('ratios are taken round by round, so that a slow moment of the machine does not count', async (t) => {
  t.equal(pairedRatio([800, 80, 8_000], [1_000, 100, 10_000]), 0.8)
  t.equal(pairedRatio([800, 80], [1_000, 100, 10_000]), 0.8, 'a round that only one side finished is left out')
  t.equal(pairedRatio([800, 80, 1], [1_000, 100]), 0.8)
})

t.test('a value that is no number reaches no aim', async (t) => {
  t.ok(reaches(0.7, { kind: 'at least', value: 0.7, unit: '' }))
  t.notOk(reaches(0.69, { kind: 'at least', value: 0.7, unit: '' }))
  t.ok(reaches(50, { kind: 'at most', value: 50, unit: 'ms' }))
  t.notOk(reaches(50.1, { kind: 'at most', value: 50, unit: 'ms' }))
  for (const kind of ['at least', 'at most'] as const) t.notOk(reaches(Number.NaN, { kind, value: 1, unit: '' }))
})

t.test('numbers show as many digits as they bear', async (t) => {
  t.same([200_000, 3_456.7, 12.345, 0.04567, Number.NaN].map(readable), ['200 000', '3 457', '12.3', '0.0457', '–'])
})

t.test('the verdict is about the ratio or the value, as the aim says', async (t) => {
  const row = (value: number, ratio: number, of: 'value' | 'ratio'): Row => ({
    what: 'steps',
    stored: 1_000,
    value,
    unit: 'ms',
    beside: [{ what: 'raw', value: 1, ratio }],
    aim: { of, kind: 'at most', value: 1.5, unit: '' },
  })
  t.same(
    judge([row(9, 1.2, 'ratio'), row(1, 1.6, 'ratio'), row(1, 9, 'value'), { ...row(1, 1, 'value'), aim: null }]).map(
      ({ verdict }) => verdict,
    ),
    ['ok', 'missed', 'ok', null],
  )
  const table = formatTable(judge([row(9, 1.234, 'ratio')]))
  t.match(table, /steps +1 000 +9 ms +raw 1 = ×1\.23 +at most ×1\.5 +ok$/)
})

t.test('each aim has its row, and growth is the largest database against the smallest', async (t) => {
  const measured = (stored: number, factor: number) => ({
    stored,
    parley: [3_000 * factor],
    bare: [4_000],
    pgbench: [],
    newChats: { perSecond: 100 * factor, offeredSeconds: 1 },
    acceptsPerSecond: 100,
    acknowledgement: { rate: 1_500.4, p50: 2, p99: 51, bareP99: 10 },
    push: { p50: 5, p99: 20, acknowledgedP99: 9 },
    lifecycle: { rawMs: [5], hostMs: [6 / factor], hostPerSecond: [100] },
  })
  const rows = judge(rowsOf([measured(1_000, 1), measured(200_000, 0.75)], { rawMs: 5, parleyMs: 1 }))
  const verdicts = (what: string) => rows.filter((row) => row.what.startsWith(what)).map(({ verdict }) => verdict)
  t.same(verdicts('messages on open chats'), ['ok', 'missed'], '0.75 and 0.56 of the bare handler')
  t.same(verdicts('acknowledgement at half load (1500/s), p99'), ['missed', 'missed'], 'the rate is a whole number')
  t.same(verdicts('commit to WebSocket at 200/s, p99'), ['ok', 'ok'])
  t.same(verdicts('lifecycle step with'), ['ok', 'missed'], '1.2 and 1.6 of raw')
  t.same(verdicts('engine step'), ['ok'])
  t.same(verdicts('growth: '), ['missed', 'missed', 'missed'], 'a quarter less and a third more')
})

t.test('plans are read from the log of PostgreSQL', async (t) => {
  const log = new PlanLog()
  for (const line of [
    'LOG:  duration: 0.113 ms  plan:',
    '\tQuery Text: select * from chats c',
    '\t  where number = 5',
    '\tSeq Scan on chats c  (cost=0.00..1.00 rows=1 width=8) (actual time=0.001..0.002 rows=1.00 loops=1)',
    '\t  Filter: (number = 5)',
    '\t  Rows Removed by Filter: 4999',
    'WARNING:  something else',
    '\tDETAIL of it',
    'LOG:  duration: 2.5 ms  plan:',
    '\tQuery Text: select 1',
    '\tSeq Scan on queues  (cost=0.00..1.00 rows=1 width=8)',
    '',
  ]) {
    log.take(line)
  }
  t.same(
    log.plans.map(({ query, ms }) => ({ query, ms })),
    [
      { query: 'select * from chats c\n  where number = 5', ms: 0.113 },
      { query: 'select 1', ms: 2.5 },
    ],
  )
  t.same(log.plans.map(sequentialScans), [['chats'], []], 'tables of configuration may be read whole')
  t.same(log.plans.map(rowsWasted), [4_999, 0])
})
