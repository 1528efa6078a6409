import type { Measured } from './measure.ts'
import type { Row } from './report.ts'
import { median, pairedRatio } from './stats.ts'

/** From this share of its rate over few messages on, the rate over many counts as not grown worse: less is noise. */
const noGrowth = 0.8

/** The table: what was measured on each database, then how the largest compares with the smallest. */
export function rowsOf(measured: readonly Measured[], engine: { rawMs: number; parleyMs: number }): Row[] {
  return [
    ...measured.flatMap((one) => [...inboundRows(one), ...timeRows(one), ...lifecycleRows(one)]),
    engineRow(engine),
    ...growthRows(measured),
  ]
}

function inboundRows({ stored, parley, bare, pgbench, newChats, acceptsPerSecond }: Measured): Row[] {
  const open: Row = {
    what: 'messages on open chats, HTTP to commit',
    stored,
    value: median(parley),
    unit: '/s',
    beside: [{ what: 'bare Fastify + pg', value: median(bare), ratio: pairedRatio(parley, bare) }],
    aim: { of: 'ratio', kind: 'at least', value: 0.7, unit: '' },
  }
  if (pgbench.length > 0) open.beside.push({ what: 'pgbench', value: median(pgbench), ratio: pairedRatio(parley, pgbench) })
  return [
    open,
    { what: 'messages that create chats', stored, value: newChats.perSecond, unit: '/s', beside: [], aim: null },
    { what: 'all of those offered after', stored, value: newChats.offeredSeconds * 1000, unit: 'ms', beside: [], aim: null },
    { what: 'accepts through the API', stored, value: acceptsPerSecond, unit: '/s', beside: [], aim: null },
  ]
}

function timeRows({ stored, acknowledgement, push }: Measured): Row[] {
  const row = (what: string, value: number, most: number | null): Row => ({
    what,
    stored,
    value,
    unit: 'ms',
    beside: [],
    aim: most === null ? null : { of: 'value', kind: 'at most', value: most, unit: 'ms' },
  })
  const rate = Math.round(acknowledgement.rate)
  return [
    row(`acknowledgement at half load (${rate}/s), p50`, acknowledgement.p50, null),
    {
      ...row(`acknowledgement at half load (${rate}/s), p99`, acknowledgement.p99, 50),
      beside: [{ what: 'bare Fastify + pg', value: acknowledgement.bareP99, ratio: acknowledgement.p99 / acknowledgement.bareP99 }],
    },
    row('commit to WebSocket at 200/s, p50', push.p50, null),
    row('commit to WebSocket at 200/s, p99', push.p99, 50),
    row('acknowledgement at 200/s, p99', push.acknowledgedP99, null),
  ]
}

function lifecycleRows({ stored, lifecycle }: Measured): Row[] {
  const rawPerSecond = lifecycle.rawMs.map((ms) => 1000 / ms)
  return [
    {
      what: 'lifecycle step with its transaction',
      stored,
      value: median(lifecycle.hostMs),
      unit: 'ms',
      beside: [
        { what: 'raw bpmn-engine, in memory', value: median(lifecycle.rawMs), ratio: pairedRatio(lifecycle.hostMs, lifecycle.rawMs) },
      ],
      aim: { of: 'ratio', kind: 'at most', value: 1.5, unit: '' },
    },
    {
      what: 'lifecycle steps, 8 chats at once',
      stored,
      value: median(lifecycle.hostPerSecond),
      unit: '/s',
      beside: [{ what: 'raw bpmn-engine', value: median(rawPerSecond), ratio: pairedRatio(lifecycle.hostPerSecond, rawPerSecond) }],
      aim: null,
    },
  ]
}

function engineRow({ rawMs, parleyMs }: { rawMs: number; parleyMs: number }): Row {
  return {
    what: 'engine step: recover, signal, save',
    stored: null,
    value: parleyMs,
    unit: 'ms',
    beside: [{ what: 'raw bpmn-engine', value: rawMs, ratio: parleyMs / rawMs }],
    aim: { of: 'ratio', kind: 'at most', value: 1.5, unit: '' },
  }
}

function growthRows(measured: readonly Measured[]): Row[] {
  const small = measured[0]
  const large = measured.at(-1)
  if (!small || !large || small === large) return []
  const row = (what: string, unit: string, now: number[], before: number[], kind: 'at least' | 'at most'): Row => ({
    what: `growth: ${what}`,
    stored: large.stored,
    value: median(now),
    unit,
    beside: [{ what: `over ${small.stored}`, value: median(before), ratio: pairedRatio(now, before) }],
    aim: { of: 'ratio', kind, value: kind === 'at least' ? noGrowth : 1 / noGrowth, unit: '' },
  })
  return [
    row('messages on open chats', '/s', large.parley, small.parley, 'at least'),
    row('messages that create chats', '/s', [large.newChats.perSecond], [small.newChats.perSecond], 'at least'),
    row('lifecycle step', 'ms', large.lifecycle.hostMs, small.lifecycle.hostMs, 'at most'),
  ]
}
