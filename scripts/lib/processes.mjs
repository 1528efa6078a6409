import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './project.mjs'

/** The exit code that a shell would answer. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0)
}

const stdioOf = {
  inherit: 'inherit',
  collect: ['ignore', 'pipe', 'pipe'],
  pipe: ['ignore', 'pipe', 'inherit'],
}

/**
 * Runs a program in the clone and waits for its end.
 * `output`: 'inherit' shows it (the default), 'collect' keeps it, so that it can be shown when something is wrong,
 * 'pipe' leaves standard output to whoever takes it in `onStart`.
 * Answers the exit code and what was collected. Rejects when the program cannot be started.
 */
export function run(command, args, { output = 'inherit', env = process.env, cwd = root, onStart } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: stdioOf[output] })
    let text = ''
    for (const stream of output === 'collect' ? [child.stdout, child.stderr] : []) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
    }
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code: exitCode(code, signal), text }))
    onStart?.(child)
  })
}

/**
 * Runs a program in the place of this one: it has the terminal, gets our signals, and its exit code is ours.
 * It is connected by an IPC channel, on which it gets `disconnect` when this process is killed outright.
 */
export function runInForeground(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        // Ctrl+C reaches the child from the terminal already; a second one would make it give up its orderly end.
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
      })
    }
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(exitCode(code, signal)))
  })
}
