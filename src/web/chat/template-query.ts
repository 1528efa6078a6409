/** What the agent looks for after `//`. */
export interface TemplateQuery {
  /** Where the `//` is in the text. */
  start: number
  q: string
}

/** Longer than this is no search any more. */
const longest = 60

/**
 * The template search at the cursor: `//` at the beginning or after white space, and what follows up to the cursor in the
 * same line. Null when there is none; the slashes of `https://` are none.
 */
export function templateQuery(text: string, caret: number): TemplateQuery | null {
  const match = /(?:^|\s)\/\/([^\n/][^\n]*)?$/.exec(text.slice(0, caret))
  if (!match) return null
  const q = match[1] ?? ''
  return q.length > longest ? null : { start: caret - q.length - 2, q }
}

/** The text with the search replaced by a template, and where the cursor stands then. */
export function insertTemplate(text: string, query: TemplateQuery, rendered: string): { text: string; caret: number } {
  const before = text.slice(0, query.start) + rendered
  return { text: before + text.slice(query.start + 2 + query.q.length), caret: before.length }
}
