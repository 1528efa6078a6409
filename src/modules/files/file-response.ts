import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../platform/errors.ts'
import { type ByteRange, StoredFileMissing } from '../../platform/files/storage.types.ts'
import type { FileService, ReadyFile } from './files.service.ts'

/** Types a browser may show in place: pictures in which nothing runs. */
const shownInPlace = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** How long the reader's own browser may keep a file without asking again, in seconds. */
const cacheS = 600

/**
 * Answers with a file: pictures in place, all else as an attachment, whole or a range of it (RFC 9110 section 14). The
 * content policy lets nothing run even if a browser is talked into showing it.
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  files: Pick<FileService, 'open'>,
  file: ReadyFile,
  options: { download: boolean },
): Promise<FastifyReply> {
  const etag = `"${file.sha256}"`
  const disposition = shownInPlace.has(file.type) && !options.download ? 'inline' : 'attachment'
  reply
    .header('content-disposition', contentDisposition(disposition, file.name))
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
    .header('cache-control', `private, max-age=${cacheS}`)
    .header('accept-ranges', 'bytes')
    .header('etag', etag)
  if (request.headers['if-none-match']?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) return reply.code(304).send()
  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, file.size) : null
  if (range === 'unsatisfiable') throw unsatisfiable(reply, file.size)
  reply.type(file.type)
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`)
  reply.header('content-length', range ? range.end - range.start + 1 : file.size)
  // An empty stream keeps the length of what GET would give.
  if (request.method === 'HEAD') return reply.send(Readable.from([]))
  return reply.send(await openOrRefuse(reply, files, file, range ?? undefined))
}

async function openOrRefuse(reply: FastifyReply, files: Pick<FileService, 'open'>, file: ReadyFile, range: ByteRange | undefined) {
  try {
    return await files.open(file, range)
  } catch (error) {
    for (const name of ['content-length', 'content-disposition', 'content-range', 'etag']) reply.removeHeader(name)
    if (error instanceof StoredFileMissing) throw new AppError('FILE_LOST', 410, `The content of ${file.name} is lost.`, { cause: error })
    throw error
  }
}

function unsatisfiable(reply: FastifyReply, size: number): AppError {
  reply.header('content-range', `bytes */${size}`).removeHeader('content-disposition').removeHeader('etag')
  return new AppError('RANGE_NOT_SATISFIABLE', 416, `The file has ${size} bytes.`)
}

/** One range of bytes; null for none, several (which may be ignored) or a malformed one. */
function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [, from = '', to = ''] = match
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null
  return start > end || start >= size ? 'unsatisfiable' : { start, end }
}

/** RFC 6266: an ASCII name for old clients, the real one in UTF-8 beside it. */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/g, '_')
    .replace(/["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
