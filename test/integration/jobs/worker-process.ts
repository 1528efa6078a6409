// A process of its own with workers, for tests that kill it or watch it end: takes the store as JSON, prints a line per
// job it starts. Payload `hang` never ends; `leave` closes the jobs, after which the process must end by itself.
import { bindJob, createJobs } from '../../../src/platform/jobs/jobs.ts'
import { keepLog, quickRecovery } from './support.ts'
import { task } from './task.ts'

const store = JSON.parse(process.argv[2] ?? '{}')
const jobs = createJobs({ ...store, jobs: [task], log: keepLog().log, recovery: quickRecovery })
const handler = async ({ what }: { what: string }) => {
  process.stdout.write(`${what}\n`)
  if (what === 'hang') await new Promise(() => setInterval(() => undefined, 60_000))
  if (what === 'leave') setImmediate(() => void jobs.close(5_000))
}
await jobs.startWorkers([bindJob(task, handler)])
await jobs.repeat(task, { what: 'tick' }, 3_600_000)
