import { around, end, flows, plainStart, process, script, task, timer } from '../bpmn.ts'
import { type BadUpload, catching, gateway } from './helpers.ts'

export const ofExpressions: BadUpload[] = [
  { name: 'FEEL that does not parse', xml: gateway('exclusive', '=chat.id ='), rule: 'feel-syntax', element: 'gateway_end_0' },
  {
    name: 'a condition that is JavaScript',
    xml: gateway('exclusive', '=chat.id = "1" && true'),
    rule: 'feel-syntax',
    element: 'gateway_end_0',
  },
  { name: 'a condition with two signs', xml: gateway('exclusive', '=chat.id == "1"'), rule: 'feel-syntax', element: 'gateway_end_0' },
  { name: 'an empty expression', xml: around('node', task('node', 'chat.note', { text: '=' })), rule: 'feel-syntax', element: 'node' },
  {
    name: 'a timer that does not parse',
    xml: around('node', catching(timer('timeDate', '=chat.'), 'node')),
    rule: 'feel-syntax',
    element: 'node',
  },
  { name: 'a script that does not parse', xml: around('node', script('node', '=if true then 1')), rule: 'feel-syntax', element: 'node' },
  { name: 'an unknown name', xml: gateway('exclusive', '=chatt.id = "1"'), rule: 'feel-unknown-name', element: 'gateway_end_0' },
  {
    name: 'a misspelt variable in a process with inputs',
    xml: process(plainStart, task('node', 'case.create', { subject: '=caseNumbr' }), end, flows('start', 'node', 'end')),
    rule: 'feel-unknown-name',
    element: 'node',
    severity: 'warning',
  },
  {
    name: 'an unknown function',
    xml: gateway('exclusive', '=fetch("http://example.com") = null'),
    rule: 'feel-unknown-function',
    element: 'gateway_end_0',
  },
  { name: 'a huge range', xml: around('node', script('node', '=for i in 1..10**9 return i')), rule: 'feel-explodes', element: 'node' },
  {
    name: 'a huge range in brackets',
    xml: around('node', script('node', '=some i in [1..1000000] satisfies i = 0')),
    rule: 'feel-explodes',
    element: 'node',
  },
  {
    name: 'ranges that multiply',
    xml: around('node', script('node', '=for i in 1..500, j in 1..500 return i * j')),
    rule: 'feel-explodes',
    element: 'node',
  },
  {
    name: 'loops in loops',
    xml: around('node', script('node', '=for a in 1..2 return for b in 1..2 return for c in 1..2 return for d in 1..2 return d')),
    rule: 'feel-explodes',
    element: 'node',
  },
  {
    name: 'a repeated repetition',
    xml: around('node', script('node', '=matches(chat.firstMessage, "(a+)+$")')),
    rule: 'feel-regex',
    element: 'node',
  },
  {
    name: 'a pattern from a customer',
    xml: around('node', script('node', '=matches("a", chat.firstMessage)')),
    rule: 'feel-regex',
    element: 'node',
  },
  {
    name: 'a very long expression',
    xml: around('node', script('node', `="${'a'.repeat(5000)}"`)),
    rule: 'feel-too-large',
    element: 'node',
  },
  {
    name: 'a very deep expression',
    xml: around('node', script('node', `=${'('.repeat(200)}1${')'.repeat(200)}`)),
    rule: 'feel-too-large',
    element: 'node',
  },
]
