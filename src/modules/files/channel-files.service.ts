import { randomUUID } from 'node:crypto'
import type { MessageFile } from '../../contracts/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { type InboundFile, inboundFileName, type OutboundFile, type PreparedFiles } from '../channels/index.ts'
import { toMessageFile } from '../chats/index.ts'
import type { FileLinks } from './file-links.ts'
import { normaliseFileName } from './file-names.ts'
import * as repo from './files.repo.ts'
import type { FileService } from './files.service.ts'
import * as media from './media.repo.ts'

/** Of files whose sender tells no type; the bytes tell it once they are here. */
const unknownType = 'application/octet-stream'

export interface ChannelFilesOptions {
  database: ParleyDatabase
  files: FileService
  links: FileLinks
  /** Origin under which providers reach this server; null when they cannot. */
  publicUrl: string | null
  clock: Clock
  /** Has a file fetched at this time. */
  schedule(fileId: string, at: Date): void
}

/** Files as channels need them: to be sent, to be shown to simulated customers, and what those uploaded. */
export class ChannelFiles {
  readonly #options: ChannelFilesOptions

  constructor(options: ChannelFilesOptions) {
    this.#options = options
  }

  /** The files of an outgoing message, in order, with addresses that providers can fetch from now. */
  async outbound(messageId: string): Promise<OutboundFile[]> {
    const { database, files, links, publicUrl } = this.#options
    const rows = await repo.listOfMessages(database.db, [messageId])
    return Promise.all(
      rows.map(async ({ id, name, type, size }) => ({
        id,
        name,
        type,
        size: Number(size),
        publicUrl: publicUrl === null ? null : publicUrl + (await links.pathOf({ id, name })),
        open: () => files.open({ id }),
      })),
    )
  }

  /** The files of messages by message, with signed addresses for the customer. */
  async shown(messageIds: readonly string[]): Promise<Map<string, MessageFile[]>> {
    const { database, links } = this.#options
    const shown = new Map<string, MessageFile[]>()
    for (const row of await repo.listOfMessages(database.db, messageIds)) {
      const { id, name, type, size, state, failure_reason: failureReason } = row
      if (state === 'discarded') continue
      const file = {
        id,
        name,
        type,
        size: size === null ? null : Number(size),
        state,
        failureReason,
        url: await links.pathOf({ id, name }),
      }
      shown.set(row.message_id, [...(shown.get(row.message_id) ?? []), file])
    }
    return shown
  }

  /**
   * Gives the files of an inbound message their ids and names, so that it can be shown before they are here.
   * @throws AppError 422 FILE_NOT_FOUND, 409 FILE_IN_USE for uploads of simulated customers
   */
  async prepare(channelId: string, externalId: string, files: readonly InboundFile[]): Promise<PreparedFiles> {
    const known = files.some(({ source }) => source.by === 'stored') ? await this.#uploaded(channelId, externalId, files) : files
    const described = known.map((file) => ({ ...file, id: randomUUID(), shownName: normaliseFileName(inboundFileName(file)) }))
    return {
      described,
      shown: described.map(({ id, shownName, source, size, type }) => {
        const stored = source.by === 'stored'
        const fileId = stored ? source.fileId : id
        const state = stored ? 'ready' : 'pending'
        return toMessageFile({ id: fileId, name: shownName, size, type: type ?? unknownType, state, failureReason: null })
      }),
      fetch: () => {
        for (const { id, source } of described) if (source.by !== 'stored') this.#options.schedule(id, this.#options.clock.now())
      },
    }
  }

  /** What a simulated customer uploaded, completed by what is known of it. */
  async #uploaded(channelId: string, externalId: string, files: readonly InboundFile[]): Promise<InboundFile[]> {
    const ids = files.flatMap(({ source }) => (source.by === 'stored' ? [source.fileId] : []))
    if (!ids.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))) throw unknownUpload()
    const rows = new Map((await media.listChannelUploads(this.#options.database.db, channelId, ids)).map((row) => [row.id, row]))
    if (new Set(ids).size < ids.length) throw usedUpload()
    return files.map((file) => {
      if (file.source.by !== 'stored') return file
      const row = rows.get(file.source.fileId)
      if (!row) throw unknownUpload()
      if (row.external_id !== null && row.external_id !== externalId) throw usedUpload()
      return { ...file, name: row.name, type: row.type, size: Number(row.size) }
    })
  }
}

const unknownUpload = () => new AppError('FILE_NOT_FOUND', 422, 'A file of the message was not uploaded to this channel.')
const usedUpload = () => new AppError('FILE_IN_USE', 409, 'A file of the message belongs to another message already.')
