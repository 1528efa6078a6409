import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

interface Request {
  id: number
  command: string
  input: unknown
}
type Answer = { id: number; output: unknown } | { id: number; error: string }

/** Makes this process answer what its starter asks, until the starter is gone. */
export function serve(commands: Record<string, (input: never) => Promise<unknown>>): void {
  process.on('message', (request: Request) => {
    const command = commands[request.command]
    const run = command ? command(request.input as never) : Promise.reject(new Error(`No command ${request.command}`))
    run.then(
      (output) => process.send?.({ id: request.id, output }),
      (error: unknown) =>
        process.send?.({ id: request.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.once('disconnect', () => process.exit())
}

/** A process of the bench that answers commands. */
export class Helper {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #asked = 0

  /** `file` lies beside this one. */
  constructor(file: string) {
    this.#child = fork(path.join(import.meta.dirname, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('error' in answer) waiting?.reject(new Error(`${file}: ${answer.error}`))
      else waiting?.resolve(answer.output)
    })
    this.#child.on('exit', (code) => this.#fail(new Error(`${file} ended with code ${code}`)))
    this.#child.on('error', (error) => this.#fail(error))
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }

  /** @throws Error with what went wrong over there */
  ask<Output>(command: string, input: unknown = null): Promise<Output> {
    const id = ++this.#asked
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, command, input } satisfies Request)
    return waiting.promise as Promise<Output>
  }

  /** Ends the process; it keeps nothing that matters. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
