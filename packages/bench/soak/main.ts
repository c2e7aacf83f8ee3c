/** `soak [--calls n] [--items n] [--rounds n]`: ends with 0 if memory stayed flat, and with 1 if something grew. */
import { program } from 'commander'
import { soak } from './soak.ts'
import { growthIn } from './verdict.ts'

const USAGE_ERROR = 2

program
  .name('soak')
  .option('--calls <n>', 'calls, of all rounds together', count, 10_000_000)
  .option('--items <n>', 'items of streams, of all rounds together', count, 10_000_000)
  .option('--rounds <n>', 'after each of them the heaps are collected and looked at', count, 50)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR))
  .action(run)

await program.parseAsync()

async function run(plan: { readonly calls: number; readonly items: number; readonly rounds: number }): Promise<void> {
  const startMs = performance.now()
  const samples = await soak(plan, ({ ownerHeapBytes, threadHeapBytes, handles }, round) => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
    const heaps = `heaps ${mebibytes(ownerHeapBytes)} and ${mebibytes(threadHeapBytes)} MiB`
    process.stdout.write(`round ${round + 1} of ${plan.rounds}: ${heaps}, ${handles} handles, ${seconds} s\n`)
  })
  const problems = growthIn(samples)
  for (const problem of problems) process.stdout.write(`✗ ${problem}\n`)
  if (problems.length === 0) process.stdout.write(`✓ flat over ${plan.calls} calls and ${plan.items} items\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  return program.error(`expected a whole number above 0, found "${text}"`)
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
