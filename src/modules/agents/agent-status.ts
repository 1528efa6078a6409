import { agentErrors } from './agents.errors.ts'
import { changeStatus, lockAgent } from './agents.repo.ts'
import type { AgentHooks, SetStatus } from './agents.types.ts'

/**
 * Makes the one function that changes an agent's status: it keeps the periods and tells the hook, all in the caller's
 * transaction. The same status again changes nothing.
 * @throws AppError 404 NOT_FOUND; 409 AGENT_DISABLED when a disabled agent is to become active
 */
export function createSetStatus(hooks: AgentHooks): SetStatus {
  return async (work, agentId, status, cause) => {
    const agent = await lockAgent(work.trx, agentId)
    if (!agent) throw agentErrors.agentNotFound()
    if (agent.status === status) return agent
    if (status === 'active' && agent.disabled) throw agentErrors.disabledCannotBeActive()
    await changeStatus(work.trx, agentId, status, cause, work.now)
    const changed = { ...agent, status }
    await hooks.onStatusChanged(work, changed, cause)
    return changed
  }
}
