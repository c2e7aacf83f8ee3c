/** `bench [question...]`: asks, and prints the answers. `--help` says the rest. */
import { dirname } from 'node:path'
import { Option, program } from 'commander'
import { QUESTIONS } from './all-questions.ts'
import { ask } from './ask.ts'
import { askApart } from './ask-apart.ts'
import { isCommit } from './commit.ts'
import { compare } from './compare.ts'
import { saveResult, writePage } from './kept-results.ts'
import { misuse } from './misuse.ts'
import { openProgress } from './progress.ts'
import { BRISK, contestantsOf, QUICK, type Question, THOROUGH } from './question.ts'
import { report } from './report.ts'
import { hasFailures, type Result } from './result.ts'

const USAGE_ERROR = 2

const PACES = { thorough: THOROUGH, brisk: BRISK, quick: QUICK }
type Pace = keyof typeof PACES

type Options = {
  readonly json?: boolean
  readonly quick?: boolean
  readonly pace: Pace
  readonly save?: boolean
  readonly page?: boolean
  readonly only?: readonly string[]
  readonly compare?: string
}

program
  .name('bench')
  .argument('[question...]', QUESTIONS.map(({ name, asks }) => `${name}: ${asks}`).join('\n'))
  .option('--json', 'print one JSON document instead of tables')
  .option('--quick', '--pace quick: seconds instead of minutes, and rough numbers')
  .addOption(new Option('--pace <name>', 'how thorough').choices(Object.keys(PACES)).default('thorough'))
  .option('--only <contestant...>', 'measure these only')
  .option('--save', 'keep the results in packages/bench/results')
  .option('--page', 'write docs/performance.md from the results kept there, and measure nothing')
  .option('--compare <commit>', 'run beside the runtime of that commit, and print the ratios to it')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR))
  .action(run)

await program.parseAsync()

async function run(names: string[], options: Options): Promise<void> {
  const { quick, compare: base, only } = options
  const pace = quick ? 'quick' : options.pace
  const wrong = misuse({ ...options, names, pace }, QUESTIONS)
  if (wrong !== null) program.error(wrong)
  if (base !== undefined && !(await isCommit(base))) program.error(`git knows no commit "${base}"`)

  const isAsked = ({ name }: Question) => names.length === 0 || names.includes(name)
  const takesPart = (question: Question) =>
    only === undefined || contestantsOf(question).some(({ name }) => only.includes(name))
  const questions = QUESTIONS.filter((question) => isAsked(question) && takesPart(question))
  if (options.page) await writePage(QUESTIONS)
  else if (base !== undefined) print(await compare(questions, { ...options, base }))
  else await answer(questions, { ...options, pace })
}

async function answer(questions: readonly Question[], { pace, only, json, save }: Options): Promise<void> {
  const results: Result[] = []
  for (const question of questions) {
    const result = await (questions.length > 1 ? askAlone : askHere)(question, pace, only)
    if (save) await saveResult(result)
    if (!json) print(report(question, result))
    results.push(result)
  }
  if (json) print(JSON.stringify(results.length === 1 ? results[0] : results, null, 2))

  // A contestant that failed may have left a thread that nobody can end. Without failures the process ends by itself.
  if (results.some(hasFailures)) process.exit(1)
}

/** What the questions before it have left in this process, compiled code and memory, would be measured with it. */
function askAlone({ name }: Question, pace: Pace, only: Options['only']): Promise<Result> {
  const args = [name, '--pace', pace, ...(only === undefined ? [] : ['--only', ...only])]
  return askApart(dirname(dirname(import.meta.dirname)), args, 'inherit')
}

async function askHere(question: Question, pace: Pace, only: Options['only']): Promise<Result> {
  const line = openProgress(question.name)
  const { progress } = line
  return ask(question, { pace: PACES[pace], only: only ?? null, progress }).finally(() => line.close())
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
