import type { Catalog, TaskTypeInfo } from '../../src/engine/types.ts'

type Schema = TaskTypeInfo['inputSchema']

const text = { type: 'string' }
const texts = { type: 'array', items: { type: 'string' } }
const nullableText = { anyOf: [{ type: 'string' }, { type: 'null' }] }

function schema(required: Record<string, unknown>, optional: Record<string, unknown> = {}): Schema {
  return { properties: { ...required, ...optional }, required: Object.keys(required), additionalProperties: false }
}

const free: Schema = { properties: {}, additionalProperties: true }

function local(type: string, title: string, inputSchema: Schema, outputSchema: Schema = schema({}), errors: string[] = []): TaskTypeInfo {
  return { type, title, kind: 'local', inputSchema, outputSchema, errors }
}

function remote(type: string, title: string, inputSchema: Schema, outputSchema: Schema): TaskTypeInfo {
  return { type, title, kind: 'remote', inputSchema, outputSchema, errors: [] }
}

const reason = { enum: ['agent', 'timeout', 'transfer', 'process'] }
const severity = { enum: ['info', 'warning', 'error'] }

const chatTasks = [
  local(
    'chat.route',
    'Find agents',
    schema({}, { rule: text, queueId: text, agents: texts }),
    schema({ offeredTo: texts }, { assignedTo: nullableText }),
  ),
  local('chat.assign', 'Assign chat', schema({ agentId: text }), schema({}), ['AGENT_NOT_IN_QUEUE']),
  local(
    'chat.transfer',
    'Transfer chat',
    schema({}, { agentId: nullableText, queueId: nullableText, note: nullableText }),
    schema({ childChatId: text }),
  ),
  local('chat.complete', 'Complete chat', schema({ reason }, { systemMessage: nullableText })),
  local('chat.set', 'Change chat', schema({}, { tags: texts, priority: { type: 'integer' }, language: text })),
  local('chat.note', 'Add a private note', schema({ text })),
  local(
    'chat.link_contact',
    'Link to contact',
    schema({ contactId: text }),
    schema({ previousContactId: nullableText, previousRemoved: { type: 'boolean' } }),
    ['CONTACT_NOT_FOUND', 'CONTACT_HAS_OPEN_CHAT'],
  ),
]

const messageTasks = [
  local('message.send', 'Send message', schema({}, { text, templateId: text, fileIds: texts }), schema({ messageId: text })),
  local('message.system', 'Add a system message', schema({ text }), schema({ messageId: text })),
]

const recordTasks = [
  local('contact.find', 'Find contact', free, schema({ contact: {} })),
  local('contact.create', 'Create contact', free, schema({ contactId: text })),
  local('contact.update', 'Change contact', free),
  local('contact.remove', 'Remove contact', schema({ contactId: text })),
  local(
    'case.create',
    'Create case',
    schema(
      { subject: text },
      {
        ...{ description: text, source: text, status: text, contactId: nullableText, accountId: nullableText, assigneeId: nullableText },
        oncePerChat: { type: 'boolean' },
      },
    ),
    schema({ caseId: text, caseNumber: text, existed: { type: 'boolean' } }),
  ),
  local('agent.notify', 'Notify', schema({ to: text, title: text }, { text, severity })),
  local('variables.set', 'Set variables', free, free),
]

const remoteTasks = [
  remote('translation.translate', 'Translate', schema({ text, to: text }, { from: text }), schema({ text, from: text })),
  remote(
    'http.request',
    'Call HTTP',
    schema(
      { method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] }, url: text },
      { headers: {}, body: {}, timeoutSeconds: { type: 'integer' } },
    ),
    schema({ status: { type: 'integer' }, body: {} }),
  ),
]

/** The task types and events that processes.md promises, for tests that need no running server. */
export const catalog: Catalog = {
  tasks: [...chatTasks, ...messageTasks, ...recordTasks, ...remoteTasks],
  events: [
    ...['chat.created', 'chat.assigned', 'chat.completed', 'chat.transferred', 'chat.overdue', 'chat.contact_linked', 'chat.idle'],
    ...['agent.accepted', 'agent.declined', 'agent.completed', 'agent.transferred', 'agent.status_changed'],
    ...['message.received', 'message.sent', 'message.delivered', 'message.read', 'message.failed'],
    ...['offer.expired', 'capacity.freed', 'case.created'],
  ],
  formIds: ['request_callback'],
}
