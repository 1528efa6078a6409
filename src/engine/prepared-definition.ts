import * as stock from 'bpmn-elements'
import { deserialize } from 'moddle-context-serializer'
import { elements } from './elements/index.ts'
import type { DefinitionContext } from './model/context-types.ts'
import { buildProcessModel } from './model/process-model.ts'
import type { ProcessModel } from './model/types.ts'

/** A definition version ready for any number of steps; nothing in it changes. */
export interface PreparedDefinition {
  /** For bpmn-engine's option `sourceContext`. */
  sourceContext: DefinitionContext
  model: ProcessModel
  modelOf: (processId: string) => ProcessModel | undefined
}

interface Resolvable {
  type: string
  Behaviour?: unknown
}

const runtimeTypes: { [type: string]: unknown } = { ...elements, Definitions: stock.Definition }

/** Binds each element of a diagram to its behaviour; nothing a diagram says can choose another. */
export function bindBehaviour(entity: Resolvable) {
  entity.Behaviour = runtimeTypes[entity.type.slice(entity.type.indexOf(':') + 1)] ?? null
}

/** Makes a definition ready from its serialized context; `key` is the process to run. */
export function prepareDefinition(context: string, key: string): PreparedDefinition {
  const sourceContext = deserialize(JSON.parse(context), bindBehaviour) as unknown as DefinitionContext
  for (const process of sourceContext.elements.processes) process.behaviour.isExecutable = process.id === key
  const models = new Map<string, ProcessModel>()
  const modelOf = (processId: string) => {
    if (!models.has(processId) && sourceContext.elements.processes.some(({ id }) => id === processId)) {
      models.set(processId, buildProcessModel(sourceContext, processId))
    }
    return models.get(processId)
  }
  const model = modelOf(key)
  if (!model) throw new Error(`The definition has no process "${key}"`)
  return { sourceContext, model, modelOf }
}
