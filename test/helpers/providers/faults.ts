import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** What a scripted call does instead of, or before, answering properly. */
export type Fault =
  /** Answers at once, without any effect. */
  | { kind: 'answer'; status: number; body: unknown; headers?: Record<string, string> }
  /** Answers properly, later. */
  | { kind: 'delay'; ms: number }
  /** Does the work, then closes the connection instead of answering. */
  | { kind: 'drop-after' }
  /** Closes the connection without any effect. */
  | { kind: 'drop-before' }
  /** Does the work and never answers. */
  | { kind: 'hang' }
  /** Does the work and waits for the promise before it answers, e.g. until a status webhook was delivered. */
  | { kind: 'hold'; until: (result: unknown) => Promise<void> }

/** Faults waiting for the next calls of a name; '*' is any call. */
export class FaultScript {
  readonly #queues = new Map<string, Fault[]>()

  /** The next `times` calls of `name` meet this fault. */
  next(name: string, fault: Fault, times = 1): void {
    const queue = this.#queues.get(name) ?? []
    for (let n = 0; n < times; n += 1) queue.push(fault)
    this.#queues.set(name, queue)
  }

  clear(): void {
    this.#queues.clear()
  }

  take(name: string): Fault | null {
    return this.#queues.get(name)?.shift() ?? this.#queues.get('*')?.shift() ?? null
  }
}

/** Runs `work` under the next fault of `name` and sends its answer. */
export async function underFault(
  script: FaultScript,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<{ status: number; body: unknown }>,
): Promise<FastifyReply> {
  const fault = script.take(name)
  switch (fault?.kind) {
    case 'answer':
      return reply
        .code(fault.status)
        .headers(fault.headers ?? {})
        .send(fault.body)
    case 'drop-before':
      return drop(request, reply)
    case 'delay':
      await delay(fault.ms)
      break
    case undefined:
    case 'drop-after':
    case 'hang':
    case 'hold':
      break
  }
  const answer = await work()
  if (fault?.kind === 'drop-after') return drop(request, reply)
  // The socket is closed with the server, or by a client that gives up.
  if (fault?.kind === 'hang') return reply.hijack()
  if (fault?.kind === 'hold') await fault.until(answer.body)
  return reply.code(answer.status).send(answer.body)
}

function drop(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.destroy()
  return reply
}
