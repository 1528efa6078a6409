import type { Kysely } from 'kysely'
import type { Expectation } from '../../../contracts/scenarios.ts'
import type { ScenarioCheck } from '../../../contracts/simulations.ts'
import type { Schema } from '../../../schema.ts'
import { decodeVariables } from '../values.ts'
import type { World } from './given.ts'
import { matches } from './matching.ts'

/** A call of agent.notify, as the process asked for it. */
export interface Notified {
  to: string
  title: string
  text: string
}

export interface Scene {
  db: Kysely<Schema>
  world: World
  /** The process under test. */
  key: string
  notified: readonly Notified[]
}

type Finding = Omit<ScenarioCheck, 'step'>

/** Compares what is with what is expected; one finding for each thing that was written. */
export async function checkExpectation(expected: Expectation, scene: Scene): Promise<Finding[]> {
  const findings: Finding[] = []
  const compare = (what: string, wanted: unknown, actual: unknown): void => {
    const resolved = scene.world.references.resolve(wanted)
    findings.push({ what, expected: resolved, actual: actual ?? null, passed: matches(resolved, actual) })
  }
  const compareEach = (what: string, wanted: object | undefined, actual: Record<string, unknown> | null): void => {
    for (const [name, value] of Object.entries(wanted ?? {})) compare(`${what}.${name}`, value, actual?.[name])
  }
  if (expected.chat) compareEach('chat', expected.chat, await readChat(scene))
  if (expected.waits) compare('waits', expected.waits.toSorted(), await readWaits(scene))
  if (expected.ended !== undefined) compare('ended', expected.ended, !(await readInstances(scene)).some((row) => isLive(row.state)))
  if (expected.incident !== undefined)
    compare(
      'incident',
      expected.incident,
      (await readInstances(scene)).some((row) => row.state === 'incident'),
    )
  if (expected.messages) compareTexts('messages', expected.messages, await readMessages(scene, expected.messages.length), compare)
  if (expected.notifications) compareNotifications(expected.notifications, scene.notified, compare)
  if (expected.offeredTo) compare('offeredTo', expected.offeredTo.toSorted(), await readOffered(scene))
  if (expected.variables) compareEach('variables', expected.variables, await readVariables(scene))
  if (expected.case) compareEach('case', expected.case, await readCase(scene))
  if (expected.child) compareEach('child', expected.child, await readChild(scene))
  return findings
}

type Compare = (what: string, wanted: unknown, actual: unknown) => void

const isLive = (state: string) => state === 'running' || state === 'incident'

/** Expected texts as values that `matches` understands. */
function compareTexts(what: string, wanted: NonNullable<Expectation['messages']>, actual: unknown, compare: Compare): void {
  const values = wanted.map(({ direction, text, contains }) => ({
    direction,
    ...(text === undefined ? {} : { text }),
    ...(contains === undefined ? {} : { text: { contains } }),
  }))
  compare(what, values, actual)
}

function compareNotifications(wanted: NonNullable<Expectation['notifications']>, notified: readonly Notified[], compare: Compare): void {
  const values = wanted.map(({ to, contains }) => ({ to, text: { contains } }))
  compare(
    'notifications',
    values,
    notified.map(({ to, title, text }) => ({ to, text: `${title}\n${text}` })),
  )
}

async function readChat(scene: Scene): Promise<Record<string, unknown> | null> {
  return nameQueue(scene, await chatQuery(scene).where('c.id', '=', scene.world.chatId).executeTakeFirst())
}

function nameQueue({ world }: Scene, row: { queueId: string; queue: string } | undefined): Record<string, unknown> | null {
  return row ? { ...row, queue: world.references.nameOf('queue', row.queueId) ?? row.queue } : null
}

function chatQuery({ db }: Scene) {
  return db
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .innerJoin('queues as q', 'q.id', 'c.queue_id')
    .leftJoin('agents as a', 'a.id', 'c.agent_id')
    .select([
      'c.status',
      'a.name as agent',
      'c.completion_reason as completionReason',
      'p.name as contact',
      'q.name as queue',
      'q.id as queueId',
    ])
}

async function readChild(scene: Scene): Promise<Record<string, unknown> | null> {
  return nameQueue(
    scene,
    await chatQuery(scene).where('c.parent_chat_id', '=', scene.world.chatId).orderBy('c.id', 'desc').executeTakeFirst(),
  )
}

function readInstances({ db, world, key }: Scene) {
  return db
    .selectFrom('process_instances')
    .select(['id', 'state', 'variables'])
    .where('chat_id', '=', world.chatId)
    .where('key', '=', key)
    .orderBy('id')
    .execute()
}

async function readWaits({ db, world, key }: Scene): Promise<string[]> {
  const rows = await db
    .selectFrom('process_waits as w')
    .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
    .select('w.element_id')
    .where('i.chat_id', '=', world.chatId)
    .where('i.key', '=', key)
    .where('w.attached_to_id', 'is', null)
    .execute()
  return rows.map((row) => row.element_id).toSorted()
}

async function readMessages({ db, world }: Scene, count: number): Promise<{ direction: string; text: string | null }[]> {
  const rows = await db
    .selectFrom('messages')
    .select(['direction', 'text'])
    .where('chat_id', '=', world.chatId)
    .orderBy('seq', 'desc')
    .limit(Math.max(count, 1))
    .execute()
  return rows.reverse()
}

async function readOffered({ db, world }: Scene): Promise<string[]> {
  const rows = await db
    .selectFrom('chat_offers as o')
    .innerJoin('agents as a', 'a.id', 'o.agent_id')
    .select('a.name')
    .where('o.chat_id', '=', world.chatId)
    .where('o.state', '=', 'open')
    .execute()
  return rows.map((row) => row.name).toSorted()
}

async function readVariables(scene: Scene): Promise<Record<string, unknown> | null> {
  const instance = (await readInstances(scene)).at(-1)
  return instance ? decodeVariables(instance.variables) : null
}

async function readCase({ db, world }: Scene): Promise<Record<string, unknown> | null> {
  const row = await db
    .selectFrom('cases')
    .select([
      'number',
      'subject',
      'description',
      'source',
      'status',
      'registered_at as registeredAt',
      'contact_id as contactId',
      'account_id as accountId',
      'assignee_id as assigneeId',
    ])
    .where('chat_id', '=', world.chatId)
    .orderBy('id', 'desc')
    .executeTakeFirst()
  return row ?? null
}
