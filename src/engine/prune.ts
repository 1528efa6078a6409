/** What the pruning needs to see of a moddle element. */
interface Element {
  $type: string
  id?: string
  flowElements?: Element[]
  rootElements?: Element[]
  eventDefinitions?: Element[]
  eventDefinitionRef?: Element[]
  [property: string]: unknown
}

interface Parsed {
  rootElement: unknown
  elementsById: { [id: string]: unknown }
}

/** Root elements tokens need; collaborations, categories and the like are drawing. */
const keptRoots = new Set(['bpmn:Process', 'bpmn:Message', 'bpmn:Signal', 'bpmn:Error'])

/** Properties of processes and elements that are drawing, documentation or data no token reads. */
const dropped = [
  'artifacts',
  'laneSets',
  'resources',
  'properties',
  'ioSpecification',
  'dataInputAssociations',
  'dataOutputAssociations',
  'documentation',
  'diagrams',
  'implementation',
]

/**
 * Reduces a parsed diagram to what tokens run on, so that drawing can neither confuse nor slow the
 * engine. Sequence flows without an id get one (moddle-context-serializer confuses them otherwise),
 * and event definitions referred to from the root take their place in the event.
 */
export function pruneForExecution(parsed: Parsed) {
  const root = parsed.rootElement as Element
  root.rootElements = (root.rootElements ?? []).filter(({ $type }) => keptRoots.has($type))
  let unnamed = 0
  const prune = (element: Element) => {
    for (const property of dropped) if (property in element) delete element[property]
    const referenced = element.eventDefinitionRef
    if (referenced?.length) element.eventDefinitions = [...(element.eventDefinitions ?? []), ...referenced]
    if (!element.flowElements) return
    element.flowElements = element.flowElements.filter(({ $type }) => !$type.startsWith('bpmn:Data'))
    for (const child of element.flowElements) {
      if (child.id === undefined) {
        unnamed += 1
        child.id = `unnamed_${unnamed}`
        parsed.elementsById[child.id] = child
      }
      prune(child)
    }
  }
  for (const element of root.rootElements) prune(element)
}
