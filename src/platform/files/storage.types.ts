import type { Readable } from 'node:stream'

/** Bytes `start` to `end`, both included, from 0. */
export interface ByteRange {
  start: number
  end: number
}

/** Keeps the bytes of files under keys; knows nothing of what they are. */
export interface FileStorage {
  /** Stores a local file under the key, in place of what is there, and removes the local file. */
  take(key: string, path: string, meta: { size: number; type: string }): Promise<void>
  /** The bytes from the beginning, or of the range. @throws StoredFileMissing */
  open(key: string, range?: ByteRange): Promise<Readable>
  /** A key that holds nothing is no error. */
  delete(key: string): Promise<void>
  close(): Promise<void>
}

/** The bytes of a file that the database knows are not in the storage. */
export class StoredFileMissing extends Error {
  override name = 'StoredFileMissing'

  constructor(key: string, options?: ErrorOptions) {
    super(`The storage holds nothing under ${key}`, options)
  }
}
