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
      const results = await container.definitions.tryScenarios(await container.definitions.compile(shipped.xml, shipped.forms), scenarios)
      t.equal(results.length, scenarios.length)
      for (const result of results) t.ok(result.passed, result.name, explain(result))
    })
  }
})

/** Mistakes an administrator could make; the scenarios of the process must notice each. */
const mistakes: { key: string; what: string; change: [string | RegExp, string] }[] = [
  { key: 'chat_lifecycle', what: 'the timeout is ignored', change: [/=chat\.timeoutAt/g, '=null'] },
  {
    key: 'chat_lifecycle',
    what: 'an expired offer ends the chat',
    change: ['sourceRef="offer_expired" targetRef="find_agents"', 'sourceRef="offer_expired" targetRef="complete_chat"'],
  },
  { key: 'chat_lifecycle', what: 'nobody is assigned', change: ['=event.agentId != null', '=false'] },
  { key: 'response_overdue', what: 'the supervisors hear too late', change: ['PT15M', 'PT20M'] },
  { key: 'response_overdue', what: 'an answer is not noticed', change: ['name="message.sent"', 'name="message.read"'] },
  {
    key: 'out_of_hours',
    what: 'open and closed are mixed up',
    change: [/=\s*not\(chat\.queue\.isOpen\)|=\s*chat\.queue\.isOpen( = false)?/g, '=true'],
  },
  {
    key: 'create_case_from_chat',
    what: 'the case has no assignee',
    change: [/source="=[^"]*" target="assigneeId"/, 'source="=null" target="assigneeId"'],
  },
]

t.test('scenarios notice mistakes', async (t) => {
  const { container } = await startParley(t, { worker: false })
  const shipped = await loadShippedDefinitions(path.resolve(import.meta.dirname, '../../processes'))
  for (const { key, what, change } of mistakes) {
    t.test(`${key}: ${what}`, async (t) => {
      const process = shipped.find((item) => item.key === key)
      if (!process) return t.fail(`There is no ${key}`)
      const xml = process.xml.replace(...change)
      t.not(xml, process.xml, 'the mistake was made')
      const results = await container.definitions.tryScenarios(
        await container.definitions.compile(xml, process.forms),
        process.scenarios as Scenario[],
      )
      t.ok(results.some((result) => !result.passed))
    })
  }
})
