import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { until } from '../helpers/until.ts'

const root = path.resolve(import.meta.dirname, '../..')

export const adminLogin = { email: 'admin@example.com', password: 'correct horse battery' }

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

/** Parley as people start it: one process on the embedded database, with the built web app. */
export class ParleyProcess {
  readonly #dataDir: string
  #child: ChildProcess | null = null
  #output = ''
  #port = 0

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Starts it, on the same port and data as before when it ran already. */
  async start(): Promise<void> {
    const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env
    this.#output = ''
    const child = spawn(process.execPath, ['src/main.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited,
        PORT: String(this.#port),
        LOG_LEVEL: 'error',
        PARLEY_DATA_DIR: this.#dataDir,
        PARLEY_ADMIN_EMAIL: adminLogin.email,
        PARLEY_ADMIN_PASSWORD: adminLogin.password,
      },
    })
    this.#child = child
    const collect = (text: Buffer) => {
      this.#output += text.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const ready = await until(() => /ready at http:\/\/[^:]+:(\d+)/.exec(this.#output) ?? this.#ended(), {
      timeoutMs: 60_000,
      everyMs: 50,
      message: 'the line that Parley is ready',
    })
    this.#port = Number(ready[1])
  }

  #ended(): null {
    if (this.#child?.exitCode == null) return null
    throw new Error(`Parley ended with code ${this.#child.exitCode}:\n${this.#output}`)
  }

  /** Stops it as an operator does. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    this.#child = null
  }
}

/** Starts Parley on fresh data and ends it with the test. */
export async function startParleyProcess(t: WithTeardown): Promise<ParleyProcess> {
  if (!existsSync(path.join(root, 'dist/web/index.html'))) throw new Error('The web app is not built: run npm run build first.')
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-e2e-'))
  const parley = new ParleyProcess(dataDir)
  t.teardown(async () => {
    await parley.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  await parley.start()
  return parley
}

/** A customer who writes through the first Simulator channel. */
export async function customerWrites(url: string, from: string, name: string, text: string): Promise<void> {
  const { channels } = (await (await fetch(`${url}/webhooks/simulator`)).json()) as { channels: { id: string }[] }
  const channel = channels[0]
  if (!channel) throw new Error('There is no Simulator channel')
  const response = await fetch(`${url}/webhooks/simulator/${channel.id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from, name, text, messageId: crypto.randomUUID() }),
  })
  if (!response.ok) throw new Error(`The Simulator answered ${response.status}: ${await response.text()}`)
}
