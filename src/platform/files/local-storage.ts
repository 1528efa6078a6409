import { open } from 'node:fs/promises'
import path from 'node:path'
import { Disk } from 'flydrive'
import { FSDriver } from 'flydrive/drivers/fs'
import { type ByteRange, type FileStorage, StoredFileMissing } from './storage.types.ts'

/** Files in a folder of this machine. */
export function createLocalStorage(folder: string): FileStorage {
  const disk = new Disk(new FSDriver({ location: folder, visibility: 'private' }))
  return {
    take: (key, source) => disk.moveFromFs(source, key),
    open: (key, range) => openPart(path.join(folder, key), key, range),
    delete: (key) => disk.delete(key),
    close: async () => undefined,
  }
}

/** flydrive reads whole files only. Opened first, so that a missing file is known before anything is answered. */
async function openPart(file: string, key: string, range: ByteRange | undefined) {
  try {
    const handle = await open(file, 'r')
    return handle.createReadStream({ ...range, autoClose: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new StoredFileMissing(key, { cause: error })
    throw error
  }
}
