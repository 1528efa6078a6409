/** How PostgreSQL ran one statement. */
export interface Plan {
  query: string
  /** The tree as EXPLAIN ANALYZE draws it. */
  tree: string
  ms: number
}

/** Tables that grow with all the work ever done; those of configuration and of open work only stay small. */
export const growingTables = [
  'messages',
  'chats',
  'contacts',
  'contact_identities',
  'process_instances',
  'process_log',
  'chat_offers',
  'routing_decisions',
]

/** The growing tables that the plan reads from end to end. */
export function sequentialScans({ tree }: Plan): string[] {
  return [...tree.matchAll(/Seq Scan on (\w+)/g)].map(([, table]) => table ?? '').filter((table) => growingTables.includes(table))
}

/** The most rows that one node of the plan read only to throw them away; joining with a small table does not count. */
export function rowsWasted({ tree }: Plan): number {
  return Math.max(0, ...[...tree.matchAll(/Rows Removed by (?:Filter|Index Recheck): (\d+)/g)].map(([, rows]) => Number(rows)))
}

/** Puts the plans together that auto_explain writes into the server's log. */
export class PlanLog {
  readonly plans: Plan[] = []
  #ms = 0
  #lines: string[] | null = null

  /** One line of the log; those of an entry but its first begin with a tab. */
  take(line: string): void {
    if (line.startsWith('\t')) {
      this.#lines?.push(line.slice(1))
      return
    }
    this.#finish()
    const ms = /^LOG: +duration: ([\d.]+) ms +plan:/.exec(line)?.[1]
    if (ms === undefined) return
    this.#ms = Number(ms)
    this.#lines = []
  }

  #finish(): void {
    const lines = this.#lines
    this.#lines = null
    if (!lines) return
    const root = lines.findIndex((line) => /\(cost=[\d.]+ rows=/.test(line))
    if (root < 0) return
    const query = lines
      .slice(0, root)
      .join('\n')
      .replace(/^Query Text: /, '')
    this.plans.push({ query: query.trim(), tree: lines.slice(root).join('\n'), ms: this.#ms })
  }
}
