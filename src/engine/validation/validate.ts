import type { Catalog, Problem } from '../types.ts'
import { buildDiagram, type Diagram } from './diagram.ts'
import { type Finding, toProblem } from './finding.ts'
import { readBpmn } from './moddle.ts'
import { checkElements } from './rules/elements.ts'
import { findProcess } from './rules/executable.ts'
import { checkExpressions } from './rules/expressions.ts'
import { checkForeign } from './rules/foreign.ts'
import { checkIdentity } from './rules/identity.ts'
import { checkTasks } from './rules/tasks.ts'
import { readXml, type XmlDocument } from './xml.ts'

/** More than this many problems help nobody; the rest is counted in a last one. */
export const maxProblems = 200

const diagramRules: ((diagram: Diagram) => Iterable<Finding>)[] = [checkElements, checkTasks, checkExpressions]

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
  const diagram = buildDiagram(definitions, process, document, catalog)
  for (const rule of diagramRules) findings.push(...rule(diagram))
  return findings
}

function collect(findings: Finding[], document: XmlDocument): Problem[] {
  const problems = findings.map((finding) => toProblem(finding, document))
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const unique = problems.filter((problem, index) => index === 0 || !isSame(problem, problems[index - 1]))
  if (unique.length <= maxProblems) return unique
  const errors = unique.filter((problem) => problem.severity === 'error')
  const shown = [...errors, ...unique.filter((problem) => problem.severity === 'warning')].slice(0, maxProblems)
  const place = { elementId: null, elementName: null, line: null, column: null }
  const message = `${unique.length - maxProblems} more problems are not shown.`
  return [...shown, { severity: 'error', rule: 'too-many-problems', ...place, message, hint: 'Solve the ones above first.' }]
}

function isSame(problem: Problem, other: Problem | undefined): boolean {
  return problem.rule === other?.rule && problem.elementId === other.elementId && problem.message === other.message
}
