import { CompiledQuery } from 'kysely'
import { ManualClock } from '../../../src/platform/clock.ts'
import { customerWrites, type ParleyOptions, startParley, type TestParley } from '../../helpers/parley.ts'

const namespaces = [
  'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"',
  'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(' ')

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
const messageId = (name: string) => `message_${name.replaceAll('.', '_')}`

/** A definition: its elements, and flows as chains such as "start > work > end". The messages it names are declared. */
export function definition(key: string, elements: readonly string[], ...chains: readonly string[]): string {
  const names = [...elements.join('').matchAll(/messageRef="message_([a-z_]+)"/g)].map(([, name = '']) => name)
  const messages = [...new Set(names)].map((name) => `<bpmn:message id="message_${name}" name="${name.replace('_', '.')}"/>`)
  const flows = chains.flatMap((chain) => {
    const ids = chain.split('>').map((id) => id.trim())
    return ids.slice(1).map((id, index) => `<bpmn:sequenceFlow id="${ids[index]}_to_${id}" sourceRef="${ids[index]}" targetRef="${id}"/>`)
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions ${namespaces} id="definitions" targetNamespace="http://parley.test">${messages.join('')}
<bpmn:process id="${key}" name="${key} process" isExecutable="true">${elements.join('\n')}${flows.join('')}</bpmn:process></bpmn:definitions>`
}

export const onMessage = (name: string) => `<bpmn:messageEventDefinition messageRef="${messageId(name)}"/>`
export const onTimer = (kind: 'Date' | 'Duration' | 'Cycle', text: string) =>
  `<bpmn:timerEventDefinition><bpmn:time${kind} xsi:type="bpmn:tFormalExpression">${escaped(text)}</bpmn:time${kind}></bpmn:timerEventDefinition>`

export const start = (trigger = '') => `<bpmn:startEvent id="start" name="Start">${trigger}</bpmn:startEvent>`
export const end = (id = 'end') => `<bpmn:endEvent id="${id}" name="End"/>`
export const receive = (id: string, message: string) =>
  `<bpmn:receiveTask id="${id}" name="Wait ${id}" messageRef="${messageId(message)}"/>`
export const boundary = (id: string, at: string, trigger: string, interrupting = true) =>
  `<bpmn:boundaryEvent id="${id}" name="Boundary ${id}" attachedToRef="${at}" cancelActivity="${interrupting}">${trigger}</bpmn:boundaryEvent>`
export const throwing = (id: string, message: string) =>
  `<bpmn:intermediateThrowEvent id="${id}" name="Throw ${id}">${onMessage(message)}</bpmn:intermediateThrowEvent>`

/** A service task; inputs and outputs by target. */
export function service(
  id: string,
  type: string,
  inputs: Record<string, string> = {},
  options: { outputs?: Record<string, string>; retries?: number } = {},
): string {
  const map = (kind: string, values: Record<string, string>) =>
    Object.entries(values).map(([target, source]) => `<zeebe:${kind} source="${escaped(source)}" target="${target}"/>`)
  const mapping = [...map('input', inputs), ...map('output', options.outputs ?? {})]
  const retries = options.retries === undefined ? '' : ` retries="${options.retries}"`
  return `<bpmn:serviceTask id="${id}" name="Do ${id}"><bpmn:extensionElements><zeebe:taskDefinition type="${type}"${retries}/>${
    mapping.length > 0 ? `<zeebe:ioMapping>${mapping.join('')}</zeebe:ioMapping>` : ''
  }</bpmn:extensionElements></bpmn:serviceTask>`
}

/** A private note, whose text tells in the conversation what a process did. */
export const note = (id: string, text: string) => service(id, 'chat.note', { text })

/** A Parley whose time stands still and whose jobs nobody runs: the test moves the one and does the other. */
export interface Workshop extends TestParley {
  clock: ManualClock
  /** Uploads and activates a definition; answers its version. */
  deploy(xml: string, override?: string): Promise<number>
  /** A customer writes; answers the chat once its processes have seen it. */
  chatOf(customer: string, text?: string): Promise<string>
  /** Moves the clock and does what is due in the chat by then. */
  pass(chatId: string, milliseconds: number): Promise<void>
  notes(chatId: string): Promise<string[]>
  instances(chatId: string, key: string): Promise<{ id: string; state: string; variables: Record<string, unknown> }[]>
  incidents(): Promise<{ id: string; code: string; attempts: number; elementId: string | null; message: string }[]>
  sql(text: string): Promise<Record<string, unknown>[]>
}

export async function openWorkshop(
  t: Parameters<typeof startParley>[0],
  options: Omit<ParleyOptions, 'clock' | 'worker'> = {},
): Promise<Workshop> {
  const clock = new ManualClock(new Date())
  const parley = await startParley(t, { ...options, clock, worker: false })
  const { database, host, pump } = parley.container
  const { db } = database
  const pass = async (chatId: string, milliseconds: number) => {
    clock.advance(milliseconds)
    await host.wake(chatId)
    await pump.idle()
  }
  return {
    ...parley,
    clock,
    pass,
    async deploy(xml, override = 'This test is about something else') {
      const query = `activate=true&override=${encodeURIComponent(override)}`
      return (await parley.admin.ok<{ version: number }>('POST', `/api/processes?${query}`, xml)).version
    },
    async chatOf(customer, text = 'Hello') {
      await customerWrites(parley, customer, text)
      await pump.idle()
      const row = await db
        .selectFrom('chats as c')
        .innerJoin('contacts as p', 'p.id', 'c.contact_id')
        .select('c.id')
        .where('p.name', '=', customer)
        .orderBy('c.id', 'desc')
        .executeTakeFirstOrThrow()
      return row.id
    },
    async notes(chatId) {
      const rows = await db
        .selectFrom('messages')
        .select('text')
        .where('chat_id', '=', chatId)
        .where('direction', '=', 'note')
        .orderBy('seq')
        .execute()
      return rows.map((row) => row.text ?? '')
    },
    instances: (chatId, key) =>
      db
        .selectFrom('process_instances')
        .select(['id', 'state', 'variables'])
        .where('chat_id', '=', chatId)
        .where('key', '=', key)
        .orderBy('id')
        .execute(),
    async incidents() {
      const rows = await db.selectFrom('process_incidents').selectAll().where('resolved_at', 'is', null).orderBy('id').execute()
      return rows.map(({ id, code, attempts, element_id: elementId, message }) => ({ id, code, attempts, elementId, message }))
    },
    async sql(text) {
      return (await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text))).rows
    },
  }
}

/** Makes `agent.notify` fail as a bug would, until mended. */
export async function breakNotifications({ sql }: Workshop): Promise<() => Promise<void>> {
  await sql(
    `create function refuse_notification() returns trigger language plpgsql as $$ begin raise exception 'the notification store is broken'; end $$`,
  )
  await sql('create trigger broken before insert on notifications for each row execute function refuse_notification()')
  return async () => {
    await sql('drop trigger broken on notifications')
  }
}
