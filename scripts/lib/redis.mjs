import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run, tethered } from './processes.mjs'
import { say } from './project.mjs'

const startAttempts = 5
const startTimeoutMs = 15_000

/**
 * Makes a Redis server available for the tests: the one of REDIS_URL, else an own one of a redis-server that is found
 * or, when `mayInstall`, installed with apt. Answers its address and how to end it, or why there is none.
 */
export async function provideRedis({ mayInstall }) {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop: async () => undefined }
  const found = findOnPath('redis-server')
  const installed = found ? { program: found } : mayInstall ? await installRedis() : { problem: 'there is no redis-server on the PATH' }
  if (!installed.program) return { problem: installed.problem }
  for (let attempt = 1; ; attempt += 1) {
    const server = await startRedis(installed.program)
    if (server.url || attempt === startAttempts) return server
  }
}

function findOnPath(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return folders.map((folder) => path.join(folder, name)).find(isExecutable)
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false // not there, or not for us: the same to whoever looks for a program
  }
}

async function installRedis() {
  const aptGet = '/usr/bin/apt-get'
  if (process.getuid?.() !== 0 || !existsSync(aptGet))
    return { problem: 'there is no redis-server on the PATH, and only root can install one with apt-get' }
  say('Installing redis-server with apt-get …')
  // RUNLEVEL=1: the package must not start a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'redis-server'],
  ]) {
    const { code, text } = await run(aptGet, args, { output: 'collect', env })
    if (code !== 0) return { problem: `apt-get ${args[0]} failed: ${text.trim().split('\n').slice(-5).join('\n')}` }
  }
  const program = findOnPath('redis-server')
  return program ? { program } : { problem: 'apt-get installed no redis-server' }
}

async function startRedis(program) {
  const port = await freePort()
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-redis-'))
  const settings = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    '--loglevel',
    'warning',
  ]
  const child = spawn(process.execPath, tethered(program, settings), { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  let running = true
  const ended = new Promise((resolve) => child.once('close', resolve)).then(() => {
    running = false
  })
  const stop = async () => {
    child.stdin.end()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = Date.now() + startTimeoutMs
  while (running && Date.now() < deadline) {
    if (await answersPing(port)) return { url: `redis://127.0.0.1:${port}`, stop }
    await delay(20)
  }
  await stop()
  return { problem: `redis-server did not start: ${output.trim()}` }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.once('data', (data) => {
      resolve(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.once('error', () => undefined) // not up yet; 'close' follows and answers
    socket.once('close', () => resolve(false))
  })
}
