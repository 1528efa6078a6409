import type { Static } from 'typebox'
import type { ProcessCatalog } from '../../contracts/index.ts'
import { supportedElements, type TaskTypeInfo } from '../../engine/index.ts'
import { unservedElements } from './host-limits.ts'
import type { TaskRegistry } from './task-registry.ts'
import { chatEvents } from './workflow.events.ts'

type Catalog = Static<typeof ProcessCatalog>

/** What an editor needs to offer: task types with element templates, events, elements. */
export class CatalogService {
  readonly #tasks: TaskRegistry

  constructor(tasks: TaskRegistry) {
    this.#tasks = tasks
  }

  describe(): Catalog {
    const tasks = this.#tasks.describe()
    return {
      tasks,
      events: Object.entries(chatEvents).map(([name, title]) => ({ name, title })),
      elementTemplates: tasks.map(elementTemplate),
      supportedElements: supportedElements.map(({ type, support, reason }) => {
        const unserved = unservedElements.get(type)
        return unserved === undefined ? { type, support, reason: reason ?? '' } : { type, support: 'refused', reason: unserved }
      }),
    }
  }
}

/** An element template in the format of bpmn-js-element-templates, Camunda 8 flavour: pick the task, fill in a form. */
function elementTemplate(task: TaskTypeInfo): Record<string, unknown> {
  const required = new Set(task.inputSchema.required ?? [])
  const inputs = Object.entries(task.inputSchema.properties).map(([name, schema]) => ({
    label: (schema as { title?: string }).title ?? name,
    description: (schema as { description?: string }).description,
    type: 'String',
    feel: 'optional',
    optional: !required.has(name),
    binding: { type: 'zeebe:input', name },
    ...(required.has(name) ? { constraints: { notEmpty: true } } : {}),
  }))
  return {
    $schema: 'https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json',
    id: `parley.${task.type}`,
    name: task.title,
    appliesTo: ['bpmn:Task', 'bpmn:ServiceTask'],
    elementType: { value: 'bpmn:ServiceTask' },
    properties: [{ type: 'Hidden', value: task.type, binding: { type: 'zeebe:taskDefinition', property: 'type' } }, ...inputs],
  }
}
