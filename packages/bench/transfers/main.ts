/**
 * `transfers [--files n] [--mebibytes n] [--limit n]`: many files at once through a `FileService`, and the same through `cp`
 * and `cat | cat`. Ends with 0, and with 1 when the service took more memory than the limit.
 */
import { tmpdir } from 'node:os'
import { InvalidArgumentError, program } from 'commander'
import { transferAll } from './transfers.ts'

interface Options {
  readonly files: number
  readonly mebibytes: number
  readonly limit: number
  readonly folder: string
}

const USAGE_ERROR = 2
const MEBIBYTE = 1_048_576

program
  .name('transfers')
  .option('--files <n>', 'transfers, all at once', count, 16)
  .option('--mebibytes <n>', 'size of each file', count, 256)
  .option('--limit <n>', 'memory that the service may take above idle, in MiB', count, 100)
  .option('--folder <path>', 'where the files are made, and removed again: room for all of them twice', tmpdir())
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR))
  .action(run)

await program.parseAsync()

async function run({ files, mebibytes, limit, folder }: Options): Promise<void> {
  print(`${files} × ${mebibytes} MiB at once`)
  let [laps, peak] = [0, 0]
  for await (const { way, bytesPerSecond, peakBytes } of transferAll({
    files,
    fileBytes: mebibytes * MEBIBYTE,
    folder,
  })) {
    const memory = peakBytes === undefined ? '' : `, at most ${(peakBytes / MEBIBYTE).toFixed(0)} MiB above idle`
    print(`${way.padEnd(11)} ${(bytesPerSecond / MEBIBYTE).toFixed(0).padStart(6)} MiB/s${memory}`)
    laps++
    peak = Math.max(peak, (peakBytes ?? 0) / MEBIBYTE)
  }
  const isOver = peak > limit
  print(`✓ all ${laps * files} files arrived, each with the SHA-256 of its source`)
  print(`${isOver ? '✗' : '✓'} ${peak.toFixed(1)} MiB of memory above idle, the limit is ${limit}`)
  process.exitCode = isOver ? 1 : 0
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError(`expected a whole number above 0, found "${text}"`)
}
