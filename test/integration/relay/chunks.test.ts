import t from 'tap'
import { Assembler, cutText, toNotifications } from '../../../src/platform/relay/chunks.ts'

t.test('a cut text fits NOTIFY and joins to itself', async (t) => {
  for (const text of ['', 'x', 'x'.repeat(7_800), 'x'.repeat(7_801), '€'.repeat(9_000), `a${'😀'.repeat(9_000)}`]) {
    const notifications = toNotifications('n'.repeat(64), 4_294_967_295, text)
    t.ok(notifications.every((notification) => Buffer.byteLength(notification) < 8_000))
    t.equal(cutText(text).join(''), text)
    const assembler = new Assembler()
    t.strictSame(
      notifications.map((notification) => assembler.add(notification)).filter((payload) => payload !== undefined),
      [text],
    )
  }
})

t.test('payloads of several senders may be mixed', async (t) => {
  const assembler = new Assembler()
  const [a1 = '', a2 = ''] = toNotifications('a', 1, 'x'.repeat(10_000))
  const [b1 = '', b2 = ''] = toNotifications('b', 1, 'y'.repeat(10_000))
  t.strictSame(
    [a1, b1, a2, b2].map((notification) => assembler.add(notification)),
    [undefined, undefined, 'x'.repeat(10_000), 'y'.repeat(10_000)],
  )
})

t.test('what lacks a part is given up, and what follows is whole', async (t) => {
  const [first = '', , third = ''] = toNotifications('a', 1, 'x'.repeat(20_000))
  const [other1 = '', other2 = ''] = toNotifications('a', 2, 'y'.repeat(10_000))
  const assembler = new Assembler()
  for (const notification of [third, first, third, 'nonsense', other2, first, other2]) t.equal(assembler.add(notification), undefined)
  assembler.add(other1)
  t.equal(assembler.add(other2), 'y'.repeat(10_000))
  assembler.add(first)
  assembler.clear()
  t.equal(assembler.add(third), undefined)
})
