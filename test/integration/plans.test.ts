import t from 'tap'
import { type Plan, rowsWasted, sequentialScans } from '../bench/plan-log.ts'
import { collectPlans } from '../bench/plans.ts'

/** What one statement may read only to throw it away; over 50 000 messages more means that an index is missing. */
const mostWasted = 500

t.test('no statement of the main job reads a growing table from end to end', async (t) => {
  const plans = await collectPlans(50_000)
  const ran = (part: string) => plans.some(({ query }) => query.includes(part))
  for (const part of [
    'receive_message(',
    'insert into messages',
    'chat_next_wake',
    'save_step(',
    'from "messages" as "m"',
    'order by "c"."id" desc',
  ]) {
    t.ok(ran(part), `explained: ${part}`)
  }
  const words = ({ query, tree }: Plan) => `${query}\n${tree}`
  // The 2 500 contacts of so few messages lie on a few pages, and reading those may well be the best plan.
  const scans = (plan: Plan) => sequentialScans(plan).filter((table) => !table.startsWith('contact'))
  t.same(plans.filter((plan) => scans(plan).length > 0).map(words), [])
  t.same(plans.filter((plan) => rowsWasted(plan) > mostWasted).map(words), [])
})
