/** The value below which `share` (0 to 1) of the values lie, by nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The middle value, of an even number of values the mean of the two middle ones; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * The median of the ratios round by round. Each round measures both sides one after the other, so that what else the
 * machine does meets both; a ratio of two medians would compare different moments.
 */
export function pairedRatio(measured: readonly number[], reference: readonly number[]): number {
  return median(measured.slice(0, reference.length).map((value, round) => value / (reference[round] ?? Number.NaN)))
}

/** What a number should be. */
export interface Aim {
  kind: 'at least' | 'at most'
  value: number
  /** Behind the value: `ms`; empty for a ratio. */
  unit: string
}

/** Whether a measured value reaches its aim; a value that is no number does not. */
export function reaches(value: number, aim: Aim): boolean {
  return aim.kind === 'at least' ? value >= aim.value : value <= aim.value
}

/** The number with as many digits as it can bear: 3 significant ones, whole numbers from 100 on. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ')
  return Number(value.toPrecision(3)).toString()
}
