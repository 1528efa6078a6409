import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../platform/errors.ts'
import * as errors from './files.errors.ts'
import type { SentFile } from './files.service.ts'

/** How much of a refused upload is read on, so that its sender gets to read the refusal, in bytes. */
const drainedBytes = 16 * 1024 * 1024

/**
 * Hands the first file of a multipart form to `take`, as a stream, and answers what that makes of it. The rest of a
 * refused upload is thrown away, up to a limit; then the connection is cut.
 * @throws AppError 415, 400 FILE_MISSING, UPLOAD_CUT_OFF, and what `take` throws
 */
export async function takeUpload<T>(request: FastifyRequest, reply: FastifyReply, take: (file: SentFile) => Promise<T>): Promise<T> {
  assertMultipart(request)
  try {
    // The size is enforced by whoever reads the stream, with the limit that is in force.
    const part = await request.file({ limits: { fileSize: Number.POSITIVE_INFINITY, files: 1, parts: 10 }, throwFileSizeLimit: false })
    if (!part) throw errors.fileMissing()
    return await take({ stream: part.file, name: unquoted(part.filename ?? ''), declaredType: part.mimetype ?? null })
  } catch (error) {
    drain(request, reply)
    if (request.raw.aborted || isCutOff(error)) throw errors.uploadCutOff(error)
    throw error
  }
}

/** @throws AppError 415 when the body is no form with files */
export function assertMultipart(request: FastifyRequest): void {
  if (!request.isMultipart()) throw errors.notMultipart()
}

/** Browsers write quotes and line breaks of a name so (WHATWG HTML, multipart/form-data encoding). */
function unquoted(name: string): string {
  return name.replace(/%22/g, '"').replace(/%0[DA]/gi, ' ')
}

/** The body ended before the form did: the sender broke off or never wrote the last boundary. */
function isCutOff(error: unknown): boolean {
  if (error instanceof AppError || !(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    code === 'FST_PREMATURE_CLOSE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || /terminated early|unexpected end of/i.test(error.message)
  )
}

function drain(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  if (raw.readableEnded || raw.destroyed) return
  reply.header('connection', 'close')
  let read = 0
  raw.unpipe()
  raw.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read > drainedBytes) raw.socket.destroy()
  })
  raw.resume()
}
