import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { root } from './project.mjs'

const parentCheckMs = 250

/** The exit code that a shell would answer. */
function exitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0)
}

const stdioOf = {
  inherit: 'inherit',
  collect: ['ignore', 'pipe', 'pipe'],
  tether: ['pipe', 'pipe', 'inherit'],
}

/** The arguments for Node that run a program only as long as its standard input stays open, see tethered.mjs. */
export function tethered(command, args) {
  return [path.join(import.meta.dirname, 'tethered.mjs'), command, ...args]
}

/**
 * Runs a program in the clone and waits for its end.
 * `output`: 'inherit' shows it (the default), 'collect' keeps it, so that it can be shown when something is wrong,
 * 'tether' leaves standard output and the closing of standard input to whoever takes them in `onStart`.
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
    const stopWatching = onNpmEnd(() => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      stopWatching()
      resolve(exitCode(code, signal))
    })
  })
}

/**
 * Calls back when npm is gone. npm passes signals on to the shell in between only, and that ends without telling us:
 * all there is to see is that our parent, or its parent, is another one. Answers how to stop watching.
 */
export function onNpmEnd(callback) {
  if (!process.env.npm_lifecycle_event) return () => undefined
  const before = npmAncestry()
  const timer = setInterval(() => {
    if (npmAncestry() === before) return
    clearInterval(timer)
    callback()
  }, parentCheckMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** The process numbers from our parent up to npm, as far as the system tells. */
function npmAncestry() {
  const parent = process.ppid
  const grandparent = parentOf(parent)
  return grandparent && nameOf(grandparent)?.startsWith('npm') ? `${parent} ${grandparent}` : `${parent}`
}

function parentOf(pid) {
  const stat = readProc(pid, 'stat')
  // The name, in parentheses, may itself contain blanks and parentheses; the state and the parent follow it.
  return Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function nameOf(pid) {
  return readProc(pid, 'comm')
}

function readProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined // no such process, or a system without /proc: nothing is known then
  }
}
