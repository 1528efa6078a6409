import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')

export interface ServerOptions {
  databaseUrl: string
  dataDir: string
  /** Writes a CPU profile of each thread into this folder when the server stops. */
  profileDir?: string | undefined
}

/** Parley as operators run it, `src/main.ts` in a process of its own. */
export class ParleyServer {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Migrates, seeds and listens on a free port. @throws Error with the server's words when it ends instead */
  static async start({ databaseUrl, dataDir, profileDir }: ServerOptions): Promise<ParleyServer> {
    const { REDIS_URL: _redis, ...inherited } = process.env
    const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
    const child = spawn(process.execPath, [...profiling, 'src/main.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited,
        DATABASE_URL: databaseUrl,
        PARLEY_DATA_DIR: dataDir,
        PARLEY_ADMIN_EMAIL: 'admin@example.com',
        PARLEY_ADMIN_PASSWORD: 'correct horse battery',
        // Agents of the bench stay active between its parts.
        PARLEY_PRESENCE_GRACE_MS: '3600000',
        LOG_LEVEL: 'error',
        PORT: '0',
        HOST: '127.0.0.1',
      },
    })
    return new ParleyServer(child, await readyPort(child))
  }

  /** Stops it as an operator does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(forced)
  }
}

/** The port from the line that says it is ready; what it says later goes to our error output. */
function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    let ready = false
    const hear = (chunk: Buffer) => {
      if (ready) {
        process.stderr.write(chunk)
        return
      }
      output += chunk.toString()
      const port = /ready at http:\/\/[^:]+:(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      ready = true
      resolve(Number(port))
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => reject(new Error(`Parley ended with code ${code} before it was ready:\n${output}`)))
  })
}
