import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { UserError } from './problems.mjs'
import { inRoot } from './project.mjs'

/** Starts the PostgreSQL server that all test files share. Answers its address and how to end it. */
export async function startTestPostgres(node) {
  const child = spawn(node, [inRoot('test', 'helpers', 'postgres-server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.stdin.end()
    await ended
  }
  for await (const url of createInterface({ input: child.stdout })) return { url, stop }
  throw new UserError('The PostgreSQL server for the tests did not start; its words are above.')
}
