import type { parseExpression } from 'feelin'

/** A node of a FEEL parse tree. */
export type SyntaxNode = ReturnType<typeof parseExpression>['topNode']

/** The parts of a node, in order. */
export function childrenOf(node: SyntaxNode | null): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node?.firstChild ?? null; child; child = child.nextSibling) children.push(child)
  return children
}

/** How many items a literal list or a `for` over literal ranges certainly yields; else null. */
export function listSize(node: SyntaxNode, source: string): number | null {
  if (node.name === 'List') return childrenOf(node).filter((child) => !/^[[\]]$/.test(child.name)).length
  if (node.name !== 'ForExpression') return null
  let size = 1
  for (const part of node.getChild('InExpressions')?.getChildren('InExpression') ?? []) {
    const rounds = rangeSize(part, source)
    if (rounds === null) return null
    size *= rounds
  }
  return size
}

/** How many values `name in …` goes through, when that is written down. */
export function rangeSize(part: SyntaxNode, source: string): number | null {
  const iteration = part.getChild('IterationContext')
  const items = childrenOf(iteration)
  const first = items.length === 1 ? items[0] : undefined
  const only = first?.name === 'SimplePositiveUnaryTest' ? (first.firstChild ?? undefined) : first
  if (only?.name === 'List') return listSize(only, source)
  const ends = (only?.name === 'Interval' ? childrenOf(only).slice(1, -1) : items).filter((child) => child.name !== '..')
  const [from, to] = [constant(ends[0], source), constant(ends[1], source)]
  return from === null || to === null ? null : Math.abs(to - from) + 1
}

function constant(node: SyntaxNode | undefined, source: string): number | null {
  if (!node) return null
  if (node.name === 'NumericLiteral') return Number(source.slice(node.from, node.to))
  const operands = childrenOf(node)
  if (node.name === 'ParenthesizedExpression') return constant(operands[1], source)
  if (node.name !== 'ArithmeticExpression') return null
  const operator = node.getChild('ArithOp')
  const sign = operator ? source.slice(operator.from, operator.to) : ''
  const numbers = operands.filter((child) => child.name !== 'ArithOp').map((child) => constant(child, source))
  const [left, right] = numbers
  if (left === null || left === undefined) return null
  if (right === undefined) return sign === '-' ? -left : left
  if (right === null) return null
  return { '+': left + right, '-': left - right, '*': left * right, '/': left / right, '**': left ** right }[sign] ?? null
}
