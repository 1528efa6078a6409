const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** {"contains": "…"}: a text that has this part. */
function partOf(expected: Record<string, unknown>): string | null {
  return Object.keys(expected).length === 1 && typeof expected.contains === 'string' ? expected.contains : null
}

/** Whether the value is what was expected: of an object only what is written is compared, lists are compared whole. */
export function matches(expected: unknown, actual: unknown): boolean {
  if (actual instanceof Date) return matches(expected, actual.toISOString())
  if (Array.isArray(expected)) {
    return Array.isArray(actual) && actual.length === expected.length && expected.every((item, index) => matches(item, actual[index]))
  }
  if (!isObject(expected)) return Object.is(expected, actual ?? null) || (expected === null && actual === undefined)
  const part = partOf(expected)
  if (part !== null) return typeof actual === 'string' && actual.includes(part)
  return isObject(actual) && Object.entries(expected).every(([key, value]) => matches(value, actual[key]))
}
