import type { InstanceCancel } from '../../contracts/index.ts'
import { conflict, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { audit } from '../settings/index.ts'
import * as repo from './instances.repo.ts'
import type { ProcessHost } from './process-host.ts'
import { decodeVariables, encodeValue } from './values.ts'

/** What operators do to single instances; each act is in the audit log. */
export class InstanceService {
  readonly #database: ParleyDatabase
  readonly #host: ProcessHost

  constructor(options: { database: ParleyDatabase; host: ProcessHost }) {
    this.#database = options.database
    this.#host = options.host
  }

  /**
   * Ends a live instance where it is.
   * @throws AppError 404; 409 NOT_RUNNING; 409 CHAT_STILL_OPEN for the lifecycle of an open chat, unless forced
   */
  async cancel(id: string, { reason, force = false }: InstanceCancel, agentId: string): Promise<void> {
    await this.#change(id, async (work, instance) => {
      if (instance.key === repo.lifecycleKey && !force) await refuseOpenChat(work, instance)
      await repo.cancelInstance(work.trx, id, work.now)
      await audit(work, agentId, 'process_instance.cancelled', `process_instance:${id}`, {
        process: instance.key,
        reason: reason ?? null,
        force,
      })
    })
  }

  /** Sets variables of a live instance; others stay. The audit log names them without their values. @throws AppError 404; 409 NOT_RUNNING */
  async setVariables(id: string, variables: Record<string, unknown>, agentId: string): Promise<void> {
    await this.#change(id, async (work, instance) => {
      const merged = { ...decodeVariables(instance.variables), ...decodeVariables(variables) }
      await work.trx
        .updateTable('process_instances')
        .set({ variables: JSON.stringify(encodeValue(merged)) })
        .where('id', '=', id)
        .execute()
      const names = Object.keys(variables)
      await audit(work, agentId, 'process_instance.variables_set', `process_instance:${id}`, { process: instance.key, variables: names })
    })
  }

  async #change(id: string, action: (work: ParleyWork, instance: repo.InstanceRow) => Promise<void>): Promise<void> {
    await this.#database.transaction(async (work) => {
      const found = await repo.findInstance(work.trx, id)
      if (!found) throw notFound(`Process instance ${id}`)
      await this.#host.change(work, found, async (instance) => {
        if (instance.state !== 'running' && instance.state !== 'incident')
          throw conflict('NOT_RUNNING', `Process instance ${id} is ${instance.state}; nothing of it can be changed.`)
        await action(work, instance)
      })
    })
  }
}

async function refuseOpenChat(work: ParleyWork, instance: repo.InstanceRow): Promise<void> {
  const chat = await work.trx.selectFrom('chats').select(['number', 'status']).where('id', '=', instance.chat_id).executeTakeFirstOrThrow()
  if (chat.status === 'completed') return
  throw conflict(
    'CHAT_STILL_OPEN',
    `Chat ${chat.number} is open; without its lifecycle nobody could complete it. Complete or transfer the chat, or cancel with "force".`,
  )
}
