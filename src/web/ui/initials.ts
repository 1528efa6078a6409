/** One or two letters that stand for a name: first and last word, `?` when there is no letter or digit. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  const first = words[0]
  if (first === undefined) return '?'
  const last = words.length > 1 ? words.at(-1) : undefined
  const letter = (word: string) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? ''
  return (letter(first) + (last ? letter(last) : '')).toUpperCase()
}
