/** `bench [question...] [--json] [--quick]`: asks, and prints the answers. */
import { program } from 'commander'
import type { Pace } from './contest.ts'
import { openProgress } from './progress.ts'
import type { Answer } from './question.ts'
import { calls } from './questions/calls.ts'

const QUESTIONS = [calls]

const THOROUGH: Pace = { rounds: 21, turnMs: 110, warmUpMs: 400 }
const QUICK: Pace = { rounds: 5, turnMs: 40, warmUpMs: 100 }

const USAGE_ERROR = 2

program
  .name('bench')
  .argument('[question...]', QUESTIONS.map(({ name, asks }) => `${name}: ${asks}`).join('\n'))
  .option('--json', 'print one JSON document instead of tables')
  .option('--quick', 'take less time and give rougher numbers')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR))
  .action(run)

await program.parseAsync()

async function run(names: string[], { json = false, quick = false }: { json?: boolean; quick?: boolean }) {
  const known = QUESTIONS.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    program.error(`unknown question ${unknown.map((name) => `"${name}"`).join(', ')}, known: ${known.join(', ')}`)
  }

  const answers: Answer[] = []
  for (const question of QUESTIONS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    using line = openProgress(question.name)
    answers.push(await question.answer(quick ? QUICK : THOROUGH, line.progress))
  }

  const documents = answers.map(({ document }) => document)
  const output = json
    ? JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)
    : answers.map(({ text }) => text).join('\n\n')
  process.stdout.write(`${output}\n`)

  // A peer that failed may have left a thread that nobody can end. Without failures the process ends by itself.
  if (answers.some(({ hasFailures }) => hasFailures)) process.exit(1)
}
