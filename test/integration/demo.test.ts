import t from 'tap'
import { addDemoData } from '../../src/demo.ts'
import { startParley } from '../helpers/parley.ts'
import { until } from '../helpers/until.ts'

t.test('demo data is there when asked for, and only once', async (t) => {
  const parley = await startParley(t, { worker: false })
  await parley.admin.becomes('active')
  t.equal((await parley.admin.inbox()).newItems.length, 0, 'nothing without being asked')
  await addDemoData(parley.container)
  const items = await until(async () => {
    const { newItems } = await parley.admin.inbox()
    return newItems.length === 5 ? newItems : undefined
  })
  t.ok(items.every((tile) => tile.unread > 0))
  t.ok((await parley.admin.ok<{ items: unknown[] }>('GET', '/api/templates')).items.length >= 3)
  await addDemoData(parley.container)
  await parley.container.pump.idle()
  t.equal((await parley.admin.inbox()).newItems.length, 5)
  t.same(
    (await parley.admin.inbox()).newItems.map((tile) => tile.unread),
    items.map((tile) => tile.unread),
  )
})
