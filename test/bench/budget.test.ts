import { expect, it } from 'vitest'
import { type BudgetLine, judge } from '../../packages/bench/budget.ts'
import { QUICK } from '../../packages/bench/question.ts'
import { type Result, scenarioResult } from '../../packages/bench/result.ts'

const scenario = scenarioResult({ name: 'speed', unit: 'µs', better: 'less', cores: 'all', base: 'base', rows: [] }, [
  { name: 'base', from: null, version: '1', rounds: [10, 10, 10] },
  { name: 'ours', from: null, version: '1', rounds: [12, 11, 13] },
  { name: 'broken', from: null, version: '1', error: 'broke' },
])
const machine = { cpu: 'any', cores: 2, memoryGiB: 8, platform: 'any', loadBefore: 0 }
const result: Result = {
  question: 'any',
  machine,
  date: '2030-01-01',
  node: '26.0.0',
  pace: QUICK,
  isConfinable: true,
  scenarios: [scenario],
}

const line = (over: string | null, limit: BudgetLine['limit'], subject = 'ours'): BudgetLine => ({
  says: 'it',
  scenario: 'speed',
  subject,
  over,
  limit,
})

it.each([
  ['a ratio at its upper limit', line('base', { atMost: 1.2 }), 'reached', 1.2],
  ['a ratio above it', line('base', { atMost: 1.19 }), 'not reached', 1.2],
  ['a ratio at its lower limit', line('base', { atLeast: 1.2 }), 'reached', 1.2],
  ['a ratio below it', line('base', { atLeast: 1.21 }), 'not reached', 1.2],
  ['a number within its limit', line(null, { atMost: 12 }), 'reached', 12],
  ['a number beyond it', line(null, { atMost: 11 }), 'not reached', 12],
  ['a row that failed', line(null, { atMost: 12 }, 'broken'), 'not measured', null],
  ['a base that failed', line('broken', { atMost: 12 }), 'not measured', null],
  ['a row that is not there', line(null, { atMost: 12 }, 'nobody'), 'not measured', null],
] as const)('%s is %s', (_, budget, is, found) => {
  expect(judge(budget, result)).toMatchObject({ is, found })
})
