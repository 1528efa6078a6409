import { type Aim, reaches, readable } from './stats.ts'

/** One line of the table. */
export interface Row {
  what: string
  /** Messages stored before the measurement; null where it makes no difference. */
  stored: number | null
  value: number
  unit: string
  /** What it is compared with, beside the ratio. */
  beside: { what: string; value: number; ratio: number }[]
  /** The aim, and the value it is about: the measured one or the first ratio. */
  aim: (Aim & { of: 'value' | 'ratio' }) | null
}

export interface Verdict extends Row {
  verdict: 'ok' | 'missed' | null
}

/** Sets each row's number beside its aim. */
export function judge(rows: readonly Row[]): Verdict[] {
  return rows.map((row) => {
    if (row.aim === null) return { ...row, verdict: null }
    const value = row.aim.of === 'value' ? row.value : (row.beside[0]?.ratio ?? Number.NaN)
    return { ...row, verdict: reaches(value, row.aim) ? 'ok' : 'missed' }
  })
}

/** The rows as a table for a terminal. */
export function formatTable(rows: readonly Verdict[]): string {
  const head = ['what', 'stored', 'measured', 'beside', 'aim', '']
  const lines = rows.map((row) => [
    row.what,
    row.stored === null ? '' : readable(row.stored),
    `${readable(row.value)} ${row.unit}`,
    row.beside.map(({ what, value, ratio }) => `${what} ${readable(value)} = ×${ratio.toFixed(2)}`).join(', '),
    row.aim === null
      ? ''
      : `${row.aim.kind} ${row.aim.of === 'ratio' ? '×' : ''}${row.aim.value}${row.aim.unit === '' ? '' : ` ${row.aim.unit}`}`,
    row.verdict ?? '',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)))
  const draw = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [draw(head), widths.map((width) => '─'.repeat(width)).join('  '), ...lines.map(draw)].join('\n')
}
