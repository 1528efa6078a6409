import { open } from 'node:fs/promises'
import { fileTypeFromFile } from 'file-type'
import { extensionsOf } from './file-names.ts'

/** What the bytes of a file say it is. */
export interface Sniffed {
  /** MIME type without parameters. */
  type: string
  /** Extensions such content usually has; for what can be run, every extension under which systems run it. */
  extensions: readonly string[]
}

/** How much of a file's beginning is looked at, in bytes. */
export const headBytes = 4_100

const ascii = (head: Buffer, start: number, end: number): string => head.toString('latin1', start, end)

/** Programs by their first bytes; each with all extensions a system starts them under. */
const programs: readonly { is: (head: Buffer) => boolean; sniffed: Sniffed }[] = [
  {
    // With a NUL, as every header of a program has: a text may begin with these letters.
    is: (head) => ascii(head, 0, 2) === 'MZ' && head.subarray(0, 64).includes(0),
    sniffed: { type: 'application/x-msdownload', extensions: ['exe', 'dll', 'com', 'scr', 'cpl', 'sys', 'ocx', 'drv', 'pif'] },
  },
  { is: (head) => ascii(head, 0, 4) === '\x7fELF', sniffed: { type: 'application/x-elf', extensions: ['elf', 'so', 'bin', 'run', 'out'] } },
  {
    is: (head) => head.length >= 4 && [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(head.readUInt32BE(0)),
    sniffed: { type: 'application/x-mach-binary', extensions: ['macho', 'dylib', 'app', 'bin', 'out'] },
  },
  // A Java class and a universal Mac program begin alike; neither is harmless.
  {
    is: (head) => ascii(head, 0, 4) === '\xca\xfe\xba\xbe',
    sniffed: { type: 'application/java-vm', extensions: ['class', 'jar', 'macho', 'dylib'] },
  },
  { is: (head) => ascii(head, 0, 4) === 'dex\n', sniffed: { type: 'application/vnd.android.dex', extensions: ['dex', 'apk'] } },
  {
    is: (head) => ascii(head, 0, 8) === 'L\0\0\0\x01\x14\x02\0',
    sniffed: { type: 'application/x-ms-shortcut', extensions: ['lnk'] },
  },
  { is: (head) => isInstaller(head), sniffed: { type: 'application/x-msi', extensions: ['msi', 'msp', 'mst'] } },
]

const interpreters: readonly [RegExp, Sniffed][] = [
  [/python/, { type: 'text/x-python', extensions: ['py'] }],
  [/perl/, { type: 'text/x-perl', extensions: ['pl'] }],
  [/ruby/, { type: 'text/x-ruby', extensions: ['rb'] }],
  [/php/, { type: 'text/x-php', extensions: ['php'] }],
  [/node|deno|bun/, { type: 'text/javascript', extensions: ['js', 'mjs'] }],
  [/pwsh|powershell/, { type: 'text/x-powershell', extensions: ['ps1'] }],
  [/./, { type: 'text/x-shellscript', extensions: ['sh', 'bash', 'command'] }],
]

/** The root entry of a compound file names Windows Installer (https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb). */
function isInstaller(head: Buffer): boolean {
  if (head.length < 0x38 || head.readUInt32BE(0) !== 0xd0cf11e0) return false
  const sectorBytes = 2 ** Math.min(head.readUInt16LE(0x1e), 12)
  const clsidAt = (head.readUInt32LE(0x30) + 1) * sectorBytes + 0x50
  return /^8[46]100c0000000000c000000000000046$/.test(head.subarray(clsidAt, clsidAt + 16).toString('hex'))
}

/** What the first bytes say of content that can be run; null for everything else. */
export function sniffProgram(head: Buffer): Sniffed | null {
  const program = programs.find(({ is }) => is(head))
  if (program) return program.sniffed
  const line = /^(?:\xef\xbb\xbf)?#!\s*([^\r\n]{1,200})/.exec(ascii(head, 0, 256))?.[1]
  if (line !== undefined) return interpreters.find(([pattern]) => pattern.test(line))?.[1] ?? null
  if (/^(?:\xef\xbb\xbf)?\s*<\?php/i.test(ascii(head, 0, 256))) return { type: 'text/x-php', extensions: ['php'] }
  return null
}

/** Types of content without a signature, and of formats that are told apart by their name only. */
const byExtension: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html',
  htm: 'text/html',
  svg: 'image/svg+xml',
  vcf: 'text/vcard',
  ics: 'text/calendar',
  eml: 'message/rfc822',
}

/** Compound files: the old formats of Office share one signature. */
const compoundTypes: Readonly<Record<string, string>> = {
  doc: 'application/msword',
  dot: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  msg: 'application/vnd.ms-outlook',
}

/** Types whose signature is that of a more general one. */
const aliases: Readonly<Record<string, string>> = {
  'audio/x-m4a': 'audio/mp4',
  'audio/ogg; codecs=opus': 'audio/ogg',
  'video/x-m4v': 'video/mp4',
}

/**
 * What a file is by its bytes; its name decides only among kinds of text and of old Office files, a declared type never.
 * Everything unknown is application/octet-stream.
 */
export async function sniffFile(path: string, name: string): Promise<Sniffed> {
  const head = await readHead(path)
  const program = sniffProgram(head)
  if (program) return program
  const extension = extensionsOf(name).at(-1) ?? ''
  const found = await fileTypeFromFile(path)
  if (found) {
    const type =
      found.ext === 'cfb' ? (compoundTypes[extension] ?? found.mime) : (aliases[found.mime] ?? found.mime.split(';')[0] ?? found.mime)
    return { type: type.trim(), extensions: [found.ext] }
  }
  if (!isText(head)) return { type: 'application/octet-stream', extensions: [] }
  if (/^\s*(<!doctype html|<html|<script)/i.test(head.toString('utf8'))) return { type: 'text/html', extensions: ['html', 'htm'] }
  return { type: byExtension[extension] ?? 'text/plain', extensions: [] }
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** UTF-8 without control characters but tab, line ends, form feed and escape; a letter cut at the end of the head is no fault. */
function isText(head: Buffer): boolean {
  if (head.some((byte) => byte < 0x20 && !textControls.has(byte))) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false // not UTF-8; the decoder says no more than that
  }
}

const textControls = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b])
