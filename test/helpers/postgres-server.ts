// Runs a PostgreSQL server for tests in a temporary folder: prints its address, and stops it and removes the folder
// when standard input closes, which it also does when the process that started this one is killed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../src/platform/postgres/embedded-postgres.ts'

const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-test-'))
const server = await startEmbeddedPostgres({
  dataDir,
  fsync: false,
  settings: { max_connections: '400' },
  log: (line) => {
    if (/^(FATAL|PANIC):/.test(line)) process.stderr.write(`PostgreSQL: ${line}\n`)
  },
})

async function stop(): Promise<void> {
  await server.stop()
  await rm(dataDir, { recursive: true, force: true })
}

// The starter gets Ctrl+C too and closes the input when its tests have ended.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => process.stdin.destroy())
process.stdin.resume()
process.stdin.once('close', () => void stop())
process.stdout.write(`${server.url}\n`)
