/** Longest name that is kept, in bytes: what common file systems take. */
const maxNameBytes = 255

/** Characters that show nothing or turn the reading direction, so that a name looks like another one. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** What no file system, header or shell takes lightly in a name. */
const unsafe = /[<>:"/\\|?*]/g

/** Names of devices on Windows, whatever follows the first dot. */
const device = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i

/**
 * The name under which a file is kept and shown: without folders, invisible or direction-changing characters, and
 * without dots and spaces at its ends, at most 255 bytes with the extension kept. `file` when nothing is left.
 */
export function normaliseFileName(name: string): string {
  const base = name.normalize('NFC').replace(invisible, '').split(/[/\\]/).at(-1) ?? ''
  const clean = base
    .replace(unsafe, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '')
  if (clean === '') return 'file'
  return shorten(device.test(clean) ? `_${clean}` : clean)
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxNameBytes) return name
  const extension = /\.[^.]{1,20}$/u.exec(name)?.[0] ?? ''
  const letters = [...name.slice(0, name.length - extension.length)]
  while (Buffer.byteLength(letters.join('') + extension) > maxNameBytes) letters.pop()
  return letters.join('').trimEnd() + extension
}

/** Signs that look like a dot; NFKC turns further ones (fullwidth, one dot leader, ellipsis) into dots. */
const dots = /[\u3002\u06D4\u0660\u06F0\u0701\u0702\u2E33\u30FB\u00B7\u0387\u16EB\u2022\u2219\u22C5\uA4F8\uA60E\u{10A50}\u{1D16D}]/gu

/** Letters of other scripts that look like Latin ones (https://www.unicode.org/Public/security/latest/confusables.txt). */
const lookAlikes = new Map(
  Object.entries({
    a: 'аαɑ',
    b: 'ьЬβ',
    c: 'сϲᴄ',
    d: 'ԁɗ',
    e: 'еєҽε',
    g: 'ɡց',
    h: 'һհ',
    i: 'іıιӏ',
    j: 'јϳ',
    k: 'кκ',
    l: 'ⅼǀ',
    m: 'мⅿ',
    n: 'пո',
    o: 'оοσօ',
    p: 'рρ',
    q: 'ԛ',
    r: 'гᴦ',
    s: 'ѕꜱ',
    t: 'тτ',
    u: 'υսᴜ',
    v: 'ѵνᴠ',
    w: 'ԝωѡ',
    x: 'хχ',
    y: 'уүγ',
    z: 'ᴢ',
  }).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
)

/**
 * Every extension a name has or seems to have, in lower case: `Invoice.PDF．exe .` has pdf and exe. Look-alike dots and
 * letters count as what they look like; what follows a colon, semicolon or NUL is one more, as some systems cut there.
 */
export function extensionsOf(name: string): string[] {
  const plain = name
    .replace(/%00/g, '\0')
    .replace(/[\0:;]/g, '.')
    .replace(invisible, '')
    .normalize('NFKC')
    .replace(dots, '.')
  const latin = [...plain.toLowerCase()].map((letter) => lookAlikes.get(letter) ?? letter).join('')
  const parts = latin.normalize('NFKD').replace(/\p{M}/gu, '').split('.')
  return parts
    .slice(1)
    .map((part) => part.replace(/[\s_]+$|^[\s_]+/gu, ''))
    .filter((part) => part !== '')
}

/** A setting's or list's way of writing an extension: without dot, in lower case. */
export function plainExtension(extension: string): string {
  return extension
    .trim()
    .replace(/^[*.]+/, '')
    .toLowerCase()
}
