import { error, type Finding, warning } from '../finding.ts'
import type { XmlDocument, XmlElement } from '../xml.ts'

const bpmn = 'http://www.omg.org/spec/BPMN/20100524/MODEL'
const zeebe = 'http://camunda.org/schema/zeebe/1.0'
const otherEngines = /^http:\/\/(camunda\.org\/schema\/1\.0|activiti\.org|flowable\.org)\//
/** Parts of other dialects that do nothing but remember things. */
const harmless = new Set(['versionTag', 'historyTimeToLive', 'modelerTemplate', 'modelerTemplateVersion', 'diagramRelationId'])
/** Texts that are shown to people and never run. */
const prose = new Set(['documentation', 'text', 'name'])
const refusedZeebe = new Map([
  ['executionListeners', 'Listeners are not run. Draw a service task.'],
  ['taskListeners', 'Listeners are not run. Draw a service task.'],
  ['linkedResources', 'Linked resources are not read. Use task inputs.'],
  ['calledDecision', 'Decisions are not supported yet. Write the rule as a FEEL script task.'],
  ['userTaskForm', 'Put the form beside the process and refer to it by formId.'],
  ['conditionalFilter', 'Conditional events are not supported.'],
  ['adHoc', 'Ad-hoc sub-processes are not supported.'],
])
const ignoredZeebe = new Set(['assignmentDefinition', 'taskSchedule', 'priorityDefinition', 'jobPriorityDefinition'])

/** Code of other dialects and anything that other engines would evaluate. */
export function* checkForeign(xml: XmlDocument): Generator<Finding> {
  for (const element of xml.elements) {
    yield* checkOtherEngines(element)
    if (element.namespace === bpmn) yield* checkBpmn(element)
    if (element.namespace === zeebe) yield* checkZeebe(element)
    yield* checkPlaceholders(element)
  }
}

function* checkOtherEngines(element: XmlElement): Generator<Finding> {
  const hint = 'Use the Camunda 8 (Zeebe) dialect with FEEL.'
  if (otherEngines.test(element.namespace)) {
    yield error('foreign-dialect', element, `<${element.name}> belongs to another engine and does not run here.`, hint)
  }
  for (const name of element.attributes.keys()) {
    const [prefix = '', local] = name.split(':', 2)
    if (local === undefined || prefix === 'xmlns' || harmless.has(local)) continue
    if (!otherEngines.test(element.namespaces.get(prefix) ?? '')) continue
    yield error('foreign-dialect', element, `The attribute ${name} belongs to another engine and does not run here.`, hint)
  }
}

function* checkBpmn(element: XmlElement): Generator<Finding> {
  if (element.attributes.has('implementation')) {
    const message = 'The attribute "implementation" would run code by name.'
    yield error('implementation', element, message, 'Remove it and set the task type in zeebe:taskDefinition.')
  }
  const type = element.attributes.get('xsi:type')
  if (type !== undefined && !/^(\w+:)?t(Formal)?Expression$/.test(type)) {
    yield error('xsi-type', element, `<${element.name}> hides its type, ${type}, in an attribute.`, 'Write the element itself.')
  }
  const language = element.attributes.get('expressionLanguage') ?? element.attributes.get('scriptFormat') ?? languageOf(element)
  if (language !== undefined && !/feel/i.test(language)) {
    const message = `The language "${language}" does not run here.`
    yield error('script-language', element, message, 'Write expressions in FEEL and scripts in zeebe:script.')
  } else if (element.local === 'script') {
    yield error('script-language', element, 'The script is in <bpmn:script>, which does not run.', 'Write it in zeebe:script as FEEL.')
  }
}

function languageOf(element: XmlElement): string | undefined {
  return element.local === 'conditionExpression' || /Expression$/.test(element.attributes.get('xsi:type') ?? '')
    ? element.attributes.get('language')
    : undefined
}

function* checkZeebe(element: XmlElement): Generator<Finding> {
  const refused = refusedZeebe.get(element.local)
  if (refused !== undefined) {
    yield error('unsupported-extension', element, `<${element.name}> is not supported.`, refused)
  } else if (ignoredZeebe.has(element.local)) {
    yield warning('ignored-extension', element, `<${element.name}> has no effect here.`, 'Remove it.')
  }
}

function* checkPlaceholders(element: XmlElement): Generator<Finding> {
  const hint = 'Write a FEEL expression that begins with "=".'
  if (!prose.has(element.local) && element.text.includes('${')) {
    yield error('placeholder', element, `<${element.name}> holds "\${…}", which is never replaced.`, hint)
  }
  for (const [name, value] of element.attributes) {
    if (prose.has(name) || !/[$#]\{/.test(value)) continue
    yield error('placeholder', element, `The attribute ${name} holds "${/[$#]\{/.exec(value)?.[0]}…}", which is never replaced.`, hint)
  }
}
