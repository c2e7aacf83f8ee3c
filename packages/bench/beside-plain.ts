/** What the questions have in common that hold a call with something more beside a plain one: alone, and among many. */
import type { BudgetLine } from './budget.ts'
import { type Adder, inFlightCpu, oneAfterAnother } from './measure.ts'
import type { Contest, Contestant } from './question.ts'

/** The contestant that the others are compared with. */
export const PLAIN = 'plain'

export const ONE_AFTER_ANOTHER = 'a call with nothing else on its way'
export const IN_FLIGHT = 'a call among 1,000 in flight'

/** @param contestants with the plain one among them */
export const besidePlain = (contestants: readonly Contestant<Adder>[]): Contest<Adder> => ({
  contestants,
  scenarios: [
    {
      name: ONE_AFTER_ANOTHER,
      unit: 'µs/call',
      better: 'less',
      cores: 'one',
      base: PLAIN,
      measure: oneAfterAnother,
    },
    {
      name: IN_FLIGHT,
      unit: 'µs of CPU/call',
      better: 'less',
      cores: 'all',
      base: PLAIN,
      measure: (adder, turn) => inFlightCpu(adder, 1_000, turn),
    },
  ],
})

/** What each of them may cost, in both. */
export const budgetBesidePlain = (subjects: readonly string[]): readonly BudgetLine[] =>
  subjects.flatMap((subject) =>
    [ONE_AFTER_ANOTHER, IN_FLIGHT].map((scenario) => ({
      says: `${subject}, ${scenario === ONE_AFTER_ANOTHER ? 'alone' : '1,000 in flight'}: at most 1.5 × a plain call`,
      scenario,
      subject,
      over: PLAIN,
      limit: { atMost: 1.5 },
    })),
  )
