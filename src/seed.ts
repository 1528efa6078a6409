import path from 'node:path'
import type { Container } from './container.ts'
import type { FirstAdmin } from './modules/agents/index.ts'
import { loadShippedDefinitions } from './modules/workflow/index.ts'

const processesFolder = path.resolve(import.meta.dirname, '../processes')

/** Any number no other advisory lock uses; nodes that start at once seed one after the other. */
const seedLock = 4_071_962

export interface SeedOptions {
  /** Whether to make a Simulator channel, which anybody can write through. */
  simulator: boolean
  /** Told of a first administrator right after it was made. */
  announce?(admin: FirstAdmin): void
}

/**
 * What a first start needs: one queue, an administrator, the shipped processes and their quick actions, and on the
 * embedded database a Simulator channel. Later starts only add newly shipped versions as drafts.
 */
export async function seed(container: Container, options: SeedOptions): Promise<void> {
  const { database, agents, config, definitions, quickActions, channels } = container
  const admin = await agents.ensureFirstAdmin(config.admin)
  if (admin) options.announce?.(admin)
  await database.transaction(async (work) => {
    await container.lock(work, seedLock)
    const existing = await work.trx.selectFrom('queues').select('id').limit(1).executeTakeFirst()
    if (existing) return
    const queue = await work.trx
      .insertInto('queues')
      .values({ name: 'General', all_agents: true, created_at: work.now })
      .returning('id')
      .executeTakeFirstOrThrow()
    if (options.simulator) await channels.createIn(work, { kind: 'simulator', name: 'Simulator', queueId: queue.id, config: {} })
  })
  for (const { quickAction, ...shipped } of await loadShippedDefinitions(processesFolder)) {
    const outcome = await definitions.seed(shipped, async (work) => {
      if (!quickAction) return
      const { caption, icon, order } = quickAction
      await quickActions.seed(work, { processKey: shipped.key, caption, icon, position: order })
    })
    if (outcome === 'drafted') container.log.info({ process: shipped.key }, 'A newer version of a shipped process is there as a draft')
  }
}
