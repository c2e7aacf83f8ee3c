import { expect, it } from 'vitest'
import { comparisonText } from '../../packages/bench/comparison.ts'
import { QUICK } from '../../packages/bench/question.ts'
import { type Entry, type Result, scenarioResult } from '../../packages/bench/result.ts'

const result = (...rounds: number[]): Result => {
  const source = { name: 'Troupe', from: null, version: '1' }
  const entry: Entry = rounds.length > 0 ? { ...source, rounds } : { ...source, error: 'unknown there' }
  return {
    question: 'calls',
    machine: { cpu: 'any', cores: 2, memoryGiB: 8, platform: 'any', loadBefore: 0 },
    date: '2030-01-01',
    node: '26.0.0',
    pace: QUICK,
    isConfinable: true,
    scenarios: [
      scenarioResult({ name: 'speed', unit: 'µs', better: 'less', cores: 'all', base: 'x', rows: [] }, [entry]),
    ],
  }
}

it('compares round by round, so a drift that hits both sides does not count', () => {
  const here = [result(10), result(100), result(1_000)]
  const there = [result(5), result(50), result(500)]
  const text = comparisonText({ question: 'calls', base: 'v1', here, there })
  expect(text.split('\n').at(-1)).toMatch(/^speed +Troupe +µs +100 +50\.0 +2\.00 × +2\.00–2\.00$/)
})

it('says so when one side could not be measured', () => {
  const text = comparisonText({ question: 'calls', base: 'v1', here: [result(10)], there: [result()] })
  expect(text).toContain('not measured on both sides')
})
