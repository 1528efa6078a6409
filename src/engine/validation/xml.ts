import { error, type Finding } from './finding.ts'

/** Largest definition accepted, in bytes of UTF-8. */
export const maxBytes = 1024 * 1024
/** Deepest nesting of XML elements; a drawn process needs about ten. */
export const maxDepth = 64
/** Most XML elements, so that later passes stay short; the largest allowed process needs about two thousand. */
export const maxElements = 20_000

/** An XML element with the place where its tag begins (line and column are 1-based). */
export interface XmlElement {
  /** As written, with its prefix. */
  name: string
  namespace: string
  local: string
  /** By name as written. */
  attributes: Map<string, string>
  id: string | null
  /** Text directly inside the element. */
  text: string
  parent: XmlElement | null
  offset: number
  line: number
  column: number
  /** Namespaces by prefix in force inside this element. */
  namespaces: ReadonlyMap<string, string>
}

export interface XmlDocument {
  root: XmlElement
  /** All elements in document order. */
  elements: XmlElement[]
  /** First element of each id. */
  byId: Map<string, XmlElement>
}

class NotXml extends Error {
  readonly rule: string
  readonly offset: number
  readonly hint: string
  constructor(rule: string, offset: number, message: string, hint: string) {
    super(message)
    this.rule = rule
    this.offset = offset
    this.hint = hint
  }
}

/**
 * Reads XML into elements with positions and refuses what no definition needs: document types, entities,
 * nesting or sizes that only an attack has. Not a validating parser; the BPMN reader sees the file afterwards.
 */
export function readXml(xml: string): { document: XmlDocument | null; findings: Finding[] } {
  const bytes = Buffer.byteLength(xml)
  if (bytes > maxBytes) {
    const message = `The file has ${bytes} bytes; at most ${maxBytes} are accepted.`
    return { document: null, findings: [error('file-size', null, message, 'Split the process or remove embedded data.')] }
  }
  const lines = new LineIndex(xml)
  try {
    return { document: new Reader(xml, lines).read(), findings: [] }
  } catch (cause) {
    if (!(cause instanceof NotXml)) throw cause
    const place: XmlElement = {
      ...{ name: '', namespace: '', local: '', attributes: new Map(), id: null, text: '', parent: null, namespaces: new Map() },
      offset: cause.offset,
      ...lines.at(cause.offset),
    }
    return { document: null, findings: [error(cause.rule, place, cause.message, cause.hint)] }
  }
}

class LineIndex {
  readonly #starts = [0]
  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  at(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 }
  }
}

const nameToken = /[\p{L}_][\p{L}\p{N}_.-]*(?::[\p{L}_][\p{L}\p{N}_.-]*)?/uy
const space = /[ \t\r\n]*/y
const predefined: Record<string, string> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' }
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML forbids
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

class Reader {
  readonly #xml: string
  readonly #lines: LineIndex
  readonly #elements: XmlElement[] = []
  readonly #byId = new Map<string, XmlElement>()
  #open: XmlElement | null = null
  #depth = 0
  #at = 0

  constructor(xml: string, lines: LineIndex) {
    this.#xml = xml
    this.#lines = lines
  }

  read(): XmlDocument {
    const bad = forbidden.exec(this.#xml)
    if (bad) this.#fail(bad.index, 'A control character is not allowed in XML.', 'Remove the character.')
    if (this.#xml.charCodeAt(0) === 0xfeff) this.#at = 1
    while (this.#at < this.#xml.length) this.#next()
    if (this.#open) this.#fail(this.#open.offset, `<${this.#open.name}> is never closed.`, `Add </${this.#open.name}>.`)
    const root = this.#elements[0]
    if (!root) this.#fail(0, 'The file holds no XML element.', 'Upload a BPMN 2.0 XML file.')
    return { root, elements: this.#elements, byId: this.#byId }
  }

  #next(): void {
    const xml = this.#xml
    const at = this.#at
    if (xml[at] !== '<') this.#readText()
    else if (xml.startsWith('<!--', at)) this.#skipTo('-->', 4)
    else if (xml.startsWith('<![CDATA[', at)) this.#readCdata()
    else if (xml.startsWith('<?', at)) this.#skipTo('?>', 2)
    else if (xml.startsWith('<!', at)) this.#failDocumentType(at)
    else if (xml.startsWith('</', at)) this.#readEndTag()
    else this.#readStartTag()
  }

  #skipTo(end: string, from: number): number {
    const found = this.#xml.indexOf(end, this.#at + from)
    if (found < 0) this.#fail(this.#at, `"${this.#xml.slice(this.#at, this.#at + from)}" is never closed.`, `Add "${end}".`)
    this.#at = found + end.length
    return found
  }

  #readCdata(): void {
    const start = this.#at
    const open = this.#open
    if (!open) this.#fail(start, 'Text stands outside the root element.', 'Remove it.')
    open.text += this.#xml.slice(start + 9, this.#skipTo(']]>', 9))
  }

  #readText(): void {
    const start = this.#at
    const found = this.#xml.indexOf('<', start)
    this.#at = found < 0 ? this.#xml.length : found
    const text = this.#xml.slice(start, this.#at)
    if (this.#open) this.#open.text += this.#decode(text, start)
    else if (text.trim() !== '') this.#fail(start, 'Text stands outside the root element.', 'Upload a BPMN 2.0 XML file.')
  }

  #readEndTag(): void {
    const start = this.#at
    this.#at += 2
    const name = this.#readName()
    this.#skipSpace()
    if (this.#xml[this.#at] !== '>') this.#fail(start, `</${name} is not closed.`, 'Add ">".')
    if (this.#open?.name !== name) {
      const expected = this.#open ? `</${this.#open.name}> was expected` : 'nothing is open'
      this.#fail(start, `</${name}> closes nothing: ${expected}.`, 'Close the elements in the order they were opened.')
    }
    this.#at += 1
    this.#depth -= 1
    this.#open = this.#open?.parent ?? null
  }

  #readStartTag(): void {
    const offset = this.#at
    this.#at += 1
    const name = this.#readName()
    const attributes = this.#readAttributes(name)
    if (!this.#open && this.#elements.length > 0) this.#fail(offset, 'The file has a second root element.', 'Keep one <definitions>.')
    const element = this.#makeElement(offset, name, attributes)
    if (this.#xml[this.#at] === '/') {
      this.#at += 2
      return
    }
    this.#at += 1
    this.#open = element
    this.#depth += 1
    if (this.#depth > maxDepth) {
      throw new NotXml('file-nesting', offset, `Elements are nested more than ${maxDepth} deep.`, 'Flatten the sub-processes.')
    }
  }

  #makeElement(offset: number, name: string, attributes: Map<string, string>): XmlElement {
    const namespaces = this.#namespaces(attributes)
    const { namespace, local } = this.#resolve(name, namespaces, offset)
    for (const attribute of attributes.keys()) if (attribute.includes(':')) this.#resolve(attribute, namespaces, offset)
    const id = attributes.get('id') ?? null
    const place = this.#lines.at(offset)
    const element: XmlElement = { name, namespace, local, attributes, id, text: '', parent: this.#open, offset, ...place, namespaces }
    this.#elements.push(element)
    if (this.#elements.length > maxElements) {
      throw new NotXml('file-elements', offset, `The file has more than ${maxElements} XML elements.`, 'Split the process.')
    }
    if (id !== null && !this.#byId.has(id)) this.#byId.set(id, element)
    return element
  }

  #namespaces(attributes: Map<string, string>): ReadonlyMap<string, string> {
    const outer = this.#open?.namespaces ?? new Map([['xml', 'http://www.w3.org/XML/1998/namespace']])
    let inner: Map<string, string> | null = null
    for (const [name, value] of attributes) {
      if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue
      inner ??= new Map(outer)
      inner.set(name.slice(6), value)
    }
    return inner ?? outer
  }

  #resolve(name: string, namespaces: ReadonlyMap<string, string>, offset: number): { namespace: string; local: string } {
    const colon = name.indexOf(':')
    const prefix = colon < 0 ? '' : name.slice(0, colon)
    const namespace = namespaces.get(prefix)
    if (namespace === undefined && prefix !== '' && prefix !== 'xmlns') {
      this.#fail(offset, `The namespace prefix "${prefix}" of "${name}" is not declared.`, `Add xmlns:${prefix}="…" to <definitions>.`)
    }
    return { namespace: namespace ?? '', local: name.slice(colon + 1) }
  }

  #readAttributes(tag: string): Map<string, string> {
    const attributes = new Map<string, string>()
    for (;;) {
      const before = this.#at
      this.#skipSpace()
      const character = this.#xml[this.#at]
      if (character === '>' || (character === '/' && this.#xml[this.#at + 1] === '>')) return attributes
      if (character === undefined) this.#fail(before, `<${tag} is not closed.`, 'Add ">".')
      if (before === this.#at) this.#fail(before, `<${tag}> has no space before an attribute.`, 'Separate attributes by a space.')
      const at = this.#at
      const name = this.#readName()
      if (attributes.has(name)) this.#fail(at, `<${tag}> has the attribute "${name}" twice.`, 'Keep one of them.')
      attributes.set(name, this.#readValue(name))
    }
  }

  #readValue(name: string): string {
    this.#skipSpace()
    if (this.#xml[this.#at] !== '=') this.#fail(this.#at, `The attribute "${name}" has no value.`, `Write ${name}="…".`)
    this.#at += 1
    this.#skipSpace()
    const quote = this.#xml[this.#at]
    if (quote !== '"' && quote !== "'") this.#fail(this.#at, `The value of "${name}" is not quoted.`, `Write ${name}="…".`)
    const start = this.#at + 1
    const end = this.#xml.indexOf(quote, start)
    if (end < 0) this.#fail(start, `The value of "${name}" is never closed.`, `Add ${quote}.`)
    this.#at = end + 1
    const raw = this.#xml.slice(start, end)
    const less = raw.indexOf('<')
    if (less >= 0) this.#fail(start + less, `The value of "${name}" holds "<".`, 'Write &lt; instead.')
    return this.#decode(raw, start)
  }

  #readName(): string {
    nameToken.lastIndex = this.#at
    const name = nameToken.exec(this.#xml)?.[0]
    if (name === undefined) this.#fail(this.#at, 'A name was expected here.', 'Write "<" as &lt; in text.')
    this.#at += name.length
    return name
  }

  #skipSpace(): void {
    space.lastIndex = this.#at
    this.#at += space.exec(this.#xml)?.[0].length ?? 0
  }

  #decode(text: string, offset: number): string {
    if (!text.includes('&')) return text
    return text.replace(/&([^;&\s]{0,32};?)/g, (whole, body: string, index: number) => {
      const value = decodeReference(body)
      if (value !== null) return value
      if (body.endsWith(';') && /^[\p{L}_]/u.test(body)) {
        throw new NotXml('xml-dtd', offset + index, `The entity ${whole} is not accepted.`, 'Write the character itself.')
      }
      return this.#fail(offset + index, '"&" begins no known character reference.', 'Write "&" as &amp;.')
    })
  }

  #failDocumentType(at: number): never {
    throw new NotXml('xml-dtd', at, 'Document types and entities are not accepted.', 'Remove the <!DOCTYPE …> declaration.')
  }

  #fail(offset: number, message: string, hint: string): never {
    throw new NotXml('xml-syntax', offset, message, hint)
  }
}

function decodeReference(body: string): string | null {
  if (!body.endsWith(';')) return null
  const reference = body.slice(0, -1)
  const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(reference)
  if (!number) return Object.hasOwn(predefined, reference) ? (predefined[reference] ?? null) : null
  const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null
  const character = String.fromCodePoint(code)
  return forbidden.test(character) ? null : character
}
