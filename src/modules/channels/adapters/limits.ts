import type { ChannelLimits, FileKind, InboundFile, OutboundFile, TypeLimit } from './adapter.ts'

export const KiB = 1024
export const MiB = 1024 * 1024

export type LimitProblem =
  | { code: 'TEXT_TOO_LONG'; length: number; limit: number }
  | { code: 'TOO_MANY_FILES'; count: number; limit: number }
  | { code: 'FILE_TYPE_DENIED'; fileId: string; fileName: string; type: string }
  | { code: 'FILE_TOO_LARGE'; fileId: string; fileName: string; size: number; limit: number }
  | { code: 'FILES_TOO_LARGE'; size: number; limit: number }

type MeasuredFile = Pick<OutboundFile, 'id' | 'name' | 'type' | 'size'>

/** Everything about a message that the channel would refuse, so that it is refused before anything is sent; sizes in bytes. */
export function checkMessage(limits: ChannelLimits, message: { text: string | null; files: readonly MeasuredFile[] }): LimitProblem[] {
  const problems: LimitProblem[] = []
  const length = message.text?.length ?? 0
  if (length > limits.maxTextLength) problems.push({ code: 'TEXT_TOO_LONG', length, limit: limits.maxTextLength })
  if (message.files.length > limits.maxFilesPerMessage) {
    problems.push({ code: 'TOO_MANY_FILES', count: message.files.length, limit: limits.maxFilesPerMessage })
  }
  for (const file of message.files) {
    const limit = limitFor(limits, file.type)
    if (!limit) problems.push({ code: 'FILE_TYPE_DENIED', fileId: file.id, fileName: file.name, type: file.type })
    else if (file.size > limit.maxBytes) {
      problems.push({ code: 'FILE_TOO_LARGE', fileId: file.id, fileName: file.name, size: file.size, limit: limit.maxBytes })
    }
  }
  const total = message.files.reduce((sum, file) => sum + file.size, 0)
  if (limits.maxTotalBytes !== null && total > limits.maxTotalBytes) {
    problems.push({ code: 'FILES_TOO_LARGE', size: total, limit: limits.maxTotalBytes })
  }
  return problems
}

/** The limit for a MIME type, or null when the channel does not take such files. */
export function limitFor(limits: ChannelLimits, type: string): TypeLimit | null {
  const plain = plainType(type)
  return limits.fileTypes.find((entry) => matches(entry.type, plain)) ?? null
}

/** A MIME type without parameters, in lower case. */
export function plainType(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase()
}

function matches(pattern: string, type: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/** Which sort of file a MIME type is for a customer's app. */
export function kindOf(type: string | null): FileKind {
  const plain = plainType(type ?? '')
  if (plain.startsWith('image/')) return 'image'
  if (plain.startsWith('audio/')) return 'audio'
  if (plain.startsWith('video/')) return 'video'
  return 'document'
}

const extensions: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'video/webm': 'webm',
  'application/pdf': 'pdf',
  'application/x-tgsticker': 'tgs',
  'text/vcard': 'vcf',
}

/** The customer's file name, or one made of kind and type ("voice.ogg") when the provider gives none. */
export function inboundFileName(file: Pick<InboundFile, 'kind' | 'name' | 'type'>): string {
  if (file.name) return file.name
  const extension = extensions[plainType(file.type ?? '')]
  return extension ? `${file.kind}.${extension}` : file.kind
}
