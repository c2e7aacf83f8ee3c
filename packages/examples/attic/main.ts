/** attic's command line: starts the services, has them hunt, prints what was found. `--help` says the rest. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Pool } from '@troupe/runtime'
import { Chaos } from './chaos.ts'
import { parseCommandLine, type Request, UsageError } from './command-line.ts'
import { hire } from './crew.ts'
import { jsonDocument, type Outcome } from './document.ts'
import { Hunt } from './hunt.ts'
import { Progress, progressText } from './progress.ts'
import { Stopped, stopSignal } from './stop-signal.ts'
import { table } from './table.ts'

async function main(): Promise<void> {
  const request = parseCommandLine(process.argv.slice(2))
  if (request === undefined) return
  const outcome = await search(request, stopSignal())
  // From here on a signal comes too late: what has begun to be written is written to its end.
  await print(request.json ? jsonDocument(outcome) : [table(outcome, request.top)])
}

/** @throws {Stopped} when the signal aborts */
async function search({ roots, chaos: isChaotic, ...options }: Request, signal: AbortSignal): Promise<Outcome> {
  // By `finally`, because Node 22 does not know `using`.
  const pool = new Pool({ timeoutMs: null }) // a large file takes as long as it takes
  try {
    const crew = await hire(pool, options)
    const hunt = new Hunt(crew, roots, { signal, onPhase: () => enterPhase() })
    const progress = new Progress(process.stderr, () => progressText(hunt, performance.now()))
    const chaos = isChaotic ? new Chaos(crew, (victim) => progress.log(`attic: kill ${victim}`)) : undefined
    const enterPhase = () => {
      progress.draw()
      chaos?.enter(hunt.phase)
    }
    try {
      const findings = await hunt.run()
      const stats = { ...findings.stats, kills: chaos?.kills ?? 0, elapsedMs: Math.round(performance.now()) }
      return { ...findings, stats }
    } finally {
      chaos?.stop()
      progress.stop()
    }
  } finally {
    await pool.close()
  }
}

async function print(chunks: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(chunks), process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error // whoever read it has seen enough
  }
}

/** One line, and the code to exit with. */
function verdict(error: unknown): { line: string; exitCode: number } {
  if (error instanceof Stopped) return { line: 'stopped; run again to go on', exitCode: error.exitCode }
  if (error instanceof UsageError) return { line: error.message, exitCode: 2 }
  const refusal = catalogueError(error)
  if (refusal) return { line: refusal.message, exitCode: 2 }
  return { line: error instanceof Error ? error.message : String(error), exitCode: 1 }
}

/** The catalogue's own error, which may be the cause of a start that failed. */
function catalogueError(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  return 'code' in error && error.code === 'ERR_ATTIC_CATALOGUE' ? error : catalogueError(error.cause)
}

try {
  await main()
} catch (error) {
  const { line, exitCode } = verdict(error)
  process.stderr.write(`attic: ${line.replaceAll('\n', ' ')}\n`)
  process.exitCode = exitCode
}
