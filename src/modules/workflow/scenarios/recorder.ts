import { type Kysely, sql } from 'kysely'
import type { ScenarioEffects, ScenarioTrace } from '../../../contracts/simulations.ts'
import type { Schema } from '../../../schema.ts'
import type { LocalTask, Task } from '../task-registry.ts'
import { redact } from '../values.ts'
import type { Notified } from './expectations.ts'

/** What one scenario did, step by step. */
export class Recorder {
  /** The scenario's step under way, from 1; 0 while the given is made. */
  step = 0
  readonly trace: ScenarioTrace[] = []
  readonly tasks: ScenarioEffects['tasks'] = []
  readonly notified: Notified[] = []
  #lastLogId = '0'

  /** The same tasks, noted when their step is kept. */
  watch(tasks: Task[]): Task[] {
    return tasks.map((task): Task => {
      if (task.kind === 'remote') return task
      return {
        ...task,
        run: async (...[context, inputs]: Parameters<LocalTask['run']>) => {
          const outputs = await task.run(context, inputs)
          const { step } = this
          context.work.afterCommit(() => this.#note({ step, at: context.work.now.toISOString(), type: task.type, inputs, outputs }))
          return outputs
        },
      }
    })
  }

  #note(done: ScenarioEffects['tasks'][number]): void {
    if (done.type === 'agent.notify') {
      const { to, title, text = '' } = done.inputs as { to: string; title: string; text?: string }
      this.notified.push({ to, title, text })
    }
    this.tasks.push({ ...done, inputs: redact(done.inputs), outputs: redact(done.outputs) })
  }

  /** Reads what the instances of the channel's chats logged since the last time. */
  async readLog(db: Kysely<Schema>, channelId: string): Promise<void> {
    const rows = await db
      .selectFrom('process_log as l')
      .innerJoin('process_instances as i', 'i.id', 'l.instance_id')
      .innerJoin('chats as c', 'c.id', 'i.chat_id')
      .select([
        'l.id',
        'l.at',
        'l.instance_id',
        'i.key',
        'l.element_id',
        'l.element_name',
        'l.element_type',
        'l.kind',
        'l.inputs',
        'l.outputs',
        'l.message',
      ])
      .where('c.channel_id', '=', channelId)
      .where('l.id', '>', this.#lastLogId)
      .orderBy('l.id')
      .execute()
    this.#lastLogId = rows.at(-1)?.id ?? this.#lastLogId
    for (const row of rows) {
      this.trace.push({
        step: this.step,
        at: row.at.toISOString(),
        instanceId: row.instance_id,
        key: row.key,
        elementId: row.element_id,
        elementName: row.element_name,
        elementType: row.element_type,
        kind: row.kind,
        inputs: row.inputs ?? null,
        outputs: row.outputs ?? null,
        message: row.message,
      })
    }
  }

  /** Everything the run did to chats and messages, and the tasks it ran. */
  async readEffects(db: Kysely<Schema>, channelId: string): Promise<ScenarioEffects> {
    const chats = await db
      .selectFrom('chats as c')
      .innerJoin('contacts as p', 'p.id', 'c.contact_id')
      .innerJoin('queues as q', 'q.id', 'c.queue_id')
      .leftJoin('agents as a', 'a.id', 'c.agent_id')
      .select([
        'c.number',
        'c.status',
        'a.name as agent',
        'q.name as queue',
        'p.name as contact',
        'c.completion_reason as completionReason',
      ])
      .where('c.channel_id', '=', channelId)
      .orderBy('c.id')
      .execute()
    const messages = await db
      .selectFrom('messages as m')
      .innerJoin('chats as c', 'c.id', 'm.chat_id')
      .leftJoin('agents as a', (join) => join.onRef('a.id', '=', 'm.author_id').on('m.author_kind', '=', 'agent'))
      .select(['c.number as chatNumber', 'm.direction', sql<string | null>`coalesce(m.author_name, a.name)`.as('author'), 'm.text', 'm.at'])
      .where('c.channel_id', '=', channelId)
      .orderBy('m.id')
      .execute()
    return { tasks: this.tasks, chats, messages: messages.map((message) => ({ ...message, at: message.at.toISOString() })) }
  }
}
