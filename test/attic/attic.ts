/** Runs attic as a user does: its `main.ts` in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { missing } from './tools.ts'

export const MAIN = join(import.meta.dirname, '../../packages/examples/attic/main.ts')

/** SQLite is experimental in Node 22, which says so on stderr. */
const QUIET = '--disable-warning=ExperimentalWarning'

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface AtticDocument {
  readonly groups: readonly { readonly sha256: string; readonly bytes: number; readonly paths: readonly string[] }[]
  readonly unreadable: readonly { readonly path: string; readonly code: string; readonly reason: string }[]
  readonly stats: Readonly<Record<string, number>>
}

export interface RunOptions {
  /** A command that attic is run by, such as `setpriv …`. */
  readonly under?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

export function start(args: readonly string[], { under = [], cwd, env = {} }: RunOptions = {}) {
  const [tool, ...rest] = [...under, process.execPath, QUIET, MAIN, ...args]
  // vitest's own variables must not reach a program that is run as users run it.
  const { NODE_OPTIONS: _options, INIT_CWD: _where, ...inherited } = process.env
  return spawn(tool!, rest, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

export async function attic(args: readonly string[], options?: RunOptions): Promise<Ended> {
  const child = start(args, options)
  const closed = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? missing(child.spawnfile) : error
  })
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { exitCode, signal, stdout, stderr }
}

/** Runs attic for its JSON, and fails with its own words when it does not end well. */
export async function atticJson(args: readonly string[], options?: RunOptions): Promise<AtticDocument> {
  const ended = await attic(['--json', ...args], options)
  if (ended.exitCode !== 0) throw new Error(`attic ended with ${ended.exitCode ?? ended.signal}: ${ended.stderr}`)
  return JSON.parse(ended.stdout) as AtticDocument
}
