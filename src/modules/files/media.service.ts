import type { MessageFile } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { FileStorage } from '../../platform/files/storage.types.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { type InboundFile, inboundFileName, MediaError, type MediaStream } from '../channels/index.ts'
import { toMessageFile } from '../chats/index.ts'
import { normaliseFileName } from './file-names.ts'
import * as errors from './files.errors.ts'
import * as repo from './files.repo.ts'
import { storageKey } from './files.service.ts'
import type { Intake, IntakeRules, Staged } from './intake.ts'
import * as media from './media.repo.ts'

/** How long one try may take; a file is free for another worker a little later, in milliseconds. */
const fetchMs = 240_000
const claimMs = fetchMs + 30_000
/** With the pauses between them the tries take about an hour and a half. */
const maxAttempts = 10
const firstPauseMs = 2_000
const longestPauseMs = 1_800_000
/** A file that was due for so long has lost its job, in milliseconds. */
const lostAfterMs = 2_000

export interface MediaServiceOptions {
  database: ParleyDatabase
  storage: FileStorage
  intake: Intake
  clock: Clock
  log: Logger
  rules(): Promise<IntakeRules>
  /** Asks the channel's provider for the bytes. @throws MediaError */
  fetch(channelId: string, file: InboundFile): Promise<MediaStream>
  /** Shows the message again when `change` says that something changed. */
  changeMessage(work: ParleyWork, messageId: string, change: () => Promise<boolean>): Promise<void>
  /** Has run(fileId) called at this time. */
  schedule(fileId: string, at: Date): void
}

/** Fetches what customers sent from their providers; the message shows each step. */
export class MediaService {
  readonly #options: MediaServiceOptions

  constructor(options: MediaServiceOptions) {
    this.#options = options
  }

  /** One try at a file, unless it is not due or taken. Never throws for what a provider or the file does. */
  async run(fileId: string, signal: AbortSignal): Promise<void> {
    const { database } = this.#options
    const file = await database.transaction((work) => media.claimFile(work, fileId, new Date(work.now.getTime() + claimMs)))
    if (!file) return
    try {
      const fetched = await this.#take(file, AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]))
      await this.#keep(file, fetched)
    } catch (error) {
      if (signal.aborted) await database.transaction((work) => media.postponeFile(work, fileId, work.now))
      else await this.#settle(file, error)
    }
  }

  /** Has a customer's picture fetched; answers its address. Until it is there, the address answers that it is not ready. */
  async storePicture(channelId: string, picture: InboundFile): Promise<string> {
    const { database, schedule } = this.#options
    const id = await database.transaction(async (work) => {
      const row = await media.addPicture(work, channelId, picture, inboundFileName(picture))
      work.afterCommit(() => schedule(row, work.now))
      return row
    })
    return `/api/files/${id}`
  }

  /** Files that are due although no job came for them. */
  async overdue(): Promise<string[]> {
    const { database, clock } = this.#options
    return media.listDueFiles(database.db, new Date(clock.now().getTime() - lostAfterMs), 500)
  }

  /** Fetches a failed file again from the start. @throws AppError 409 NOT_FAILED; 404 */
  async retry(fileId: string): Promise<MessageFile> {
    const { database, schedule } = this.#options
    return database.transaction(async (work) => {
      const file = await repo.findFile(work.trx, fileId)
      if (!file) throw notFound(`File ${fileId}`)
      if (!(await this.#change(work, file, () => media.reviveFile(work, fileId)))) throw errors.fileNotFailed(file.state)
      work.afterCommit(() => schedule(fileId, work.now))
      return toMessageFile({ ...file, size: file.size === null ? null : Number(file.size), state: 'pending', failureReason: null })
    })
  }

  async #take(file: repo.FileRow, signal: AbortSignal): Promise<{ staged: Staged; name: string }> {
    const { intake, fetch, rules } = this.#options
    const source = file.source as unknown as InboundFile | null
    if (!source || file.channel_id === null) throw new Error(`File ${file.id} has nowhere to be fetched from`)
    const limits = await rules()
    if (source.size !== null && source.size > limits.maxBytes) throw errors.fileTooLarge(file.name, limits.maxBytes)
    const fetched = await unlessAborted(fetch(file.channel_id, source), signal)
    const name = source.name === null && fetched.name !== null ? normaliseFileName(fetched.name) : file.name
    const staged = await intake.take({ stream: fetched.stream, name, declaredType: null }, limits, signal)
    return { staged, name: source.name === null ? namedByContent(source, name, staged.type) : name }
  }

  async #keep(file: repo.FileRow, fetched: { staged: Staged; name: string }): Promise<void> {
    const { storage, intake, database } = this.#options
    const { path, type, size, sha256 } = fetched.staged
    try {
      await storage.take(storageKey(file.id), path, { size, type })
    } catch (error) {
      await intake.discard(path)
      throw error
    }
    await database.transaction((work) =>
      this.#change(work, file, () => repo.markReady(work, file.id, { name: fetched.name, type, size, sha256 })),
    )
  }

  /** Decides whether another try can help. */
  async #settle(file: repo.FileRow, error: unknown): Promise<void> {
    const { database, log, schedule } = this.#options
    const failure = describeFailure(error)
    const isFinal = !failure.retry || file.attempts >= maxAttempts
    log.warn(
      { fileId: file.id, code: failure.code, attempt: file.attempts, final: isFinal, err: failure.unexpected ? error : undefined },
      'A file was not fetched',
    )
    await database.transaction(async (work) => {
      if (isFinal) {
        await this.#change(work, file, () => media.markFailed(work, file.id, failure))
        return
      }
      const at = new Date(work.now.getTime() + pause(file.attempts))
      await media.postponeFile(work, file.id, at)
      work.afterCommit(() => schedule(file.id, at))
    })
  }

  /** Applies a change to a file and shows its message again; a picture of a profile has no message. */
  async #change(work: ParleyWork, file: repo.FileRow, change: () => Promise<boolean>): Promise<boolean> {
    const place = await repo.findPlace(work.trx, file.id)
    if (!place) return change()
    let changed = false
    await this.#options.changeMessage(work, place.messageId, async () => {
      changed = await change()
      return changed
    })
    return changed
  }
}

/** Stops waiting when the signal says so; a stream that comes after all is thrown away. */
async function unlessAborted(fetching: Promise<MediaStream>, signal: AbortSignal): Promise<MediaStream> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  fetching.then(
    ({ stream }) => signal.aborted && stream.destroy(),
    () => undefined, // whoever waits has it; nobody does after the abort
  )
  try {
    return await Promise.race([fetching, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

interface Failure {
  code: string
  reason: string
  retry: boolean
  unexpected: boolean
}

const mediaReasons: Record<MediaError['code'], string> = {
  gone: 'The provider no longer has the file.',
  too_large: 'The file is larger than the provider gives out.',
  unauthorized: 'The provider refuses to give the file out; check the credentials of the channel.',
  refused_host: 'The file lies on a server that does not belong to the provider.',
  temporary: 'The provider could not be reached.',
}

function describeFailure(error: unknown): Failure {
  if (error instanceof MediaError) {
    return { code: `media.${error.code}`, reason: mediaReasons[error.code], retry: error.retry, unexpected: false }
  }
  // What the file itself is refused for; no further try makes it better.
  if (error instanceof AppError && error.status < 500) return { code: error.code, reason: error.message, retry: false, unexpected: false }
  if (isBrokenOff(error)) return { code: 'media.broken_off', reason: 'The transfer of the file broke off.', retry: true, unexpected: false }
  return { code: 'media.internal', reason: 'The file could not be stored.', retry: true, unexpected: true }
}

/** A stream that ended early, stood still, or took longer than a try may. */
function isBrokenOff(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    error.name === 'AbortError' ||
    error.name === 'TimeoutError' ||
    code.startsWith('UND_ERR') ||
    code.startsWith('ECONN') ||
    code === 'ABORT_ERR'
  )
}

/** Exponential with jitter, in milliseconds. */
function pause(attempts: number): number {
  const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1))
  return ceiling / 2 + Math.random() * (ceiling / 2)
}

/** "image.jpg" for a file without a name, once its bytes tell what it is. */
function namedByContent(source: InboundFile, name: string, type: string): string {
  return /\.[^.]{1,10}$/.test(name) ? name : inboundFileName({ kind: source.kind, name: null, type })
}
