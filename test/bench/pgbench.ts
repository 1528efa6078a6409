import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Customers } from './load.ts'

const run = promisify(execFile)

/** Whether PostgreSQL's own benchmark is on the PATH. */
export async function hasPgbench(): Promise<boolean> {
  try {
    await run('pgbench', ['--version'])
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

const script = (
  channelId: string,
  customers: Customers,
) => `\\set customer random(${customers.first}, ${customers.first + customers.count - 1})
select outcome, chat_id, message_id, seq, contact_id, contact_name, identity_id, created_contact, created_chat, pending, wake_at, arm from receive_message('${channelId}', array['telegram'],
  array[:customer ::text], jsonb_build_object('name', 'Customer ' || :customer, 'phone', null, 'language', 'en'), gen_random_uuid()::text,
  'my order has not arrived yet could you please tell me when it will be here thank you', null, now(), now());
`

/** Messages a second that PostgreSQL itself takes, with prepared statements and no client work to speak of. */
export async function measurePgbench(options: {
  url: string
  channelId: string
  customers: Customers
  connections: number
  seconds: number
}): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-pgbench-'))
  try {
    const file = path.join(folder, 'receive.sql')
    await writeFile(file, script(options.channelId, options.customers))
    const args = ['-n', '-M', 'prepared', '-c', String(options.connections), '-T', String(options.seconds), '-f', file, options.url]
    const { stdout } = await run('pgbench', args, { timeout: (options.seconds + 20) * 1000 })
    const tps = /tps = ([\d.]+)/.exec(stdout)?.[1]
    if (tps === undefined) throw new Error(`pgbench said:\n${stdout}`)
    return Number(tps)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
