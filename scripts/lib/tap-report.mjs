import { createInterface } from 'node:readline'

/**
 * Reads tap's output and shows a line for each test file, what is skipped and why, and all about what fails.
 * Resolves at the output's end with the totals of all assertions.
 */
export async function reportTap(input, write = (line) => process.stdout.write(`${line}\n`)) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  let inFile = []
  let inDiagnosis = false
  let showsDiagnosis = false
  for await (const line of createInterface({ input })) {
    const result = /^(not )?ok \d+ - /.exec(line)
    if (inDiagnosis || line === '  ---') {
      inDiagnosis = line !== '  ...'
      if (showsDiagnosis) write(line)
    } else if (result) {
      for (const shown of interesting(inFile, Boolean(result[1]))) write(shown)
      write(line)
      // What tap adds about a failed file (how it was run, its exit code) tells something only if nothing in it failed.
      showsDiagnosis = !inFile.some((inner) => /^\s+not ok /.test(inner))
      inFile = []
    } else if (line.startsWith('# {')) {
      readTotals(line, totals)
    } else if (/^( |# Subtest)/.test(line)) {
      inFile.push(line)
    }
  }
  return totals
}

function interesting(lines, failed) {
  if (!failed) return lines.filter((line) => /^\s+ok \d+ - .*# (SKIP|TODO)\b/.test(line))
  return lines.filter((line) => line.trim() !== '' && !/^\s+(ok \d+(?! .*# (SKIP|TODO)\b)|1\.\.\d+$|# time=)/.test(line))
}

/** The last line of tap's output: `# { total: 29, pass: 28, fail: 1 }`. */
function readTotals(line, totals) {
  const number = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0)
  totals.passed = number('pass')
  totals.failed = number('fail')
  totals.skipped = number('skip') + number('todo')
}
