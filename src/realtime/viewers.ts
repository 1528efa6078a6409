import type { Clock } from '../platform/clock.ts'

export interface Viewer {
  id: string
  name: string
}

/** What a node says about one chat: which of its agents look at it. */
export interface ViewingReport {
  nodeId: string
  chatId: string
  agents: Viewer[]
}

/** A node repeats its reports every 30 s; one that fell silent no longer counts, in milliseconds. */
const believeMs = 75_000

/** Who looks at which chat, put together from what the nodes report. */
export class Viewers {
  readonly #clock: Clock
  readonly #reports = new Map<string, Map<string, { agents: Viewer[]; until: number }>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a report in; answers whether it changed who looks at the chat. */
  take(report: ViewingReport): boolean {
    const before = JSON.stringify(this.of(report.chatId))
    const nodes = this.#reports.get(report.chatId) ?? new Map()
    if (report.agents.length === 0) nodes.delete(report.nodeId)
    else nodes.set(report.nodeId, { agents: report.agents, until: this.#clock.now().getTime() + believeMs })
    if (nodes.size === 0) this.#reports.delete(report.chatId)
    else this.#reports.set(report.chatId, nodes)
    return JSON.stringify(this.of(report.chatId)) !== before
  }

  /** The agents who look at the chat, each once, by name. */
  of(chatId: string): Viewer[] {
    const now = this.#clock.now().getTime()
    const agents = new Map<string, Viewer>()
    for (const report of this.#reports.get(chatId)?.values() ?? []) {
      if (report.until > now) for (const agent of report.agents) agents.set(agent.id, agent)
    }
    return [...agents.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id))
  }
}
