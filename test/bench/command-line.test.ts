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

it('an unknown question is one line that names the known ones, and exit code 2', async () => {
  const known = QUESTIONS.map(({ name }) => name).join(', ')
  const failed = await bench('nonsense').catch((error: { code: number; stderr: string }) => error)
  expect(failed).toMatchObject({ code: 2, stderr: `unknown question "nonsense", known: ${known}\n` })
})
