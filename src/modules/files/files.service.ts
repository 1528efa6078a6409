import type { Readable } from 'node:stream'
import type { UploadedFile } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { sqlState } from '../../platform/db/database.ts'
import { notFound } from '../../platform/errors.ts'
import type { ByteRange, FileStorage } from '../../platform/files/storage.types.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { SendableFile, Viewer } from '../chats/index.ts'
import { deniedExtension } from './deny-list.ts'
import { normaliseFileName } from './file-names.ts'
import * as errors from './files.errors.ts'
import * as repo from './files.repo.ts'
import type { Intake, IntakeRules } from './intake.ts'

/** How long an upload may belong to nothing, in milliseconds. */
const unattachedMs = 24 * 3_600_000
const sweepBatch = 200
const mebibyte = 1024 * 1024

/** Most files of one message, whatever the channel (product reference, "Reply in the chat"). */
const maxFilesPerMessage = 10

/** The settings that files depend on. */
export interface FileSettings {
  get(code: 'MaxFileSize'): Promise<number>
  get(code: 'FileExtensionsDenyList'): Promise<readonly string[]>
}

export interface FileServiceOptions {
  database: ParleyDatabase
  storage: FileStorage
  intake: Intake
  settings: FileSettings
  clock: Clock
  /** Whether the agent may see the chat now. */
  maySee(agent: Viewer, chatId: string): Promise<boolean>
}

/** Who sends a file in: an agent, or a customer of a Simulator channel. */
export type Uploader = { agentId: string } | { channelId: string }

export interface SentFile {
  stream: Readable
  /** As the sender wrote it. */
  name: string
  declaredType: string | null
}

/** A file whose bytes are there. */
export interface ReadyFile {
  id: string
  name: string
  type: string
  /** Bytes. */
  size: number
  sha256: string
}

/** Under which key the storage keeps a file. */
export const storageKey = (fileId: string): string => `${fileId.slice(0, 2)}/${fileId}`

/** Takes uploads in, makes them part of messages, and gives files to those who may see them. */
export class FileService {
  readonly #options: FileServiceOptions

  constructor(options: FileServiceOptions) {
    this.#options = options
  }

  /** What every file must keep to now. */
  async rules(): Promise<IntakeRules> {
    const { settings } = this.#options
    return { maxBytes: (await settings.get('MaxFileSize')) * mebibyte, denied: await settings.get('FileExtensionsDenyList') }
  }

  /**
   * Takes a file in; when it is refused nothing of it is left.
   * @throws AppError 413 FILE_TOO_LARGE, 415 FILE_TYPE_DENIED, 422 FILE_EMPTY, and what the stream fails with
   */
  async upload(sent: SentFile, by: Uploader): Promise<UploadedFile> {
    const { database, intake, storage, clock } = this.#options
    const rules = await this.rules()
    const name = normaliseFileName(sent.name)
    // The name as it was sent: normalising takes away some of what gives a disguise away.
    const denied = deniedExtension({ name: sent.name, declaredType: null, sniffed: null }, rules.denied)
    if (denied !== null) throw errors.fileTypeDenied(name, denied)
    const { path, type, size, sha256 } = await intake.take({ ...sent, name }, rules)
    const owner = { uploadedBy: 'agentId' in by ? by.agentId : null, channelId: 'channelId' in by ? by.channelId : null }
    const id = await repo.insertUpload(database.db, { name, type, ...owner }, clock.now())
    try {
      await storage.take(storageKey(id), path, { size, type })
    } catch (error) {
      await Promise.all([intake.discard(path), repo.deleteUpload(database.db, id)])
      throw errors.storageUnavailable(error)
    }
    await database.transaction((work) => repo.markReady(work, id, { name, type, size, sha256 }))
    return { id, name, size, type, url: `/api/files/${id}` }
  }

  /**
   * The agent's uploads in the given order, as they may be sent now.
   * @throws AppError 422 TOO_MANY_FILES, FILE_NOT_FOUND; 409 FILE_IN_USE; 413 FILE_TOO_LARGE; 415 FILE_TYPE_DENIED
   */
  async sendable(work: ParleyWork, agentId: string, fileIds: readonly string[]): Promise<SendableFile[]> {
    if (fileIds.length === 0) return []
    if (fileIds.length > maxFilesPerMessage) throw errors.tooManyFiles(fileIds.length, maxFilesPerMessage)
    const uploads = new Map((await repo.lockUploads(work, agentId, fileIds)).map((upload) => [upload.id, upload]))
    const rules = await this.rules()
    const seen = new Set<string>()
    return fileIds.map((id) => {
      const upload = uploads.get(id.toLowerCase())
      if (!upload) throw errors.fileNotYours(id)
      const { name, type } = upload
      if (upload.attached || seen.has(upload.id)) throw errors.fileInUse(name)
      seen.add(upload.id)
      // The rules may have become stricter since the upload.
      const extension = deniedExtension({ name, declaredType: type, sniffed: null }, rules.denied)
      if (extension !== null) throw errors.fileTypeDenied(name, extension)
      const size = Number(upload.size)
      if (size > rules.maxBytes) throw errors.fileTooLarge(name, rules.maxBytes)
      return { id: upload.id, name, type, size }
    })
  }

  /** Makes uploads part of a message, in this order. @throws AppError 409 FILE_IN_USE when another message was faster */
  async attach(work: ParleyWork, messageId: string, fileIds: readonly string[]): Promise<void> {
    try {
      await work.attempt(() => repo.attach(work, messageId, fileIds))
    } catch (error) {
      if (sqlState(error) === '23505') throw errors.fileInUse('The file')
      throw error
    }
  }

  /** A file that this agent may read. @throws AppError 404 also for what the agent may not see; 409 FILE_NOT_READY */
  async readable(agent: Viewer, fileId: string): Promise<ReadyFile> {
    const file = await repo.findFile(this.#options.database.db, fileId)
    if (!file || file.state === 'discarded' || !(await this.#mayRead(agent, file))) throw notFound(`File ${fileId}`)
    return readyFile(file)
  }

  /** A file whatever the reader; for those who hold a signed address. @throws AppError 404, 409 FILE_NOT_READY */
  async shared(fileId: string): Promise<ReadyFile> {
    const file = await repo.findFile(this.#options.database.db, fileId)
    if (!file || file.state === 'discarded') throw notFound(`File ${fileId}`)
    return readyFile(file)
  }

  /** The bytes, or a range of them. @throws StoredFileMissing */
  open(file: Pick<ReadyFile, 'id'>, range?: ByteRange): Promise<Readable> {
    return this.#options.storage.open(storageKey(file.id), range)
  }

  /** Whether the agent may see a chat that the file belongs to; its uploader always may. */
  async assertVisible(agent: Viewer, fileId: string): Promise<void> {
    const file = await repo.findFile(this.#options.database.db, fileId)
    if (!file || !(await this.#mayRead(agent, file))) throw notFound(`File ${fileId}`)
  }

  /** Removes uploads that belonged to nothing for a day, and what dead processes left in the staging folder. */
  async sweep(): Promise<void> {
    const { database, storage, intake, clock } = this.#options
    const now = clock.now()
    for (let found = sweepBatch; found === sweepBatch; ) {
      const before = new Date(now.getTime() - unattachedMs)
      const ids = await database.transaction((work) => repo.discardUploads(work, before, sweepBatch))
      for (const id of ids) await storage.delete(storageKey(id))
      await database.transaction((work) => repo.removeDiscarded(work, ids))
      found = ids.length
    }
    await intake.sweep(now)
  }

  async #mayRead(agent: Viewer, file: repo.FileRow): Promise<boolean> {
    const { database, maySee } = this.#options
    if (file.uploaded_by === agent.id) return true
    const place = await repo.findPlace(database.db, file.id)
    // A provider's file without a message is the picture of a contact, which every agent sees.
    if (!place) return file.source !== null
    for (const chatId of await repo.listDescendants(database.db, place.chatId)) if (await maySee(agent, chatId)) return true
    return false
  }
}

function readyFile(file: repo.FileRow): ReadyFile {
  if (file.state !== 'ready' || file.sha256 === null) throw errors.fileNotReady(file.name, file.failure_reason)
  return { id: file.id, name: file.name, type: file.type, size: Number(file.size), sha256: file.sha256 }
}
