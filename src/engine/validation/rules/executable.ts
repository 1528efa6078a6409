import { error, type Finding } from '../finding.ts'
import { elementsOf, flagOf, type ModdleElement } from '../moddle.ts'

/** Finds the process a file is about: the executable one, else the first, so that its other problems are told too. */
export function findProcess(definitions: ModdleElement): { process: ModdleElement | null; findings: Finding[] } {
  const processes = elementsOf(definitions, 'rootElements').filter((element) => element.$type === 'bpmn:Process')
  const executable = processes.filter((process) => flagOf(process, 'isExecutable', false))
  const process = executable[0] ?? processes[0] ?? null
  if (executable.length === 0) {
    const hint = 'Set isExecutable="true" on the process that is meant to run.'
    return { process, findings: [error('executable-process', process, 'The file has no executable process.', hint)] }
  }
  if (executable.length === 1) return { process, findings: [] }
  const names = executable.map((element) => element.id).join(', ')
  const message = `The file has ${executable.length} executable processes (${names}); one is allowed.`
  return { process, findings: [error('executable-process', executable[1] ?? null, message, 'Put each process into its own file.')] }
}
