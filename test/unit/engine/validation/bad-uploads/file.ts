import { around, end, file, flow, flows, process, start, wait } from '../bpmn.ts'
import { type BadUpload, chain } from './helpers.ts'

export const ofTheFile: BadUpload[] = [
  { name: 'text', xml: 'Hello', rule: 'xml-syntax', element: null },
  { name: 'nothing', xml: '', rule: 'xml-syntax', element: null },
  { name: 'a tag that is never closed', xml: '<a><b></a>', rule: 'xml-syntax', element: null },
  { name: 'an undeclared prefix', xml: '<a:b />', rule: 'xml-syntax', element: null },
  { name: 'an attribute twice', xml: '<a b="1" b="2" />', rule: 'xml-syntax', element: null },
  { name: 'a bare ampersand', xml: '<a>R & D</a>', rule: 'xml-syntax', element: null },
  { name: 'a second root', xml: '<a /><b />', rule: 'xml-syntax', element: null },
  { name: 'a document type', xml: `<!DOCTYPE a [<!ENTITY b "c">]>${file()}`, rule: 'xml-dtd', element: null },
  { name: 'an entity', xml: '<a>&b;</a>', rule: 'xml-dtd', element: null },
  { name: 'too many bytes', xml: file(`<!--${'ä'.repeat(524_288)}-->`), rule: 'file-size', element: null },
  { name: 'too deep', xml: '<a>'.repeat(65) + '</a>'.repeat(65), rule: 'file-nesting', element: null },
  { name: 'too many elements', xml: `<a>${'<b />'.repeat(20_000)}</a>`, rule: 'file-elements', element: null },
  { name: 'XML that is no BPMN', xml: '<html />', rule: 'bpmn-syntax', element: null },
  { name: 'an unknown element', xml: around('wait', wait, '<bpmn:magicTask id="magic" />'), rule: 'bpmn-syntax', element: null },
  {
    name: 'an unresolved reference',
    xml: process(start, end, flows('start', 'end'), flow('start', 'nowhere')),
    rule: 'unresolved-reference',
    element: 'start_nowhere',
  },
  { name: 'no executable process', xml: file('<bpmn:process id="idle" name="Idle" />'), rule: 'executable-process', element: 'idle' },
  { name: 'no process at all', xml: file(), rule: 'executable-process', element: null },
  {
    name: 'two executable processes',
    xml: file('<bpmn:process id="one" isExecutable="true" /><bpmn:process id="two" isExecutable="true" />'),
    rule: 'executable-process',
    element: 'two',
  },
  { name: 'an id twice', xml: around('wait', wait, '<bpmn:dataObject id="wait" />'), rule: 'duplicate-id', element: 'wait' },
  { name: 'a node without id', xml: around('wait', wait, '<bpmn:userTask name="Nameless" />'), rule: 'missing-id', element: 'example' },
  {
    name: 'a flow without id',
    xml: process(start, end, '<bpmn:sequenceFlow sourceRef="start" targetRef="end" />'),
    rule: 'missing-id',
    element: 'example',
  },
  { name: 'more than 40 nodes', xml: chain(39), rule: 'too-many-nodes', element: 'example', severity: 'warning' },
  { name: 'more than 80 nodes', xml: chain(79), rule: 'too-many-nodes', element: 'example' },
]
