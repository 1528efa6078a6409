import path from 'node:path'
import type { Container } from './container.ts'
import type { FirstAdmin } from './modules/agents/index.ts'
import { loadShippedDefinitions } from './modules/workflow/index.ts'

const processesFolder = path.resolve(import.meta.dirname, '../processes')

/** Any number no other advisory lock uses; nodes that start at once seed one after the other. */
const seedLock = 4_071_962

/**
 * What a first start needs: one queue, an administrator, the shipped processes and their quick actions, and on the
 * embedded database a Simulator channel. Later starts only add newly shipped versions as drafts.
 */
export async function seed(container: Container, options: { simulator: boolean }): Promise<FirstAdmin | null> {
  const { database, agents, config, definitions, quickActions, channels } = container
  const admin = await agents.ensureFirstAdmin(config.admin)
  const queueId = await database.transaction(async (work) => {
    await container.lock(work, seedLock)
    const existing = await work.trx.selectFrom('queues').select('id').orderBy('id').limit(1).executeTakeFirst()
    if (existing) return null
    const queue = await work.trx.insertInto('queues').values({ name: 'General', all_agents: true, created_at: work.now }).returning('id').executeTakeFirstOrThrow()
    return queue.id
  })
  if (queueId !== null && options.simulator) {
    await channels.create({ kind: 'simulator', name: 'Simulator', queueId, config: {} }, null)
  }
  for (const shipped of await loadShippedDefinitions(processesFolder)) {
    const outcome = await definitions.seed(shipped)
    if (outcome === 'created' && shipped.quickAction) {
      const { caption, icon, order } = shipped.quickAction
      await quickActions.seed({ processKey: shipped.key, caption, icon, position: order })
    }
    if (outcome === 'drafted') container.log.info({ process: shipped.key }, 'A newer version of a shipped process is there as a draft')
  }
  return admin
}
