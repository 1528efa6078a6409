/** Reads JSON from the browser's storage; null when there is none or the browser refuses. */
export function readStored<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key)
    return text === null ? null : (JSON.parse(text) as T)
  } catch {
    // Storage may be blocked by policy, or hold something an older version wrote: start empty.
    return null
  }
}

/** Writes JSON to the browser's storage; null removes the key. What cannot be stored lives on in memory only. */
export function writeStored(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(value))
  } catch (error) {
    console.warn(`${key} cannot be kept in this browser's storage`, error)
  }
}
