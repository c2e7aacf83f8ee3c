import { describe, expect, it } from 'vitest'
import { QUESTIONS } from '../../packages/bench/all-questions.ts'

describe.each(QUESTIONS.map((question) => [question.name, question] as const))('%s', (_, question) => {
  const { contests, budget } = question
  const scenarios = contests.flatMap(({ scenarios }) => scenarios)

  it('has no two scenarios of one name', () => {
    const names = scenarios.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
  })

  it('compares every scenario with a contestant of the same contest', () => {
    for (const { contestants, scenarios } of contests) {
      const names = contestants.map(({ name }) => name)
      expect(names).toEqual([...new Set(names)])
      for (const { base } of scenarios) expect(names).toContain(base)
    }
  })

  it('has only budget lines about rows that there are', () => {
    for (const { scenario, subject, over } of budget) {
      const contest = contests.find(({ scenarios }) => scenarios.some(({ name }) => name === scenario))
      const names = contest?.contestants.map(({ name }) => name)
      expect(names, scenario).toContain(subject)
      if (over !== null) expect(names, scenario).toContain(over)
    }
  })
})
