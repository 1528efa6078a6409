import { evaluate, parseExpression } from 'feelin'
import { isRisky } from './feel-regex.ts'
import { childrenOf, listSize, rangeSize, type SyntaxNode } from './feel-sizes.ts'

/** Longest single FEEL expression, in characters; the parser takes time with the square of the length. */
export const maxFeelLength = 4_000
/** Deepest nesting inside an expression; the evaluator is recursive. */
export const maxFeelDepth = 100
/** Most rounds that literal ranges and lists may give a `for`, `some` or `every`, nested ones multiplied. */
export const maxRounds = 10_000
/** Deepest nesting of `for`, `some` and `every`. */
export const maxLoops = 3

export interface FeelIssue {
  rule: 'feel-syntax' | 'feel-too-large' | 'feel-explodes' | 'feel-regex' | 'feel-unknown-function'
  message: string
  hint: string
}

export interface FeelReport {
  issues: FeelIssue[]
  /** Names read from outside the expression that are no built-in, each once. */
  roots: string[]
  /** How many items the expression certainly yields when it is a literal list or a `for` over literal ranges; else null. */
  listSize: number | null
}

/** Whether text in an attribute is FEEL and not literal text. */
export function isFeel(text: string): boolean {
  return text.trimStart().startsWith('=')
}

/** The expression without the "=" in front of it. */
export function feelBody(text: string): string {
  return isFeel(text) ? text.trimStart().slice(1) : text
}

/** Looks at an expression (without "=") without running it: whether it parses, what it reads and whether it could run away. */
export function inspectFeel(source: string): FeelReport {
  if (source.trim() === '') return failed('feel-syntax', 'The expression is empty.', 'Write a FEEL expression or remove it.')
  if (source.length > maxFeelLength) {
    const message = `The expression has ${source.length} characters; at most ${maxFeelLength} are accepted.`
    return failed('feel-too-large', message, 'Split it over several elements.')
  }
  if (bracketDepth(source) > maxFeelDepth) return tooDeep()
  const tree = parseExpression(source, {}, undefined)
  const broken = findBroken(tree, source)
  if (broken) return broken
  const walk = new Walk(source)
  walk.visit(tree.topNode, { bound: new Set(), rounds: 1, loops: 0 })
  const top = tree.topNode.firstChild
  return { issues: walk.issues, roots: [...walk.roots], listSize: top ? listSize(top, source) : null }
}

function failed(rule: FeelIssue['rule'], message: string, hint: string): FeelReport {
  return { issues: [{ rule, message, hint }], roots: [], listSize: null }
}

function tooDeep(): FeelReport {
  return failed('feel-too-large', `The expression is nested more than ${maxFeelDepth} deep.`, 'Split it over several elements.')
}

/** Counted before parsing, because the parser is very slow with many open brackets. */
function bracketDepth(source: string): number {
  let depth = 0
  let deepest = 0
  for (const [character] of source.matchAll(/"(?:[^"\\]|\\.)*"|[()[\]{}]/gs)) {
    if ('([{'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function findBroken(tree: ReturnType<typeof parseExpression>, source: string): FeelReport | null {
  let depth = 0
  let deepest = 0
  let errorAt = -1
  tree.iterate({
    enter(node) {
      depth += 1
      if (depth > deepest) deepest = depth
      if (node.type.isError && errorAt < 0) errorAt = node.from
    },
    leave() {
      depth -= 1
    },
  })
  if (errorAt >= 0) {
    const near = source.slice(Math.max(0, errorAt - 10), errorAt + 20).replace(/\s+/g, ' ')
    const message = `FEEL does not parse at character ${errorAt + 1}, near "${near.trim()}".`
    return failed('feel-syntax', message, syntaxHint(source))
  }
  return deepest > maxFeelDepth ? tooDeep() : null
}

function syntaxHint(source: string): string {
  if (/===?/.test(source)) return 'FEEL compares with a single "=".'
  if (/&&|\|\|/.test(source)) return 'FEEL writes "and" and "or".'
  if (/\?[^.]*:/.test(source)) return 'FEEL writes "if … then … else …".'
  if (source.includes("'")) return 'FEEL writes texts in double quotes.'
  return 'Correct the expression.'
}

/** Whether FEEL itself knows a name, such as "string length". */
export function isBuiltin(name: string): boolean {
  const known = builtins.get(name)
  if (known !== undefined) return known
  const value = evaluate(name, {}).value
  const builtin = value !== null && value !== undefined
  if (builtins.size < 1000) builtins.set(name, builtin)
  return builtin
}

const builtins = new Map<string, boolean>()
const regexFunctions = new Set(['matches', 'replace', 'split'])

/** What surrounds a part of an expression: names bound there, and how often it runs at least. */
interface Inside {
  bound: ReadonlySet<string>
  rounds: number
  loops: number
}

class Walk {
  readonly issues: FeelIssue[] = []
  readonly roots = new Set<string>()
  readonly #source: string
  readonly #visitors: { [node: string]: (node: SyntaxNode, at: Inside) => void } = {
    ForExpression: (node, at) => this.#visitLoop(node, at),
    QuantifiedExpression: (node, at) => this.#visitLoop(node, at),
    FunctionDefinition: (node, at) => this.#visitFunction(node, at),
    Context: (node, at) => this.#visitContext(node, at),
    FilterExpression: (node, at) => this.#visitFilter(node, at),
    FunctionInvocation: (node, at) => this.#visitCall(node, at),
    Comparison: (node, at) => this.#visitComparison(node, at),
    VariableName: (node, at) => this.#read(this.#text(node), at.bound),
  }

  constructor(source: string) {
    this.#source = source
  }

  visit(node: SyntaxNode, at: Inside): void {
    const visitor = this.#visitors[node.name]
    if (visitor) visitor(node, at)
    else for (const child of childrenOf(node)) this.visit(child, at)
  }

  /** `a == b` parses, as comparing with the test `= b`, and is null whatever a and b are. */
  #visitComparison(node: SyntaxNode, at: Inside): void {
    const test = node.getChild('CompareOp') && node.getChild('SimplePositiveUnaryTest')
    if (test?.getChild('CompareOp')) {
      this.#issue('feel-syntax', `"${this.#text(node)}" compares with two signs.`, 'FEEL compares with a single "=".')
    }
    for (const child of childrenOf(node)) this.visit(child, at)
  }

  #visitLoop(node: SyntaxNode, at: Inside): void {
    const loops = at.loops + 1
    if (loops > maxLoops) {
      this.#issue('feel-explodes', `Loops are nested more than ${maxLoops} deep.`, 'Use fewer nested "for", "some" and "every".')
      return
    }
    const inner = new Set(at.bound).add('partial')
    let rounds = at.rounds
    for (const child of childrenOf(node)) {
      if (child.name !== 'InExpressions') {
        this.visit(child, { bound: inner, rounds, loops })
        continue
      }
      for (const part of childrenOf(child)) {
        this.visit(part, { bound: inner, rounds, loops })
        const name = part.getChild('Name')
        if (name) inner.add(this.#text(name))
        rounds *= Math.max(1, rangeSize(part, this.#source) ?? 1)
      }
    }
    if (rounds > maxRounds) {
      const message = `The expression would run through ${rounds} rounds; at most ${maxRounds} are accepted.`
      this.#issue('feel-explodes', message, 'Use smaller ranges.')
    }
  }

  #visitFunction(node: SyntaxNode, at: Inside): void {
    const inner = new Set(at.bound)
    for (const parameter of node.getChild('FormalParameters')?.getChildren('FormalParameter') ?? []) {
      const name = parameter.getChild('ParameterName')
      if (name) inner.add(this.#text(name))
    }
    for (const child of childrenOf(node)) if (child.name !== 'FormalParameters') this.visit(child, { ...at, bound: inner })
  }

  #visitContext(node: SyntaxNode, at: Inside): void {
    const inner = new Set(at.bound)
    for (const entry of node.getChildren('ContextEntry')) {
      for (const child of childrenOf(entry)) if (child.name !== 'Key') this.visit(child, { ...at, bound: inner })
      const key = entry.getChild('Key')
      if (key) inner.add(this.#text(key).replace(/^"(.*)"$/s, '$1'))
    }
  }

  /** Inside a filter a name may be a field of the item, so only the list itself is checked. */
  #visitFilter(node: SyntaxNode, at: Inside): void {
    const list = node.firstChild
    if (!list) return
    this.visit(list, at)
    const known = this.roots.size
    const before = new Set(this.roots)
    for (let child = list.nextSibling; child; child = child.nextSibling) this.visit(child, at)
    if (this.roots.size === known) return
    for (const root of [...this.roots]) if (!before.has(root)) this.roots.delete(root)
  }

  #visitCall(node: SyntaxNode, at: Inside): void {
    const called = node.firstChild
    for (let child = called?.nextSibling ?? null; child; child = child.nextSibling) this.visit(child, at)
    if (!called) return
    if (called.name !== 'VariableName') {
      this.visit(called, at)
      return
    }
    const name = this.#text(called)
    if (regexFunctions.has(name)) this.#checkRegex(node, name)
    if (at.bound.has(name) || isBuiltin(name)) return
    this.#issue('feel-unknown-function', `There is no FEEL function "${name}".`, 'Use one of the FEEL built-in functions.')
  }

  #checkRegex(node: SyntaxNode, name: string): void {
    const positional = childrenOf(node.getChild('PositionalParameters') ?? null)[1]
    const pattern = positional ?? this.#namedPattern(node)
    if (!pattern) return
    if (pattern.name !== 'StringLiteral') {
      const hint = 'Write the pattern as a text in double quotes, or use contains(), starts with() or ends with().'
      this.#issue('feel-regex', `The pattern of ${name}() comes from data, which could hang the process.`, hint)
    } else if (isRisky(this.#text(pattern))) {
      const hint = 'Write it without "+" or "*" after a group that repeats or chooses.'
      this.#issue('feel-regex', `The pattern of ${name}() repeats a repetition, which could hang the process.`, hint)
    }
  }

  #namedPattern(node: SyntaxNode): SyntaxNode | undefined {
    const named = node.getChild('NamedParameters')?.getChildren('NamedParameter') ?? []
    const parameter = named.find((item) => /^(pattern|delimiter)$/.test(this.#text(item.getChild('ParameterName'))))
    return parameter?.lastChild ?? undefined
  }

  #read(name: string, bound: ReadonlySet<string>): void {
    if (!bound.has(name) && !isBuiltin(name)) this.roots.add(name)
  }

  #issue(rule: FeelIssue['rule'], message: string, hint: string): void {
    if (!this.issues.some((issue) => issue.rule === rule && issue.message === message)) this.issues.push({ rule, message, hint })
  }

  #text(node: SyntaxNode | null): string {
    return node ? this.#source.slice(node.from, node.to).replace(/\s+/g, ' ') : ''
  }
}
