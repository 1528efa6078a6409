import t from 'tap'
import type { BusinessHours } from '../../../src/contracts/index.ts'
import { isOpen } from '../../../src/modules/routing/index.ts'

const office: BusinessHours = {
  timeZone: 'Europe/Berlin',
  days: {
    mon: [
      ['09:00', '12:00'],
      ['13:00', '17:00'],
    ],
    fri: [['09:00', '17:00']],
    sat: [['22:00', '24:00']],
    sun: [['00:00', '06:00']],
  },
  holidays: ['2026-12-25'],
}
const open = (instant: string, hours: BusinessHours | null = office) => isOpen(hours, new Date(instant))

t.test('hours are on the wall clock of the time zone, from the first minute to before the last', async (t) => {
  t.equal(open('2026-11-23T07:59:59Z'), false, 'Monday 08:59:59 in Berlin')
  t.equal(open('2026-11-23T08:00:00Z'), true)
  t.equal(open('2026-11-23T10:59:59Z'), true)
  t.equal(open('2026-11-23T11:00:00Z'), false, 'at lunch')
  t.equal(open('2026-11-23T12:00:00Z'), true)
  t.equal(open('2026-11-24T10:00:00Z'), false, 'no hours on Tuesdays')
  t.equal(open('2026-11-28T22:59:59Z'), true, 'Saturday until midnight')
  t.equal(open('2026-11-28T23:00:00Z'), true, 'and on from midnight')
  t.equal(open('2026-11-29T05:00:00Z'), false)
  t.equal(open('2026-11-24T10:00:00Z', null), true, 'without hours always open')
})

t.test('09:00 stays 09:00 when the clocks change', async (t) => {
  t.equal(open('2026-03-27T07:30:00Z'), false, 'Friday before summer time: 08:30')
  t.equal(open('2026-03-27T08:30:00Z'), true)
  t.equal(open('2026-03-30T06:59:00Z'), false, 'Monday after: 08:59')
  t.equal(open('2026-03-30T07:00:00Z'), true, 'an hour earlier in UTC')
  t.equal(open('2026-10-23T07:00:00Z'), true, 'Friday before winter time')
  t.equal(open('2026-10-26T07:00:00Z'), false, 'Monday after')
  t.equal(open('2026-10-26T08:00:00Z'), true)
})

t.test('the hour that is skipped or repeated counts as the clock shows it', async (t) => {
  const night: BusinessHours = { timeZone: 'Europe/Berlin', days: { sun: [['02:00', '03:00']] }, holidays: [] }
  t.equal(open('2026-03-29T00:59:59Z', night), false, '01:59:59, then the clock shows 03:00')
  t.equal(open('2026-03-29T01:00:00Z', night), false)
  t.equal(open('2026-10-25T00:00:00Z', night), true, '02:00 in summer time')
  t.equal(open('2026-10-25T01:30:00Z', night), true, '02:30 again, in winter time')
  t.equal(open('2026-10-25T02:00:00Z', night), false)
})

t.test('holidays are days of the time zone', async (t) => {
  t.equal(open('2026-12-25T10:00:00Z'), false, 'a Friday')
  t.equal(open('2026-12-18T10:00:00Z'), true, 'the one before')
  const kiritimati: BusinessHours = { timeZone: 'Pacific/Kiritimati', days: { fri: [['00:00', '24:00']] }, holidays: ['2026-12-25'] }
  t.equal(open('2026-12-24T10:00:00Z', kiritimati), false, 'there it is the 25th already')
  t.equal(open('2026-12-17T10:00:00Z', kiritimati), true)
})
