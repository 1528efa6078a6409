// Starts the embedded server in the given data directory, says so, and keeps it: to be killed by a test.
import { startEmbeddedPostgres } from '../../src/platform/postgres/embedded-postgres.ts'

const [dataDir] = process.argv.slice(2)
if (!dataDir) throw new Error('Which data directory?')
const server = await startEmbeddedPostgres({ dataDir, log: () => undefined })
process.stdout.write(`${server.url}\n`)
