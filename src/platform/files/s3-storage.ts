import type { Readable } from 'node:stream'
import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3'
import { Disk } from 'flydrive'
import { S3Driver } from 'flydrive/drivers/s3'
import type { S3Config } from '../config.ts'
import { type ByteRange, type FileStorage, StoredFileMissing } from './storage.types.ts'

/** Files in a bucket of Amazon S3 or a compatible service. */
export function createS3Storage(config: S3Config): FileStorage {
  const client = new S3Client({
    region: config.region,
    ...(config.endpoint === null ? {} : { endpoint: config.endpoint, forcePathStyle: true }),
    ...(config.keys === null ? {} : { credentials: { accessKeyId: config.keys.id, secretAccessKey: config.keys.secret } }),
    // Compatible services know the checksums of newer Amazon clients only in part.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  // Access is decided by Parley: objects stay private, and many services have no ACLs.
  const disk = new Disk(new S3Driver({ client, bucket: config.bucket, visibility: 'private', supportsACL: false }))
  return {
    take: (key, source, { size, type }) => disk.moveFromFs(source, key, { contentLength: size, contentType: type }),
    open: (key, range) => openObject(client, config.bucket, key, range),
    delete: (key) => disk.delete(key),
    close: async () => client.destroy(),
  }
}

/** flydrive reads whole objects only. */
async function openObject(client: S3Client, bucket: string, key: string, range: ByteRange | undefined): Promise<Readable> {
  try {
    const part = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...part }))
    if (Body === undefined) throw new StoredFileMissing(key)
    return Body as Readable
  } catch (error) {
    if (error instanceof NoSuchKey) throw new StoredFileMissing(key, { cause: error })
    throw error
  }
}
