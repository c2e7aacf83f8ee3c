import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { QUESTIONS } from '../../packages/bench/all-questions.ts'
import type { Result } from '../../packages/bench/result.ts'

const main = fileURLToPath(new URL('../../packages/bench/main.ts', import.meta.url))
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args])

it.each(QUESTIONS.map((question) => [question.name, question] as const))(
  '%s --quick --json measures every contestant in every scenario and prints one document',
  { timeout: 120_000 },
  async (name, { contests }) => {
    const { stdout } = await bench(name, '--quick', '--json')
    const { question, scenarios, pace } = JSON.parse(stdout) as Result
    expect([question, pace.name]).toEqual([name, 'quick'])
    const planned = contests.flatMap(({ contestants, scenarios }) =>
      scenarios.map((scenario) => [scenario.name, contestants.map(({ name }) => name)]),
    )
    expect(scenarios.map(({ name, rows }) => [name, rows.map(({ name }) => name)])).toEqual(planned)
    for (const { name, rows } of scenarios) {
      for (const row of rows) {
        if ('absent' in row) continue
        expect(row, name).not.toHaveProperty('error')
        expect(row, name).toMatchObject({
          median: expect.any(Number),
          min: expect.any(Number),
          max: expect.any(Number),
        })
      }
    }
  },
)

it('--only leaves the others out, and without the base there are no ratios', async () => {
  const { stdout } = await bench('calls', '--quick', '--json', '--only', 'Troupe')
  const { scenarios } = JSON.parse(stdout) as Result
  for (const { rows } of scenarios) expect(rows.map(({ name }) => name)).toEqual(['Troupe'])
  expect(scenarios[0]!.rows).toMatchObject([{ ratio: null }])
})

const known = QUESTIONS.map(({ name }) => name).join(', ')
const SAVE = '--save keeps whole, thorough runs only: it has no --quick, no other --pace, no --only, no --compare'
const TABLE = '--compare prints a table, and has no --json'

it.each([
  ['an unknown question', ['nonsense'], `unknown question "nonsense", known: ${known}`],
  ['an unknown contestant', ['idle', '--only', 'Nobody'], 'unknown contestant "Nobody", known: bare Worker, Troupe'],
  ['an unknown commit', ['--compare', 'nonsense'], 'git knows no commit "nonsense"'],
  ['a commit without a name', ['--compare', ''], 'git knows no commit ""'],
  ['a file where a commit is asked for', ['--compare', 'HEAD:package.json'], 'git knows no commit "HEAD:package.json"'],
  ['a comparison as JSON', ['--json', '--compare', 'HEAD'], TABLE],
  ['keeping a quick run', ['--save', '--quick'], SAVE],
  ['keeping a brisk run', ['--save', '--pace', 'brisk'], SAVE],
  ['keeping a part of a run', ['--save', '--only', 'Troupe'], SAVE],
  ['keeping a comparison', ['--save', '--compare', 'HEAD'], SAVE],
])('%s is one line that says so, and exit code 2, before anything is measured', async (_, args, line) => {
  const failed = await bench(...args).catch((error: { code: number; stdout: string; stderr: string }) => error)
  expect(failed).toMatchObject({ code: 2, stdout: '', stderr: `${line}\n` })
})

it("a quick run's verdicts are followed by what they are worth", async () => {
  const { stdout } = await bench('idle', '--quick', '--only', 'bare Worker')
  expect(stdout.trimEnd().split('\n').at(-1)).toBe("A quick run's verdicts say little: ask again without --quick.")
})

it('a result names the commit that was measured', async () => {
  const { stdout } = await bench('idle', '--quick', '--json', '--only', 'bare Worker')
  expect((JSON.parse(stdout) as Result).commit).toMatch(/^[0-9a-f]{7,}(, changed)?$/)
})
