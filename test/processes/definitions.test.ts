import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { Compile } from 'typebox/compile'
import { referencePattern, type Scenario, ScenarioFile } from '../../src/contracts/scenarios.ts'
import { validateDefinition } from '../../src/engine/validation/validate.ts'
import { catalog } from '../helpers/catalog.ts'
import { type Drawing, isOnBorder, overlap, readDrawing, segmentsOf, touches } from '../helpers/diagram.ts'

interface IndexEntry {
  key: string
  file: string
  forms: Record<string, string>
  scenarios: string
  active: boolean
  quickAction?: { caption: string; icon: string; order: number }
}

const folder = new URL('../../processes/', import.meta.url)
const read = (file: string) => readFile(new URL(file, folder), 'utf8')
const { processes } = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as { processes: IndexEntry[] }
const scenarioFile = Compile(ScenarioFile)

t.test('the index names every file in the folder, once', async (t) => {
  const named = processes.flatMap(({ file, forms, scenarios }) => [file, ...Object.values(forms), scenarios])
  t.same(named.toSorted(), (await readdir(folder)).filter((file) => file !== 'index.json').toSorted())
  t.same(
    processes.filter(({ active }) => !active).map(({ key }) => key),
    ['welcome_message', 'out_of_hours'],
    'processes that write to customers wait until they are switched on',
  )
})

for (const entry of processes) {
  t.test(entry.key, async (t) => {
    const xml = await read(entry.file)
    const drawing = readDrawing(xml)
    t.test('has no problems', async (t) => {
      t.same(await validateDefinition(xml, { ...catalog, formIds: Object.keys(entry.forms) }), [])
      t.match(xml, `<bpmn:process id="${entry.key}"`)
    })
    t.test('is named by ids and names that last', async (t) => checkNames(t, drawing))
    t.test('is drawn completely', async (t) => checkComplete(t, drawing))
    t.test('is drawn as a person would', async (t) => checkNeat(t, drawing))
    t.test('has forms that fit', async (t) => {
      for (const [id, file] of Object.entries(entry.forms)) {
        const form = JSON.parse(await read(file)) as { id: string; components: { key: string; id: string }[] }
        t.equal(form.id, id)
        t.match(xml, `formId="${id}"`)
        t.equal(new Set(form.components.map((component) => component.key)).size, form.components.length, 'each key once')
      }
    })
    t.test('has scenarios for every path', async (t) => checkScenarios(t, drawing, await read(entry.scenarios), xml))
    if (entry.quickAction) {
      t.test('starts as an action and answers the agent', async (t) => {
        t.notMatch(xml, /<bpmn:startEvent[^>]*>(?:(?!<\/bpmn:startEvent>).)*EventDefinition/s, 'a start without trigger')
        t.match(xml, /<zeebe:output [^>]*target="message"/)
      })
    }
  })
}

function checkNames(t: Test, { nodes, flows }: Drawing) {
  for (const { id } of [...nodes, ...flows]) t.match(id, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, `${id} is snake_case`)
  for (const { id, name } of nodes) t.ok(name?.trim(), `${id} has a name`)
  for (const { id, name, source } of flows) {
    const isDecision = flows.filter((flow) => flow.source === source).length > 1
    if (isDecision) t.ok(name?.trim(), `${id} says which answer it is`)
  }
}

function checkComplete(t: Test, { nodes, flows, shapes, edges, labels }: Drawing) {
  const sorted = (ids: string[]) => ids.toSorted()
  t.same(sorted(shapes.map(({ element }) => element)), sorted(nodes.map(({ id }) => id)), 'one shape for each node')
  t.same(sorted(edges.map(({ element }) => element)), sorted(flows.map(({ id }) => id)), 'one edge for each flow')
  const labelled = new Set(labels.map(({ element }) => element))
  for (const { id, type } of nodes) if (/Event$|Gateway$/.test(type)) t.ok(labelled.has(id), `${id} has a place for its label`)
  for (const { id, name } of flows) if (name) t.ok(labelled.has(id), `${id} has a place for its label`)
  for (const { element, points } of edges) {
    const flow = flows.find(({ id }) => id === element)
    const source = shapes.find((shape) => shape.element === flow?.source)
    const target = shapes.find((shape) => shape.element === flow?.target)
    const [first, last] = [points[0], points.at(-1)]
    t.ok(first && source && isOnBorder(first, source), `${element} begins at its source`)
    t.ok(last && target && isOnBorder(last, target), `${element} ends at its target`)
  }
  for (const { id, attachedTo } of nodes) {
    if (!attachedTo) continue
    const [event, host] = [id, attachedTo].map((element) => shapes.find((shape) => shape.element === element))
    const centre = event && { x: event.x + event.width / 2, y: event.y + event.height / 2 }
    t.ok(centre && host && isOnBorder(centre, host), `${id} sits on the border of ${attachedTo}`)
  }
}

function checkNeat(t: Test, { nodes, flows, shapes, labels, edges }: Drawing) {
  const host = new Map(nodes.map(({ id, attachedTo }) => [id, attachedTo]))
  const pairs = <T>(items: T[]) => items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b] as const))
  const isAttached = (a: { element: string }, b: { element: string }) =>
    host.get(a.element) === b.element || host.get(b.element) === a.element
  for (const [a, b] of pairs(shapes)) if (!isAttached(a, b)) t.notOk(overlap(a, b), `${a.id} and ${b.id} do not overlap`)
  for (const [a, b] of pairs(labels)) t.notOk(overlap(a, b), `the labels of ${a.id} and ${b.id} do not overlap`)
  for (const label of labels) {
    for (const shape of shapes) t.notOk(overlap(label, shape), `the label of ${label.id} does not cover ${shape.id}`)
    for (const edge of edges)
      t.notOk(
        segmentsOf(edge).some((part) => touches(label, part)),
        `${edge.id} does not run through the label of ${label.id}`,
      )
  }
  for (const edge of edges) {
    t.ok(
      segmentsOf(edge).every(({ width, height }) => width === 0 || height === 0),
      `${edge.id} has right angles only`,
    )
    const flow = flows.find(({ id }) => id === edge.element)
    const others = shapes.filter(
      ({ element }) => element !== flow?.source && element !== flow?.target && element !== host.get(flow?.source ?? ''),
    )
    for (const shape of others)
      t.notOk(
        segmentsOf(edge).some((part) => touches(part, shape)),
        `${edge.id} does not touch ${shape.id}`,
      )
  }
  for (const [a, b] of pairs(edges)) {
    const crosses = segmentsOf(a).some((one) => segmentsOf(b).some((other) => touches(one, other)))
    t.notOk(crosses, `${a.id} and ${b.id} do not cross`)
  }
}

function checkScenarios(t: Test, { nodes }: Drawing, text: string, xml: string) {
  const scenarios: unknown = JSON.parse(text)
  if (!scenarioFile.Check(scenarios)) return t.fail('the file is no list of scenarios', { errors: [...scenarioFile.Errors(scenarios)] })
  t.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length, 'each name once')
  const ids = new Set(nodes.map(({ id }) => id))
  for (const scenario of scenarios) {
    t.ok(
      scenario.steps.some((step) => 'expect' in step),
      `"${scenario.name}" expects something`,
    )
    for (const id of elementsIn(scenario)) t.ok(ids.has(id), `"${scenario.name}" names ${id}, which exists`)
    for (const name of agentsIn(scenario))
      t.ok(
        scenario.given?.agents?.some((agent) => agent.name === name),
        `"${scenario.name}" gives ${name}`,
      )
  }
  for (const wait of waitsOf(nodes, xml)) t.ok(isCovered(wait, scenarios), `a scenario goes through ${wait.id}`)
}

function elementsIn({ steps, mocks }: Scenario): string[] {
  const inSteps = steps.flatMap((step) => ('expect' in step ? (step.expect.waits ?? []) : 'form' in step ? [step.form] : []))
  return [...inSteps, ...Object.keys(mocks ?? {})]
}

function agentsIn({ steps }: Scenario): string[] {
  const references = [...JSON.stringify(steps).matchAll(/"(@agent:[^"]+)"/g)].flatMap(
    ([, text]) => referencePattern.exec(text ?? '')?.[2] ?? [],
  )
  return [...references, ...steps.flatMap((step) => ('agent' in step && step.agent ? [step.agent] : []))]
}

interface Waiting {
  id: string
  kind: 'message' | 'timer' | 'form'
  eventName: string | null
  /** The element that must be waiting first. */
  at: string
}

/** Everything that can move an instance on: each is a path of its own. */
function waitsOf(nodes: Drawing['nodes'], xml: string): Waiting[] {
  return nodes.flatMap(({ id, type, attachedTo }): Waiting[] => {
    const tag = new RegExp(`<bpmn:${type} id="${id}"[\\s\\S]*?(?:/>|</bpmn:${type}>)`).exec(xml)?.[0] ?? ''
    const message = /messageRef="(\w+)"/.exec(tag)?.[1]
    const eventName = message ? (new RegExp(`<bpmn:message id="${message}" name="([^"]+)"`).exec(xml)?.[1] ?? null) : null
    if (eventName) return [{ id, kind: 'message', eventName, at: attachedTo ?? id }]
    if (tag.includes('timerEventDefinition')) return [{ id, kind: 'timer', eventName: null, at: attachedTo ?? id }]
    return type === 'userTask' ? [{ id, kind: 'form', eventName: null, at: id }] : []
  })
}

/** Whether a scenario gives what a wait wants while its element waits, as far as its expectations tell. */
function isCovered(wait: Waiting, scenarios: Scenario[]): boolean {
  return scenarios.some(({ steps }) =>
    steps.some((step, index) => {
      if (wait.kind === 'form') return 'form' in step && step.form === wait.id
      if (wait.kind === 'timer') return 'advance' in step && mayWaitAt(wait.at, steps.slice(0, index))
      return 'event' in step && step.event === wait.eventName && (index === 0 || mayWaitAt(wait.at, steps.slice(0, index)))
    }),
  )
}

/** The element is among the last expected waits, or nothing was expected since the start. */
function mayWaitAt(id: string, before: Scenario['steps']): boolean {
  const expected = before.findLast((step) => 'expect' in step && step.expect.waits !== undefined)
  return expected === undefined || !('expect' in expected) || (expected.expect.waits ?? []).includes(id)
}
