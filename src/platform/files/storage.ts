import type { S3Config } from '../config.ts'
import { createLocalStorage } from './local-storage.ts'
import type { FileStorage } from './storage.types.ts'

/** The bucket when one is configured, else a folder. The client of S3 is loaded only when it is used. */
export async function createFileStorage(options: { folder: string; s3: S3Config | null }): Promise<FileStorage> {
  if (options.s3 === null) return createLocalStorage(options.folder)
  const { createS3Storage } = await import('./s3-storage.ts')
  return createS3Storage(options.s3)
}
