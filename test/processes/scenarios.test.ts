import path from 'node:path'
import t from 'tap'
import type { Scenario } from '../../src/contracts/scenarios.ts'
import type { ScenarioResult } from '../../src/contracts/simulations.ts'
import { loadShippedDefinitions } from '../../src/modules/workflow/index.ts'
import { startParley } from '../helpers/parley.ts'

/** What went wrong, for the test's report. */
function explain({ error, checks, trace }: ScenarioResult) {
  return {
    error,
    failed: checks.filter((check) => !check.passed),
    trace: trace.map(({ step, elementId, kind, message }) => ({ step, elementId, kind, message })),
  }
}

t.test('every scenario of every shipped process passes', async (t) => {
  const { container } = await startParley(t, { worker: false })
  for (const shipped of await loadShippedDefinitions(path.resolve(import.meta.dirname, '../../processes'))) {
    t.test(shipped.key, async (t) => {
      const scenarios = shipped.scenarios as Scenario[]
      const results = await container.definitions.tryScenarios({ xml: shipped.xml, forms: shipped.forms }, scenarios)
      t.equal(results.length, scenarios.length)
      for (const result of results) t.ok(result.passed, result.name, explain(result))
    })
  }
})
