import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

export interface MultipartFile {
  field: string
  name: string
  type: string
  /** Bytes; the stream has to deliver exactly as many. */
  size: number
  open: () => Promise<Readable>
}

export interface MultipartBody {
  headers: Record<string, string>
  body: Readable
  failed: () => boolean
}

/**
 * A multipart/form-data body (RFC 7578) that streams its files and knows its length beforehand, because some
 * providers refuse chunked uploads. Opens the files before anything is written; throws what `open` throws.
 */
export async function encodeMultipart(
  fields: ReadonlyArray<readonly [string, string]>,
  files: readonly MultipartFile[],
): Promise<MultipartBody> {
  const boundary = `parley-${randomUUID()}`
  const fieldParts = fields.map(([name, value]) => Buffer.from(`${disposition(boundary, name)}\r\n\r\n${value}\r\n`))
  const fileHeads = files.map((file) =>
    Buffer.from(
      `${disposition(boundary, file.field)}; filename="${quote(file.name)}"\r\nContent-Type: ${file.type.replace(/[\r\n]/g, '')}\r\n\r\n`,
    ),
  )
  const end = Buffer.from(`--${boundary}--\r\n`)
  const length = [...fieldParts, ...fileHeads, end].reduce((sum, part) => sum + part.length, 0)
  const fileBytes = files.reduce((sum, file) => sum + file.size + 2, 0)
  const streams = await Promise.all(files.map((file) => file.open()))
  let failed = false
  async function* parts(): AsyncGenerator<Buffer> {
    try {
      yield* fieldParts
      for (const [index, file] of files.entries()) {
        yield fileHeads[index] as Buffer
        yield* exactly(streams[index] as Readable, file)
        yield Buffer.from('\r\n')
      }
      yield end
    } catch (error) {
      failed = true
      throw error
    } finally {
      for (const stream of streams) stream.destroy()
    }
  }
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': String(length + fileBytes) },
    body: Readable.from(parts(), { objectMode: false }),
    failed: () => failed,
  }
}

async function* exactly(stream: Readable, file: MultipartFile): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
    size += bytes.length
    if (size > file.size) break
    yield bytes
  }
  if (size !== file.size) throw new Error(`File "${file.name}" delivered ${size} bytes instead of ${file.size}`)
}

function disposition(boundary: string, field: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${quote(field)}"`
}

/** Quotes and line breaks as browsers write them (WHATWG HTML, multipart/form-data encoding). */
function quote(value: string): string {
  return value.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22')
}
