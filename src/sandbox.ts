import { Agent } from 'undici'
import { createDomain } from './domain.ts'
import { adapterFor, InboundService } from './modules/channels/index.ts'
import type { CreateSandbox } from './modules/workflow/index.ts'
import type { Logger } from './platform/log.ts'

const nothing = (): void => {
  // What would leave the process after the commit does not: the transaction is rolled back.
}

/** The domain around one transaction that is rolled back, for scenarios. */
export function sandboxFactory(log: Logger): CreateSandbox {
  /** Never used: remote tasks park, and nobody runs them. */
  const outbound = new Agent()
  return ({ database, clock, engine, outlets, adaptTasks, ownsQueue }) => {
    const leaving = { publish: nothing, deliverSoon: nothing, wakeAt: nothing, instanceChanged: nothing, ...outlets }
    const domain = createDomain({ database, clock, log, engine, outlets: leaving, notify: nothing, outbound, adaptTasks, ownsQueue })
    const inbound = new InboundService({ database, clock, outlets: leaving })
    return {
      host: domain.host,
      settled: () => domain.routing.settled(),
      async receive(channelId, { namespace, externalId }, text) {
        const account = { id: channelId, kind: 'simulator' as const, name: 'Scenario', config: {}, publicUrl: null }
        const { chatId } = await inbound.receive(
          { account, adapter: adapterFor('simulator'), enabled: true, queueId: '' },
          {
            kind: 'message',
            externalId: crypto.randomUUID(),
            customer: { identities: [{ namespace, externalId }], name: null, username: null, phone: null, language: null },
            providerAt: null,
            acknowledge: null,
            type: 'text',
            text,
            files: [],
            payload: null,
            quoted: null,
            forwarded: false,
            albumId: null,
          },
        )
        return chatId
      },
      async reply(work, chatId, agentId, text) {
        const chat = await work.trx
          .selectFrom('chats')
          .select(['id', 'channel_id', 'identity_id'])
          .where('id', '=', chatId)
          .forUpdate()
          .executeTakeFirstOrThrow()
        await domain.messages.send(work, chat, { kind: 'agent', id: agentId }, text, null)
      },
    }
  }
}
