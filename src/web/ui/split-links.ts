const address = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/giu

interface Part {
  start: number
  text: string
  isLink: boolean
}

/** Cuts a text into plain parts and web addresses. */
export function splitLinks(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(address)) {
    if (match.index > end) parts.push({ start: end, text: text.slice(end, match.index), isLink: false })
    parts.push({ start: match.index, text: match[0], isLink: true })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ start: end, text: text.slice(end), isLink: false })
  return parts
}
