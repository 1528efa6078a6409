import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** What a browser in a test needs: no sandbox (containers run as root), no network traffic of its own. */
const flags = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Containers often have a tiny /dev/shm.
  '--disable-dev-shm-usage',
]

const installed = ['/usr/bin/chromium', '/usr/bin/google-chrome-stable', '/usr/bin/google-chrome']

/** A program to start, with what it needs around it. */
export interface BrowserProgram {
  executablePath: string
  env: Record<string, string>
}

/** Where the packed browser is unpacked to: once for each version of the package, shared by all test processes. */
function cacheDirectory(version: string): string {
  return path.resolve(import.meta.dirname, `../../node_modules/.cache/parley/chromium-${version}`)
}

/**
 * The browser inside the npm package @sparticuz/chromium, unpacked when it is not yet. The package brings the libraries
 * (NSS, expat) and a font that a bare machine lacks, but hands them out on Amazon's machines only; here they are always
 * unpacked and named to the browser.
 * @returns null on machines the package has no browser for (anything but Linux on x64)
 */
export async function packedBrowser(): Promise<BrowserProgram | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const root = path.resolve(path.dirname(entry), '..')
  const { version } = createRequire(import.meta.url)(path.join(root, 'package.json')) as { version: string }
  const directory = cacheDirectory(version)
  if (!existsSync(directory)) await unpack(path.join(root, 'bin'), directory)
  return {
    executablePath: path.join(directory, 'chromium'),
    env: {
      LD_LIBRARY_PATH: path.join(directory, 'al2023/lib'),
      FONTCONFIG_FILE: path.join(directory, 'fonts.conf'),
    },
  }
}

/** Unpacks beside the final place and renames, so that nobody ever starts half a browser. */
async function unpack(source: string, directory: string): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium')
  const staging = `${directory}.${randomUUID()}`
  await mkdir(staging, { recursive: true })
  const before = process.env.TMPDIR
  // The package unpacks into the folder for temporary files, whichever that is at the moment.
  process.env.TMPDIR = staging
  try {
    for (const archive of ['chromium.br', 'al2023.tar.br', 'fonts.tar.br', 'swiftshader.tar.br']) await inflate(path.join(source, archive))
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  await writeFile(path.join(staging, 'fonts.conf'), fontConfiguration(directory))
  try {
    await rename(staging, directory)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    // Another test process was faster; its copy is as good.
    if (!existsSync(directory)) throw error
  }
}

function fontConfiguration(directory: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${directory}/fonts</dir>
  <cachedir>${directory}/fonts-cache</cachedir>
</fontconfig>
`
}

/**
 * The browsers to try, best first: PARLEY_BROWSER alone when it is set, else one that is installed, else the one in the
 * npm package.
 */
export async function browserPrograms(): Promise<BrowserProgram[]> {
  const chosen = process.env.PARLEY_BROWSER
  if (chosen) return [{ executablePath: chosen, env: {} }]
  const found = installed.filter((file) => existsSync(file)).map((executablePath) => ({ executablePath, env: {} }))
  const packed = await packedBrowser()
  return packed ? [...found, packed] : found
}

/**
 * Starts one program.
 * @throws Error when it does not start
 */
export function launch(program: BrowserProgram): Promise<Browser> {
  return chromium.launch({
    executablePath: program.executablePath,
    args: flags,
    env: { ...definedEnvironment(), ...program.env },
    timeout: 30_000,
  })
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** The part of a tap test that is needed here. */
export interface Skippable {
  comment(text: string): void
}

/**
 * A browser, or null when this machine has none that starts: the test then skips itself, loudly.
 * @throws Error instead of null when CI is "true", because there a browser test must not vanish
 */
export async function launchBrowser(t: Skippable): Promise<Browser | null> {
  const failures: string[] = []
  for (const program of await browserPrograms()) {
    try {
      return await launch(program)
    } catch (error) {
      // The next one may start; what went wrong is told when none does.
      failures.push(`${program.executablePath}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
    }
  }
  const reason = `No browser starts here. Install Chromium or set PARLEY_BROWSER. ${failures.join('; ')}`
  if (process.env.CI === 'true') throw new Error(reason)
  t.comment(`BROWSER TESTS ARE SKIPPED: ${reason}`)
  process.stderr.write(`BROWSER TESTS ARE SKIPPED: ${reason}\n`)
  return null
}
