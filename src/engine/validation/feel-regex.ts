/**
 * Whether a pattern repeats a group in which something repeats or can be chosen, such as (a+b?)+ or (a|aa)*: matching it
 * can take time that grows exponentially with the text. Answers true for some harmless patterns too.
 */
export function isRisky(pattern: string): boolean {
  // Escaped characters and character classes count as one plain character.
  const plain = pattern.replace(/\\./gs, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x')
  const groups: boolean[] = []
  let last = false
  for (let at = 0; at < plain.length; at += 1) {
    const character = plain[at] ?? ''
    if (character === '(') groups.push(false)
    const isRepetition = character === '*' || character === '+' || /^\{\d+(,\d*)?\}/.test(plain.slice(at, at + 12))
    if (isRepetition && last && plain[at - 1] === ')') return true
    const inner = character === ')' ? (groups.pop() ?? false) : false
    last = inner
    if ((isRepetition || character === '|' || inner) && groups.length > 0) groups[groups.length - 1] = true
  }
  return false
}
