// Runs the program named in the arguments until standard input closes, which it also does when the process that
// started this one is killed: nothing of the program is left running then. Answers the program's exit code.
import { spawn } from 'node:child_process'

const killAfterMs = 3_000

const [command, ...args] = process.argv.slice(2)
// A process group of its own, so that what the program started ends with it.
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
child.once('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
child.once('exit', (code) => process.exit(code ?? 1))

let ending = false
function end() {
  if (ending) return
  ending = true
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), killAfterMs)
}

function signalGroup(signal) {
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error // ESRCH: the whole group has ended already
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
process.stdin.resume().once('close', end)
