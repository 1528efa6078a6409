import type { Chat } from '../../contracts/chats.ts'
import { fileSize } from '../ui/file-size.ts'

export type Restrictions = Pick<Chat['restrictions'], 'maxFiles' | 'maxFileSize' | 'fileTypes'>

/** What is known of a file before or after its upload. */
export interface FileFacts {
  name: string
  /** Bytes. */
  size: number
  /** MIME type; empty when the browser does not know it. */
  type: string
}

/** Whether a pattern such as `image/*` or `application/pdf` covers a MIME type. */
export function coversType(pattern: string, type: string): boolean {
  if (pattern === '*/*') return true
  const plain = type.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return pattern.endsWith('/*') ? plain.startsWith(pattern.slice(0, -1)) : plain === pattern
}

function extensionOf(name: string): string {
  const at = name.lastIndexOf('.')
  return at <= 0 ? '' : name.slice(at + 1).toLowerCase()
}

/**
 * Why the channel or the system refuses a file, as a sentence that names file and limit; null when nothing speaks against
 * it. The server checks again by the content.
 */
export function whyRefused(file: FileFacts, restrictions: Restrictions, deniedExtensions: readonly string[]): string | null {
  const extension = extensionOf(file.name)
  if (deniedExtensions.includes(extension)) return `${file.name}: files of the type .${extension} are not allowed.`
  if (file.size === 0) return `${file.name} is empty.`
  const rule = file.type === '' ? undefined : restrictions.fileTypes.find(({ type }) => coversType(type, file.type))
  if (file.type !== '' && !rule && restrictions.fileTypes.length > 0) {
    return `${file.name}: this channel does not take files of the type ${file.type}.`
  }
  const limit = Math.min(rule?.maxSize ?? Number.POSITIVE_INFINITY, restrictions.maxFileSize)
  return file.size > limit ? `${file.name} has ${fileSize(file.size)}; at most ${fileSize(limit)} can be sent here.` : null
}

/** What may be attached, in a few words. */
export function limitsText({ maxFiles, maxFileSize }: Restrictions): string {
  return `Up to ${maxFiles} ${maxFiles === 1 ? 'file' : 'files'} of ${fileSize(maxFileSize)}`
}
