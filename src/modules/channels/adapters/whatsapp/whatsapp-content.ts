import type { FileKind, InboundContent, InboundFile } from '../adapter.ts'
import { id, type Json, num, obj, objects, str, text } from '../json.ts'
import { describeContact, describePlace, describeUnsupported, lines } from '../readable.ts'

interface Said {
  text: string | null
  files?: InboundFile[]
  payload?: string | null
}

/** What a message says, whatever its type. */
export function whatsappContent(message: Json): InboundContent {
  const type = str(message.type) ?? 'unknown'
  const context = obj(message.context)
  const quotedId = text(context?.id)
  const said = contentOf(type, message)
  return {
    type,
    text: lines(text(message.group_id) === null ? null : '[Written in a group]', said.text, referralLine(message), productLine(context)),
    files: said.files ?? [],
    payload: said.payload ?? null,
    quoted: quotedId === null ? null : { externalId: quotedId, text: null },
    forwarded: context?.forwarded === true || context?.frequently_forwarded === true,
    albumId: null,
  }
}

const fileKinds: Record<string, FileKind> = { image: 'image', video: 'video', audio: 'audio', document: 'document', sticker: 'sticker' }

function contentOf(type: string, message: Json): Said {
  const body = obj(message[type])
  const kind = fileKinds[type]
  if (kind && body && text(body.id) !== null) {
    return { text: text(body.caption), files: [fileOf(body, kind === 'audio' && body.voice === true ? 'voice' : kind)] }
  }
  switch (type) {
    case 'text':
      return { text: text(body?.body) }
    case 'location':
      return { text: placeLine(body ?? {}) }
    case 'contacts':
      return { text: lines(...objects(message.contacts).map(contactLine)) }
    case 'button':
      return { text: text(body?.text), payload: text(body?.payload) }
    case 'interactive':
      return interactive(body ?? {})
    case 'order':
      return { text: orderLine(body ?? {}) }
    default:
      return { text: unsupportedLine(type, message) }
  }
}

function fileOf(body: Json, kind: FileKind): InboundFile {
  return {
    // The address in the webhook lives five minutes; the id gives a fresh one for seven days.
    source: { by: 'id', id: str(body.id) ?? '' },
    kind,
    name: text(body.filename),
    type: text(body.mime_type),
    size: num(body.file_size),
    sha256: text(body.sha256),
  }
}

function placeLine(body: Json): string {
  const place = {
    latitude: num(body.latitude) ?? 0,
    longitude: num(body.longitude) ?? 0,
    name: text(body.name),
    address: text(body.address),
  }
  return describePlace(place)
}

function contactLine(card: Json): string {
  const name = obj(card.name)
  return describeContact({
    name: text(name?.formatted_name) ?? text(name?.first_name),
    phones: objects(card.phones).flatMap((phone) => text(phone.phone) ?? id(phone.wa_id) ?? []),
    emails: objects(card.emails).flatMap((email) => text(email.email) ?? []),
    organisation: text(obj(card.org)?.company),
  })
}

function interactive(body: Json): Said {
  const reply = obj(body.button_reply) ?? obj(body.list_reply)
  if (reply) {
    const title = text(reply.title)
    const description = text(reply.description)
    return { text: description === null ? title : `${title ?? ''} (${description})`, payload: text(reply.id) }
  }
  const form = obj(body.nfm_reply)
  if (form)
    return { text: lines(text(form.body) ?? 'Filled in a form', ...formLines(str(form.response_json))), payload: text(form.response_json) }
  return { text: describeUnsupported('WhatsApp', `interactive ${str(body.type) ?? ''}`.trim()) }
}

/** The answers of a WhatsApp Flow; its token is for machines. */
function formLines(json: string | null): string[] {
  let answers: unknown
  try {
    answers = JSON.parse(json ?? '{}')
  } catch {
    // The customer's app made this text: a form that does not parse is shown as it is.
    return json === null ? [] : [json]
  }
  return Object.entries(obj(answers) ?? {})
    .filter(([key]) => key !== 'flow_token')
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

function orderLine(order: Json): string | null {
  const items = objects(order.product_items).map((item) => {
    const price = [id(item.item_price), text(item.currency)].filter((part) => part !== null).join(' ')
    return `${id(item.quantity) ?? '1'} × ${id(item.product_retailer_id) ?? 'product'}${price === '' ? '' : ` (${price})`}`
  })
  return lines('🛒 Order', ...items, text(order.text))
}

function unsupportedLine(type: string, message: Json): string {
  const error = objects(message.errors)[0]
  if (num(error?.code) === 131052) return '[The customer sent a file larger than 100 MB, which WhatsApp does not hand over]'
  return describeUnsupported('WhatsApp', text(obj(message.unsupported)?.type) ?? type)
}

function referralLine(message: Json): string | null {
  const referral = obj(message.referral)
  if (!referral) return null
  const what = [text(referral.headline), text(referral.source_url)].filter((part) => part !== null).join(' ')
  return `[Came from an ad${what === '' ? '' : `: ${what}`}]`
}

function productLine(context: Json | null): string | null {
  const product = id(obj(context?.referred_product)?.product_retailer_id)
  return product === null ? null : `[About the product ${product}]`
}
