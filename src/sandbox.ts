import { Agent } from 'undici'
import { createDomain } from './domain.ts'
import type { CreateSandbox } from './modules/workflow/index.ts'
import type { Logger } from './platform/log.ts'

/** A scenario has no uploads, and its remote tasks answer what it says. */
const absent = (what: string) => (): never => {
  throw new Error(`${what} cannot be used in a scenario`)
}

const nothing = (): void => {
  // What would leave the process after the commit does not: the transaction is rolled back.
}

/** The domain around one transaction that is rolled back, for scenarios. */
export function sandboxFactory(log: Logger): CreateSandbox {
  /** Never used: remote tasks park, and nobody runs them. */
  const outbound = new Agent()
  return ({ database, clock, engine, outlets, adaptTasks, ownsQueue }) => {
    const leaving = { publish: nothing, advanceSoon: nothing, deliverSoon: nothing, wakeAt: nothing, instanceChanged: nothing, ...outlets }
    const refused = { attachFiles: absent('Files'), translation: absent('Translation') }
    const domain = createDomain({
      database,
      clock,
      log,
      engine,
      outlets: leaving,
      notify: nothing,
      ...refused,
      outbound,
      adaptTasks,
      ownsQueue,
    })
    return {
      host: domain.host,
      settled: () => domain.routing.settled(),
      async reply(work, chatId, agentId, text) {
        const chat = await work.trx
          .selectFrom('chats')
          .select(['id', 'channel_id', 'identity_id'])
          .where('id', '=', chatId)
          .forUpdate()
          .executeTakeFirstOrThrow()
        await domain.messages.send(work, chat, { kind: 'agent', id: agentId }, { text }, null)
      },
    }
  }
}
