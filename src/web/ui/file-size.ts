const units = ['B', 'KB', 'MB', 'GB']

/** Bytes for people: `340 B`, `1.2 MB`, `50 MB`. */
export function fileSize(bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${value >= 10 || step === 0 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}
