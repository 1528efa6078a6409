import { extensionsOf } from './file-names.ts'
import type { Sniffed } from './sniff.ts'

/** Types a client may declare for programs and scripts, by the extension they stand for. */
const declaredExtensions: Readonly<Record<string, readonly string[]>> = {
  'application/x-msdownload': ['exe', 'dll'],
  'application/x-msdos-program': ['exe', 'com'],
  'application/x-dosexec': ['exe'],
  'application/vnd.microsoft.portable-executable': ['exe'],
  'application/x-msi': ['msi'],
  'application/x-ms-installer': ['msi'],
  'application/x-bat': ['bat'],
  'application/bat': ['bat'],
  'application/x-sh': ['sh'],
  'text/x-shellscript': ['sh'],
  'application/hta': ['hta'],
  'application/x-ms-shortcut': ['lnk'],
  'application/java-archive': ['jar'],
  'application/javascript': ['js'],
  'text/javascript': ['js'],
  'text/vbscript': ['vbs'],
  'application/vnd.android.package-archive': ['apk'],
}

/**
 * The extension of the deny list that a file has by its name (any of its extensions, seen through look-alikes), by its
 * bytes, or by the type that was declared for it; null when it may pass.
 */
export function deniedExtension(
  file: { name: string; declaredType: string | null; sniffed: Sniffed | null },
  denied: readonly string[],
): string | null {
  const list = new Set(denied)
  const declared = declaredExtensions[(file.declaredType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''] ?? []
  const candidates = [...extensionsOf(file.name), ...(file.sniffed?.extensions ?? []), ...declared]
  return candidates.find((extension) => list.has(extension)) ?? null
}
