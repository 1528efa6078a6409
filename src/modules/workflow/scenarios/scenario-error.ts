/** The scenario itself cannot go on: it names what is not there, or its process never comes to rest. */
export class ScenarioError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ScenarioError'
    this.code = code
  }
}
