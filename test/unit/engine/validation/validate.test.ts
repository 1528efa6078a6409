import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { formatProblem } from '../../../../src/engine/validation/finding.ts'
import { maxProblems, validateDefinition } from '../../../../src/engine/validation/validate.ts'
import { catalog } from '../../../helpers/catalog.ts'
import { badUploads } from './bad-uploads/index.ts'
import { around, end, flow, flows, plainStart, process, script, start, task, timer, wait } from './bpmn.ts'

t.test('every bad upload is told with its rule, element and place', async (t) => {
  for (const { name, xml, rule, element, severity = 'error' } of badUploads) {
    const problems = await validateDefinition(xml, catalog)
    const found = problems.find((problem) => problem.rule === rule && problem.elementId === element)
    t.ok(found, name, { problems, expected: { rule, element } })
    t.equal(found?.severity, severity, `${name}: severity`)
    t.match(found?.message, /^([A-Z"<]|[a-z]+\.[a-z_]+ ).*[.]$/s, `${name}: the message is a sentence`)
    if (element !== null) {
      const lines = xml.split('\n')
      t.ok(lines[(found?.line ?? 0) - 1]?.slice((found?.column ?? 0) - 1).startsWith('<'), `${name}: line and column point at a tag`)
    }
  }
})

t.test('each rule that refuses has a bad upload', async (t) => {
  const folder = new URL('../../../../src/engine/validation/', import.meta.url)
  const sources: string[] = []
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith('.ts')) sources.push(await readFile(new URL(file, folder), 'utf8'))
  }
  const rules = new Set(
    Array.from(
      sources.join('\n').matchAll(/(?:error|warning|failed|#issue|NotXml)\(\s*'([a-z]+(?:-[a-z]+)*)'/g),
      (match) => match[1] ?? '',
    ),
  )
  const covered = new Set(badUploads.map(({ rule }) => rule))
  t.ok(rules.size > 30, 'the rules are found in the sources')
  t.same(
    [...rules].filter((rule) => !covered.has(rule)),
    [],
  )
})

const circle = '<bpmn:exclusiveGateway id="fork" name="Done?" default="fork_end" />'
const good = {
  'a plain chain': around('wait', wait),
  'a circle that waits': process(
    start,
    task('node', 'chat.route'),
    wait,
    circle,
    end,
    flows('start', 'node', 'wait', 'fork', 'end'),
    flow('fork', 'node', '=chat.agent = null'),
  ),
  'a circle that waits in a sub-process': process(
    start,
    `<bpmn:subProcess id="sub" name="Sub">${wait}<bpmn:endEvent id="inner_end" name="End" />${flow('wait', 'inner_end')}</bpmn:subProcess>`,
    circle,
    end,
    flows('start', 'sub', 'fork', 'end'),
    flow('fork', 'sub', '=chat.agent = null'),
  ),
  'variables of mappings, scripts and tasks': process(
    start,
    script('compute', '=chat.number + 1'),
    task('node', 'case.create', { subject: '=string(result)' }, { caseText: '="Case " + caseNumber' }),
    task('note', 'chat.note', { text: '=caseText + string join(for tag in chat.tags return upper case(tag), ", ")' }),
    end,
    flows('start', 'compute', 'node', 'note', 'end'),
  ),
  'names bound inside expressions': around(
    'node',
    script('node', '={a: 1, b: a + count(chat.tags[item = "x"]), c: some t in chat.tags satisfies t = "y", d: (function(x) x + a)(2)}.b'),
  ),
  'inputs of an action': process(
    plainStart,
    task('node', 'chat.link_contact', { contactId: '=contactId' }),
    end,
    flows('start', 'node', 'end'),
  ),
  'a repeating reminder': around(
    'wait',
    wait,
    `<bpmn:boundaryEvent id="remind" name="Remind" attachedToRef="wait" cancelActivity="false">${timer('timeCycle', 'R3/PT10M')}</bpmn:boundaryEvent>`,
    task('notify', 'agent.notify', { to: 'owner', title: 'Still waiting' }),
    '<bpmn:endEvent id="reminded" name="Reminded" />',
    flows('remind', 'notify', 'reminded'),
  ),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is the point
  'dollars in texts people read': around('wait', wait.replace('name="Wait"', 'name="Pay ${5}?"')),
  'an error sub-process': around(
    'wait',
    wait,
    '<bpmn:subProcess id="failed" name="Failed" triggeredByEvent="true"><bpmn:startEvent id="caught" name="Caught"><bpmn:errorEventDefinition /></bpmn:startEvent><bpmn:endEvent id="handled" name="Handled" /><bpmn:sequenceFlow id="to_handled" sourceRef="caught" targetRef="handled" /></bpmn:subProcess>',
  ),
  'a called process of the same file': around(
    'node',
    '<bpmn:callActivity id="node" name="Call"><bpmn:extensionElements><zeebe:calledElement processId="helper" /></bpmn:extensionElements></bpmn:callActivity>',
  ).replace(
    '</bpmn:definitions>',
    '<bpmn:process id="helper" name="Helper"><bpmn:startEvent id="begin" name="Begin" /><bpmn:endEvent id="finish" name="Finish" /><bpmn:sequenceFlow id="begin_finish" sourceRef="begin" targetRef="finish" /></bpmn:process></bpmn:definitions>',
  ),
}

t.test('good definitions have no problems', async (t) => {
  for (const [name, xml] of Object.entries(good)) t.same(await validateDefinition(xml, catalog), [], name)
})

t.test('all problems are told at once, in the order of the file', async (t) => {
  const xml = process(
    start,
    task('first', 'chat.nonsense'),
    task('second', 'chat.assign'),
    script('third', '=1 +'),
    end,
    flows('start', 'first', 'second', 'third', 'end'),
  )
  const problems = await validateDefinition(xml, catalog)
  t.same(
    problems.map(({ rule, elementId, elementName }) => [rule, elementId, elementName]),
    [
      ['task-type', 'first', 'Do it'],
      ['missing-input', 'second', 'Do it'],
      ['feel-syntax', 'third', 'Compute'],
    ],
  )
  const [first] = problems
  t.equal(first && formatProblem(first, 'a.bpmn').split(': ')[0], `a.bpmn:${first?.line}:1 error task-type first "Do it"`)
})

t.test('misspelt names come with what was probably meant', async (t) => {
  const hints = async (xml: string, rule: string) => (await validateDefinition(xml, catalog)).find((problem) => problem.rule === rule)?.hint
  t.equal(await hints(around('node', task('node', 'chat.complet')), 'task-type'), 'Did you mean "chat.complete"?')
  t.equal(
    await hints(around('wait', wait).replace('name="message.received"', 'name="message.recieved"'), 'unknown-event'),
    'Did you mean "message.received"?',
  )
  t.equal(await hints(around('node', task('node', 'chat.assign', { agentID: '=agent.id' })), 'unknown-input'), 'Did you mean "agentId"?')
  t.equal(await hints(around('node', script('node', '=chatt.id')), 'feel-unknown-name'), 'Did you mean "chat"?')
})

t.test('hostile files are refused without effort', async (t) => {
  const repeat = (unit: string) => unit.repeat(Math.floor(900_000 / unit.length))
  const tasks = Array.from({ length: 9_000 }, (_, index) => `<bpmn:task id="t${index}" />${flow(`t${index}`, `t${(index * 7) % 9_000}`)}`)
  const dense = Array.from({ length: 150 }, (_, index) => `<bpmn:task id="t${index}" />`)
  const links = Array.from(
    { length: 15_000 },
    (_, index) => `<bpmn:sequenceFlow id="f${index}" sourceRef="t${index % 150}" targetRef="t${(index * 7) % 150}" />`,
  )
  const mappings = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`y${index}`, `=x${index}`]))
  const hostile = {
    'a megabyte of nested sub-processes': process(repeat('<bpmn:subProcess>')),
    'a megabyte of flat sub-processes': process(repeat('<bpmn:subProcess id="s" />')),
    'thousands of tasks': process(...tasks),
    'a dense graph': process(...dense, ...links),
    'a megabyte of FEEL': around('node', script('node', `=${repeat('a+')}1`)),
    'open brackets': around('node', script('node', `=${'{a:'.repeat(1_300)}`)),
    'thousands of mappings': around('node', task('node', 'chat.note', mappings)),
    'a megabyte of ampersands': process(repeat('&')),
    'a megabyte of attributes': `<a ${Array.from({ length: 50_000 }, (_, index) => `a${index}=""`).join(' ')} />`,
  }
  for (const [name, xml] of Object.entries(hostile)) {
    const problems = await validateDefinition(xml, catalog)
    t.ok(
      problems.some(({ severity }) => severity === 'error'),
      name,
    )
    t.ok(problems.length <= maxProblems + 1, `${name}: the list stays short`)
  }
})
