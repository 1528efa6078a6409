import { createRequire } from 'node:module'
import { BpmnModdle } from 'bpmn-moddle'
import serialize from 'moddle-context-serializer'
import type { DefinitionContext } from './model/context-types.ts'
import { buildProcessModel, startsOf } from './model/process-model.ts'
import type { ProcessModel } from './model/types.ts'
import { pruneForExecution } from './prune.ts'
import type { Catalog, CompiledDefinition, Problem } from './types.ts'

const zeebe = createRequire(import.meta.url)('zeebe-bpmn-moddle/resources/zeebe.json') as object

/** Validates XML and, when nothing is wrong, makes it ready to run; never throws for bad XML. */
export async function compile(xml: string, catalog: Catalog): Promise<{ definition: CompiledDefinition | null; problems: Problem[] }> {
  // Loaded here: worker threads that only run steps need none of the rules.
  const { validateDefinition } = await import('./validation/validate.ts')
  const problems = await validateDefinition(xml, catalog)
  if (problems.some(({ severity }) => severity === 'error')) return { definition: null, problems }
  return { definition: await compileUnchecked(xml), problems }
}

/**
 * Makes XML ready to run without validating it: for XML that passed before, and for tests of what the
 * engine does with XML that must not pass.
 * @throws Error when the XML does not parse or has no executable process
 */
export async function compileUnchecked(xml: string): Promise<CompiledDefinition> {
  const parsed = await new BpmnModdle({ zeebe }).fromXML(xml)
  pruneForExecution(parsed)
  const serialized = serialize(parsed as never, () => undefined) as unknown as DefinitionContext & { serialize(): string }
  const process = serialized.elements.processes.find(({ behaviour }) => behaviour.isExecutable === true)
  if (!process) throw new Error('The definition has no executable process')
  return describe(serialized, buildProcessModel(serialized, process.id), serialized.serialize())
}

function describe(context: DefinitionContext, model: ProcessModel, text: string): CompiledDefinition {
  // The other processes of the file run when a call activity calls them.
  const nodes = context.elements.processes.flatMap(({ id }) => [...buildProcessModel(context, id).nodes.values()])
  return {
    key: model.id,
    name: model.name,
    context: text,
    elements: nodes.map(({ id, name, type, scopeId }) => ({ id, name, type, parentId: scopeId })),
    starts: startsOf(model),
    hears: unique(nodes.flatMap((node) => [...eventNames(node.events), ...(node.type === 'ReceiveTask' ? [node.messageName] : [])])),
    taskTypes: unique(nodes.map(({ task }) => task?.type ?? null)),
    formIds: unique(nodes.map(({ formId }) => formId)),
  }

  function eventNames(events: ProcessModel['root']['nodes'][number]['events']) {
    return events.map((event) => (event.kind === 'message' || event.kind === 'signal' ? event.name : null))
  }
}

const unique = (names: (string | null)[]) => [...new Set(names.filter((name) => name !== null))]
