import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { UserError } from './problems.mjs'
import { inRoot } from './project.mjs'

const wantedMajor = 24

/** The path of a Node that runs Parley: the running one when it is new enough, else the one that npm installed. */
export function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath
  const installed = inRoot('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (!existsSync(installed)) {
    throw new UserError(
      `Parley needs Node ${wantedMajor} or newer. This is ${process.version}, and npm has none for ${process.platform}-${process.arch}: install Node ${wantedMajor}.`,
    )
  }
  try {
    execFileSync(installed, ['--version'], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new UserError(
      `The Node ${wantedMajor} that npm installed does not run here (${error.message.trim()}): install Node ${wantedMajor}.`,
    )
  }
  return installed
}
