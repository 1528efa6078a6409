import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { until } from './until.ts'

const root = path.resolve(import.meta.dirname, '../..')

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

/** How a process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** `src/main.ts` as a process of its own: what it printed, and how it ended. */
export class ChildParley {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  stdout = ''
  stderr = ''

  constructor(env: Record<string, string>, args: string[] = []) {
    // Nothing of the caller's environment but what any program needs.
    const { PATH = '', HOME = '', TMPDIR } = process.env
    this.child = spawn(process.execPath, ['src/main.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), PORT: '0', LOG_LEVEL: 'fatal', ...env },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = once(this.child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Waits for the line that says it is ready; answers its origin, '' for a worker. Throws when it ends before. */
  async ready(): Promise<string> {
    const match = await until(
      () => {
        const line = /^Parley is ready at (http:\S+)$|^Parley worker is ready$/m.exec(this.stdout)
        if (!line && !this.isRunning) throw new Error(`Parley ended before it was ready: ${this.stdout}${this.stderr}`)
        return line
      },
      { timeoutMs: 90_000, message: 'the line that Parley is ready' },
    )
    return match[1] ?? ''
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal)
    return this.exited
  }
}

/** Starts Parley, to be ended with the test at the latest. */
export function startChild(t: WithTeardown, env: Record<string, string>, args: string[] = []): ChildParley {
  const parley = new ChildParley(env, args)
  t.teardown(async () => {
    if (parley.isRunning) await parley.end('SIGTERM')
  })
  return parley
}

/** A data directory that goes with the test. */
export async function makeDataDir(t: WithTeardown): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-child-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

/** The command lines of running processes that name this folder. */
export function processesNaming(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(folder) ? [line] : []
      } catch {
        return [] // it ended between the listing and the look
      }
    })
}

/** A client of the API with a session. */
export class ApiClient {
  readonly #cookie: string
  readonly origin: string

  constructor(origin: string, cookie: string) {
    this.origin = origin
    this.#cookie = cookie
  }

  /** Logs in. @throws Error for any answer but 200 */
  static async logIn(origin: string, login: { email: string; password: string }): Promise<ApiClient> {
    const response = await fetch(`${origin}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(login),
    })
    if (response.status !== 200) throw new Error(`The login answered ${response.status}: ${await response.text()}`)
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0])
    return new ApiClient(origin, cookie.join('; '))
  }

  get cookie(): string {
    return this.#cookie
  }

  async call<T>(method: string, url: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.origin}${url}`, {
      method,
      headers: { cookie: this.#cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T }
  }

  /** The body of a 2xx answer. @throws Error for any other */
  async ok<T>(method: string, url: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, url, body)
    if (answer.status >= 300) throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
}
