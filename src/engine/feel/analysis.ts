import { parseExpression } from 'feelin'

/** What an expression mentions, found in its parse tree. */
export interface Analysis {
  /** First names of all variables it mentions; over-approximate where a name is bound inside the expression. */
  names: Set<string>
  /** Paths below `chat`, e.g. "queue.chatTimeoutMinutes"; "*" when it uses the chat as a whole. */
  chatReads: string[]
}

interface Node {
  name: string
  from: number
  to: number
  children: Node[]
}

const analyses = new Map<string, Analysis>()
const maximumCached = 5_000

/** Analyses an expression (without the leading "="); cached by its text. */
export function analyse(expression: string): Analysis {
  const known = analyses.get(expression)
  if (known) return known
  const names = new Set<string>()
  const chatReads = new Set<string>()
  visit(parse(expression), expression, names, chatReads)
  const analysis = { names, chatReads: [...chatReads].sort() }
  if (analyses.size >= maximumCached) analyses.clear()
  analyses.set(expression, analysis)
  return analysis
}

function parse(expression: string): Node {
  const root: Node = { name: '', from: 0, to: expression.length, children: [] }
  const stack = [root]
  parseExpression(expression, {}, undefined).iterate({
    enter({ name, from, to }) {
      const node: Node = { name, from, to, children: [] }
      stack.at(-1)?.children.push(node)
      stack.push(node)
    },
    leave() {
      stack.pop()
    },
  })
  return root
}

function visit(node: Node, expression: string, names: Set<string>, chatReads: Set<string>) {
  const path = node.name === 'PathExpression' ? pathOf(node, expression) : null
  if (path) {
    noteName(path[0] ?? '', path.slice(1), names, chatReads)
    return
  }
  if (node.name === 'VariableName') noteName(expression.slice(node.from, node.to), [], names, chatReads)
  else for (const child of node.children) visit(child, expression, names, chatReads)
}

function noteName(name: string, below: string[], names: Set<string>, chatReads: Set<string>) {
  names.add(name)
  if (name === 'chat') chatReads.add(below.length > 0 ? below.join('.') : '*')
}

/** The names of a plain path such as `chat.queue.name`; null when it starts with anything but a variable. */
function pathOf(node: Node, expression: string): string[] | null {
  const head = node.children[0]
  const last = node.children.at(-1)
  if (!head || last?.name !== 'PathName') return null
  const name = expression.slice(last.from, last.to)
  if (head.name === 'VariableName') return [expression.slice(head.from, head.to), name]
  const path = head.name === 'PathExpression' ? pathOf(head, expression) : null
  return path && [...path, name]
}
