const maxCandidates = 200

/** The candidate most like a word that is probably misspelt; null when none is close. */
export function closest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > 100) return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 4)) + 1
  let left = maxCandidates
  for (const candidate of candidates) {
    if (left-- === 0) break
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
