import { referencePattern } from '../../../contracts/scenarios.ts'
import { ScenarioError } from './scenario-error.ts'

/** Ids of what a scenario gave, by name. */
export class References {
  readonly #ids = { agent: new Map<string, string>(), contact: new Map<string, string>(), queue: new Map<string, string>() }

  add(kind: 'agent' | 'contact' | 'queue', name: string, id: string): void {
    this.#ids[kind].set(name, id)
  }

  /** @throws ScenarioError when the scenario gives nothing of that name */
  id(kind: 'agent' | 'contact' | 'queue', name: string): string {
    const id = this.#ids[kind].get(name)
    if (id === undefined) throw new ScenarioError('UNKNOWN_NAME', `The scenario gives no ${kind} named "${name}".`)
    return id
  }

  /** The name the scenario gave to what has this id, or null. */
  nameOf(kind: 'agent' | 'contact' | 'queue', id: string): string | null {
    return [...this.#ids[kind]].find(([, known]) => known === id)?.[0] ?? null
  }

  /** The value with every text "@kind:name" replaced by the id. */
  resolve<T>(value: T): T {
    if (typeof value === 'string') {
      const [, kind, name] = referencePattern.exec(value) ?? []
      return (kind === undefined || name === undefined ? value : this.id(kind as 'agent', name)) as T
    }
    if (Array.isArray(value)) return value.map((item) => this.resolve(item)) as T
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item)])) as T
    }
    return value
  }
}
