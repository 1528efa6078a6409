import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { until } from '../until.ts'

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

const modes = '/usr/share/apertium'

/** Apertium-APy listens on every address; this starts it on loopback only. */
const startOnLoopback = `
import tornado.httpserver
bind = tornado.httpserver.HTTPServer.bind
tornado.httpserver.HTTPServer.bind = lambda self, port, *a, **k: bind(self, port, address='127.0.0.1')
from apertium_apy.apy import main
main()
`

/** Why the real translation server cannot be used here, or false. It comes with Debian's apertium-apy and apertium-eng-spa. */
export const apertiumSkip: false | string =
  existsSync('/usr/bin/apertium-apy') && existsSync(`${modes}/modes/spa-eng.mode`)
    ? false
    : 'apertium-apy with the pair Spanish–English is not installed'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('No free port')
  return address.port
}

/** Starts a real Apertium-APy for this test and answers its address. */
export async function startApertium(t: WithTeardown): Promise<string> {
  const port = await freePort()
  const child = spawn('/usr/bin/python3', ['-c', startOnLoopback, '-p', String(port), modes], { stdio: 'ignore', detached: true })
  t.teardown(async () => {
    if (child.pid === undefined || child.exitCode !== null) return
    // Its translation pipelines are processes of their own in the same group.
    process.kill(-child.pid, 'SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  })
  const url = `http://127.0.0.1:${port}`
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`apertium-apy ended with ${child.exitCode}`)
      return fetch(`${url}/listPairs`).then(
        (answer) => answer.ok,
        () => false,
      )
    },
    { timeoutMs: 30_000, message: 'apertium-apy' },
  )
  return url
}
