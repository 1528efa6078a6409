import type { Catalog, Problem } from '../types.ts'
import { buildDiagram, type Diagram } from './diagram.ts'
import { type Finding, toProblem } from './finding.ts'
import { type ModdleElement, readBpmn } from './moddle.ts'
import { calledProcesses, checkCalls } from './rules/calls.ts'
import { checkCycles } from './rules/cycles.ts'
import { checkElements } from './rules/elements.ts'
import { checkEvents } from './rules/events.ts'
import { findProcess } from './rules/executable.ts'
import { checkExpressions } from './rules/expressions.ts'
import { checkForeign } from './rules/foreign.ts'
import { checkGateways } from './rules/gateways.ts'
import { checkIdentity } from './rules/identity.ts'
import { checkLoops } from './rules/loops.ts'
import { checkFlows, checkReachability } from './rules/reachability.ts'
import { checkSize, maxNodes } from './rules/size.ts'
import { checkTasks } from './rules/tasks.ts'
import { checkTimers } from './rules/timers.ts'
import { readXml, type XmlDocument } from './xml.ts'

/** More than this many problems help nobody; the rest is counted in a last one. */
export const maxProblems = 200

const diagramRules: ((diagram: Diagram) => Iterable<Finding>)[] = [
  checkElements,
  checkFlows,
  checkReachability,
  checkCycles,
  checkGateways,
  checkEvents,
  checkTimers,
  checkTasks,
  checkLoops,
  checkExpressions,
]

/**
 * Everything that is wrong or doubtful with a definition, at once, in the order of the file. A definition may be used when
 * no problem has the severity "error". Never throws for what a file contains; bounded in time and memory for hostile files.
 */
export async function validateDefinition(xml: string, catalog: Catalog): Promise<Problem[]> {
  const { document, findings } = readXml(xml)
  if (!document) return findings.map((finding) => toProblem(finding, null))
  return collect([...findings, ...(await findAll(xml, document, catalog))], document)
}

async function findAll(xml: string, document: XmlDocument, catalog: Catalog): Promise<Finding[]> {
  const findings: Finding[] = [...checkIdentity(document), ...checkForeign(document)]
  const { definitions, findings: reading } = await readBpmn(xml)
  findings.push(...reading.filter((finding) => finding.rule !== 'duplicate-id' || !findings.some((known) => known.rule === 'duplicate-id')))
  if (!definitions) return findings
  const { process, findings: executable } = findProcess(definitions)
  findings.push(...executable)
  if (!process) return findings
  for (const finding of checkProcesses(definitions, process, document, catalog)) findings.push(finding)
  return findings
}

function* checkProcesses(definitions: ModdleElement, process: ModdleElement, document: XmlDocument, catalog: Catalog): Generator<Finding> {
  const diagrams = [
    buildDiagram(definitions, process, document, catalog),
    ...calledProcesses(definitions, process).map((called) => ({ ...buildDiagram(definitions, called, document, catalog), isCalled: true })),
  ]
  yield* checkSize(diagrams)
  // What is far too large is not looked at: some rules take time with the square of the size.
  if (diagrams.reduce((sum, diagram) => sum + diagram.nodes.length, 0) > 2 * maxNodes) return
  yield* checkCalls(diagrams)
  for (const diagram of diagrams) for (const rule of diagramRules) yield* rule(diagram)
}

function collect(findings: Finding[], document: XmlDocument): Problem[] {
  const problems = findings.map((finding) => toProblem(finding, document))
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const unique = [...new Map(problems.map((problem) => [keyOf(problem), problem])).values()]
  if (unique.length <= maxProblems) return unique
  const errors = unique.filter((problem) => problem.severity === 'error')
  const shown = [...errors, ...unique.filter((problem) => problem.severity === 'warning')].slice(0, maxProblems)
  const place = { elementId: null, elementName: null, line: null, column: null }
  const message = `${unique.length - maxProblems} more problems are not shown.`
  return [...shown, { severity: 'error', rule: 'too-many-problems', ...place, message, hint: 'Solve the ones above first.' }]
}

function keyOf({ rule, elementId, line, message }: Problem): string {
  return JSON.stringify([rule, elementId, line, message])
}
