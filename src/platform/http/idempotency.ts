import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CompiledQuery } from 'kysely'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { AppError, badRequest } from '../errors.ts'
import { sharedPlugin } from './plugin.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer shows a secret once: it is not kept for a repeated Idempotency-Key. */
    secretAnswer?: boolean
  }
  interface FastifyRequest {
    idempotencyClaim: Claim | null
  }
}

/** One request with a key: it is the only one with that key until it is answered. */
interface Claim {
  owner: string
  key: string
  claimedAt: Date
  /** What the request did is committed, so it must not be done again. */
  committed: boolean
}

interface ClaimRow {
  request_hash: string
  status: number | null
  response: unknown
  created_at: Date
}

/** `status` of a key whose request has committed but whose answer is not stored (yet). */
const COMMITTED = 0

/** A request that has not committed for so long has lost its process, and another may do its work. */
const ABANDONED_MS = 60_000

/** Keys are kept for a day; https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ leaves it to us. */
const KEPT_MS = 24 * 60 * 60 * 1000

const claims = new AsyncLocalStorage<Claim>()

const sql = {
  claim: `insert into idempotency_keys (agent_id, key, request_hash, created_at) values ($1, $2, $3, $4) on conflict do nothing returning key`,
  read: `select request_hash, status, response, created_at from idempotency_keys where agent_id = $1 and key = $2`,
  takeOver: `update idempotency_keys set created_at = $3 where agent_id = $1 and key = $2 and created_at = $4 and status is null returning key`,
  commit: `update idempotency_keys set status = ${COMMITTED} where agent_id = $1 and key = $2 and created_at = $3 returning key`,
  answer: `update idempotency_keys set status = $4, response = $5 where agent_id = $1 and key = $2 and created_at = $3`,
  release: `delete from idempotency_keys where agent_id = $1 and key = $2 and created_at = $3`,
  sweep: `delete from idempotency_keys where created_at < $1`,
}

/**
 * Lets the first transaction that a keyed request commits mark its key in the same commit. Without this a process
 * killed between the commit and the answer would leave nobody knowing whether the work was done.
 */
export function withIdempotency<DB>(database: Database<DB>): Database<DB> {
  return {
    ...database,
    async transaction(action) {
      const claim = claims.getStore()
      if (!claim || claim.committed) return database.transaction(action)
      const result = await database.transaction(async (work) => {
        const value = await action(work)
        const { rows } = await work.trx.executeQuery(CompiledQuery.raw(sql.commit, [claim.owner, claim.key, claim.claimedAt]))
        // Another request took the key over from this one, which was too slow: only one of them may commit.
        if (rows.length === 0) throw inProgress()
        return value
      })
      claim.committed = true
      return result
    },
  }
}

export interface IdempotencyOptions {
  database: Pick<Database<unknown>, 'query'>
  clock: Clock
  /** Whose key it is; null = keys are not honoured for this request. */
  ownerOf(request: FastifyRequest): string | null
}

/**
 * Honours `Idempotency-Key` on every POST with an owner: the same key with the same request gets the stored answer, with
 * another request 422 IDEMPOTENCY_KEY_REUSED, and while the first is under way 409 IDEMPOTENCY_IN_PROGRESS.
 *
 * How exact it is: the claim is committed before the work starts, the work's own commit marks it (`withIdempotency`) and
 * the answer is stored before it is sent. A process killed before the work's commit leaves a claim that a later request
 * takes over, after a minute; killed between that commit and the answer, a later request gets 409 IDEMPOTENCY_ANSWER_LOST
 * and nothing is done twice. Requests that were refused have done nothing and leave no claim.
 */
export const idempotency = sharedPlugin<IdempotencyOptions>('idempotency', async (app, { database, clock, ownerOf }) => {
  const run = (name: keyof typeof sql, values: unknown[]) => database.query(`idempotency_${name}`, sql[name], values)
  app.decorateRequest('idempotencyClaim', null)

  app.addHook('preHandler', async (request, reply) => {
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined
    const owner = key === undefined ? null : ownerOf(request)
    if (key === undefined || owner === null) return
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key))
      throw badRequest('Idempotency-Key must have 1 to 200 visible ASCII characters.')
    const hash = hashOf(request)
    const claim: Claim = { owner, key, claimedAt: clock.now(), committed: false }
    if ((await run('claim', [owner, key, hash, claim.claimedAt])).length === 0) {
      const [row] = (await run('read', [owner, key])) as unknown as ClaimRow[]
      // Gone meanwhile: the first request was refused just now.
      if (!row) throw inProgress()
      if (row.request_hash !== hash) throw keyReused()
      const isAbandoned = row.status === null && claim.claimedAt.getTime() - row.created_at.getTime() > ABANDONED_MS
      if (!isAbandoned) return replay(row, claim.claimedAt, reply)
      if ((await run('takeOver', [owner, key, claim.claimedAt, row.created_at])).length === 0) throw inProgress()
    }
    request.idempotencyClaim = claim
  })

  // With a callback, because what runs inside `claims.run` includes the rest of the request only then.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.idempotencyClaim) claims.run(request.idempotencyClaim, done)
    else done()
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const claim = request.idempotencyClaim
    if (!claim) return
    const isDone = reply.statusCode < 300 || (claim.committed && reply.statusCode < 500)
    const id = [claim.owner, claim.key, claim.claimedAt]
    try {
      if (isDone) await run('answer', [...id, reply.statusCode, request.routeOptions.config.secretAnswer ? null : asJson(payload)])
      else if (!claim.committed) await run('release', id)
    } catch (error) {
      // The work is done or refused already, and the caller shall hear it; a repetition will get a careful answer.
      request.log.warn({ err: error }, 'The answer to a request with an Idempotency-Key could not be stored')
    }
  })
})

/** Forgets keys older than a day. */
export async function sweepIdempotencyKeys(database: Pick<Database<unknown>, 'query'>, now: Date): Promise<void> {
  await database.query('idempotency_sweep', sql.sweep, [new Date(now.getTime() - KEPT_MS)])
}

/** A streamed body is not there to be hashed: its length stands for it. */
function hashOf(request: FastifyRequest): string {
  const body = Buffer.isBuffer(request.body) ? request.body : (JSON.stringify(request.body) ?? `${request.headers['content-length'] ?? ''}`)
  return createHash('sha256').update(`${request.method} ${request.url}\n`).update(body).digest('hex')
}

function asJson(payload: unknown): string | null {
  return typeof payload === 'string' && payload !== '' ? JSON.stringify({ body: payload }) : null
}

function replay(row: ClaimRow, now: Date, reply: FastifyReply): FastifyReply {
  if (row.status === null || (row.status === COMMITTED && now.getTime() - row.created_at.getTime() <= ABANDONED_MS)) throw inProgress()
  if (row.status === COMMITTED) throw answerLost()
  const stored = row.response as { body: string } | null
  if (row.status !== 204 && stored === null) throw answerLost()
  reply.code(row.status).header('idempotency-replayed', 'true')
  if (stored === null) return reply.send()
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .serializer((text: unknown) => String(text))
    .send(stored.body)
}

const inProgress = () =>
  new AppError('IDEMPOTENCY_IN_PROGRESS', 409, 'The first request with this Idempotency-Key is still under way. Ask again soon.', {
    details: { retryAfterSeconds: 1 },
  })

const keyReused = () => new AppError('IDEMPOTENCY_KEY_REUSED', 422, 'This Idempotency-Key was used for another request. Choose a new one.')

const answerLost = () =>
  new AppError(
    'IDEMPOTENCY_ANSWER_LOST',
    409,
    'A request with this Idempotency-Key was done, but its answer is not kept. Look at what there is before you ask with a new key.',
  )
