import t from 'tap'
import { type Catalog, createEnginePool, createInlineEngine } from '../../../src/engine/index.ts'
import { diagram, end, flows, message, onMessage, start, task } from './support.ts'

const schema = { properties: {} }
const catalog: Catalog = {
  tasks: [{ type: 'note', title: 'Note', kind: 'local', inputSchema: schema, outputSchema: schema, errors: [] }],
  events: ['chat.created'],
  formIds: [],
}
const named = (xml: string) => xml.replaceAll(/<bpmn:(startEvent|endEvent) id="(\w+)"/g, '<bpmn:$1 id="$2" name="$2"')
const good = named(
  diagram(
    `<bpmn:startEvent id="start">${onMessage('chat.created')}</bpmn:startEvent>${task('do')}${end}${flows('start > do > end')}`,
    message('chat.created'),
  ),
)

t.test('what is valid is made ready to run', async (t) => {
  const { definition, problems } = await createInlineEngine().compile(good, catalog)
  t.same(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  )
  t.match(definition, { key: 'process', starts: [{ elementId: 'start', eventName: 'chat.created' }], taskTypes: ['note'] })
})

t.test('what is not is reported and never throws', async (t) => {
  const engine = createInlineEngine()
  for (const xml of [
    '',
    'no xml',
    '<a/>',
    good.replace('isExecutable="true"', ''),
    good.replace('type="note"', 'type="unknown"'),
    diagram(start),
  ]) {
    const { definition, problems } = await engine.compile(xml, catalog)
    t.equal(definition, null)
    t.ok(
      problems.some(({ severity }) => severity === 'error'),
      xml.slice(0, 40),
    )
  }
})

t.test('compiling works in a thread', async (t) => {
  const engine = createEnginePool({ threads: 1, deadlineMs: 30_000 })
  t.teardown(() => engine.close())
  t.match(await engine.compile(good, catalog), { definition: { key: 'process' } })
  t.match(await engine.compile('no xml', catalog), { definition: null })
})
