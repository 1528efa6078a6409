import { type Plan, rowsWasted, sequentialScans } from './plan-log.ts'
import { collectPlans } from './plans.ts'
import { readable } from './stats.ts'

/** Prints how each statement of the main job ran over this many messages: the slowest run of each, the slowest first. */
export async function explain(messages: number): Promise<void> {
  const slowest = new Map<string, Plan>()
  for (const plan of await collectPlans(messages)) {
    if (!isBullmq(plan) && (slowest.get(plan.query)?.ms ?? -1) < plan.ms) slowest.set(plan.query, plan)
  }
  const plans = [...slowest.values()].sort((a, b) => b.ms - a.ms)
  for (const plan of plans) {
    console.log(`\n${plan.ms.toFixed(2)} ms  ${plan.query.replaceAll(/\s+/g, ' ')}\n${plan.tree}`)
    for (const problem of problemsOf(plan)) console.log(`!! ${problem}`)
  }
  const bad = plans.filter((plan) => problemsOf(plan).length > 0)
  console.log(`\n${plans.length} statements over ${readable(messages)} messages, ${bad.length} to look at`)
  for (const plan of bad) console.log(`  ${problemsOf(plan).join('; ')}: ${plan.query.replaceAll(/\s+/g, ' ').slice(0, 160)}`)
}

function problemsOf(plan: Plan): string[] {
  const scans = sequentialScans(plan)
  return [
    ...(scans.length > 0 ? [`reads all of ${scans.join(', ')}`] : []),
    ...(rowsWasted(plan) > 1000 ? [`reads ${readable(rowsWasted(plan))} rows for nothing`] : []),
  ]
}

/** The tables of the job queues are BullMQ's. */
function isBullmq({ query }: Plan): boolean {
  return /bullmq/i.test(query)
}
