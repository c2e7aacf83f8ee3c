/** What the user asks for: folders and options, or a `UsageError` of one line. */
import { type BigIntStats, mkdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { fromText, toBytes } from './names.ts'
import type { Root } from './survey.ts'
import { unreadable } from './unreadable.ts'

export interface Request {
  readonly roots: readonly Root[]
  readonly catalogueFile: string
  readonly json: boolean
  readonly chaos: boolean
  readonly top: number
  readonly threads: number
}

/** The user asked for something that can't be done. */
export class UsageError extends Error {}

interface Options {
  readonly json?: true
  readonly chaos?: true
  readonly top: number
  readonly threads: number
  /** False for `--no-catalogue`. */
  readonly catalogue?: string | false
}

const HELP = `
Names. In JSON a path that is valid UTF-8 is a plain string. One that is not is written as the shell writes it, $'…':
\\xNN is a byte, \\\\ a backslash, \\' a quote. In the table, so are names with control characters. Paths are absolute,
so that none of them begins with "$".

Links. Symbolic links are not followed below the folders given. Hard links of one inode are one file, which goes by the
first of its names in byte order.

Examples:
  npm run demo -- ~/Pictures ~/Desktop          what is there twice, in either or across both
  npm run demo -- . --json | jq .stats          for programs
  npm run demo -- . --chaos --no-catalogue      the same result while services are killed

Exit codes: 0 done, also when some files could not be read; 1 a failure; 2 a request that can't be carried out;
130 or 143 stopped by Ctrl-C or SIGTERM.`

/** @returns undefined when the answer was `--help` or `--version` */
export function parseCommandLine(argv: readonly string[]): Request | undefined {
  const command = new Command('attic')
    .description(
      'Finds files with the same content. What was read is remembered: a file that has not changed is not read again.',
    )
    .version(
      (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version,
    )
    .argument('[folders...]', "where to look; this repository's node_modules when none is given")
    .option('--json', 'print { groups, unreadable, stats } as JSON, and nothing else')
    .option('--top <n>', 'rows in the table', wholeNumber(0), 10)
    .option('--threads <n>', 'threads that hash', wholeNumber(1, 64), 2)
    .option(
      '--catalogue <file>',
      'what is remembered (default: troupe-attic/catalogue.db in the cache folder of the user)',
    )
    .option('--no-catalogue', 'remember nothing')
    .option('--chaos', 'kill a random service every second; the result stays the same')
    .addHelpText('after', HELP)
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {} }) // main prints the one line
    .exitOverride()
  try {
    command.parse([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined
    throw new UsageError((error as Error).message.replace(/^error: /, ''))
  }
  const { json = false, chaos = false, top, threads, catalogue } = command.opts<Options>()
  const folders = command.args.length > 0 ? command.args : [defaultFolder()]
  return { roots: folders.map(openRoot), catalogueFile: catalogueFile(catalogue), json, chaos, top, threads }
}

const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    const limit = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`it needs a whole number ${limit}.`)
  }

// npm runs a script in the repository's root; INIT_CWD is where the user stood.
const fromHere = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path)

const defaultFolder = (): string => resolve(import.meta.dirname, '../../../node_modules')

function openRoot(folder: string): Root {
  const path = fromText(fromHere(folder))
  let found: BigIntStats
  try {
    found = statSync(toBytes(path), { bigint: true })
  } catch (error) {
    // Node gives arguments as text, with this character for what is none.
    const hint = folder.includes('\ufffd') ? " (a name that is not UTF-8 can't be given, name the folder above it)" : ''
    throw new UsageError(`can't open folder "${folder}": ${unreadable(path, error).reason}${hint}`)
  }
  if (!found.isDirectory()) throw new UsageError(`"${folder}" is not a folder`)
  return { path, id: `${found.dev}:${found.ino}` }
}

function catalogueFile(choice: string | false | undefined): string {
  if (choice === false) return ':memory:'
  if (choice !== undefined) return fromHere(choice)
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'troupe-attic')
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new UsageError(
      `can't make "${folder}" for the catalogue: ${(error as Error).message}; choose another place by --catalogue, or --no-catalogue`,
    )
  }
  return join(folder, 'catalogue.db')
}
