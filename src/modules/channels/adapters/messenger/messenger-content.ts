import type { FileKind, InboundContent, InboundFile } from '../adapter.ts'
import { id, type Json, num, obj, objects, str, text } from '../json.ts'
import { describePlace, describeUnsupported, lines } from '../readable.ts'

/** Plain text without anything attached. */
export function textContent(type: string, line: string | null): InboundContent {
  return { type, text: line, files: [], payload: null, quoted: null, forwarded: false, albumId: null }
}

/** A button of the page that the customer pressed. */
export function postbackContent(postback: Json): InboundContent {
  return { ...textContent('postback', text(postback.title) ?? text(postback.payload)), payload: text(postback.payload) }
}

/** What a message says, with everything attached to it. */
export function messengerContent(message: Json): InboundContent {
  const attachments = withoutStickerTwins(objects(message.attachments))
  const said = text(message.text)
  const extra = attachments.flatMap((attachment) => describe(attachment, said) ?? [])
  const files = attachments.flatMap((attachment) => fileOf(attachment) ?? [])
  const quotedId = text(obj(message.reply_to)?.mid)
  const line = lines(said, ...extra)
  return {
    type: str(attachments[0]?.type) ?? 'text',
    text: line === null && files.length === 0 ? describeUnsupported('Messenger', 'content not shared with apps') : line,
    files,
    payload: text(obj(message.quick_reply)?.payload) ?? text(obj(message.referral)?.ref),
    quoted: quotedId === null ? null : { externalId: quotedId, text: null },
    forwarded: false,
    albumId: null,
  }
}

/** Until 30 August 2026 a sticker came as an image too. */
function withoutStickerTwins(attachments: Json[]): Json[] {
  if (!attachments.some((attachment) => attachment.type === 'sticker')) return attachments
  return attachments.filter((attachment) => attachment.type !== 'image' || id(obj(attachment.payload)?.sticker_id) === null)
}

const kinds: Record<string, FileKind> = { image: 'image', video: 'video', audio: 'audio', file: 'document', sticker: 'sticker' }

function fileOf(attachment: Json): InboundFile | null {
  const payload = obj(attachment.payload)
  const url = text(payload?.url)
  const kind = kinds[str(attachment.type) ?? '']
  if (!kind || url === null) return null
  const isSticker = id(payload?.sticker_id) !== null
  return { source: { by: 'url', url }, kind: isSticker ? 'sticker' : kind, name: nameIn(url), type: null, size: null, sha256: null }
}

/** The last part of the address, if it looks like a file's name. */
function nameIn(url: string): string | null {
  if (!URL.canParse(url)) return null
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  if (!/^[^/]+\.[A-Za-z0-9]{1,5}$/.test(last)) return null
  try {
    return decodeURIComponent(last)
  } catch {
    // A stray percent sign: the name is good enough as it stands.
    return last
  }
}

/** The line for an attachment that is no file; null for files. `said` keeps a link from being shown twice. */
function describe(attachment: Json, said: string | null): string | null {
  const type = str(attachment.type) ?? 'unknown'
  const payload = obj(attachment.payload)
  const url = text(payload?.url) ?? text(attachment.url) ?? text(attachment.URL)
  const title = text(payload?.title) ?? text(attachment.title)
  if (kinds[type] && url !== null) return null
  if (type === 'location') return placeLine(payload, title)
  if (type === 'template') return templateLine(payload, title)
  if (type === 'fallback' || type === 'share' || type === 'reel' || type === 'ig_reel' || type === 'post') {
    const link = url !== null && said?.includes(url) ? null : url
    return lines(title, link) ?? (said === null ? describeUnsupported('Messenger', type) : null)
  }
  return lines(describeUnsupported('Messenger', type), title, url)
}

function placeLine(payload: Json | null, title: string | null): string {
  const at = obj(payload?.coordinates)
  return describePlace({ latitude: num(at?.lat) ?? 0, longitude: num(at?.long) ?? 0, name: title, address: null })
}

function templateLine(payload: Json | null, title: string | null): string {
  const elements = objects(payload?.elements).flatMap((element) => lines(text(element.title), text(element.subtitle)) ?? [])
  const line = lines(title, text(payload?.text), ...elements)
  return line ?? describeUnsupported('Messenger', 'template')
}
