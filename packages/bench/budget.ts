/** What the numbers must come to. A line of the budget is data; whether it is reached is read from a result. */
import { measuredRow, type Result } from './result.ts'
import { medianRatio } from './statistics.ts'

export type BudgetLine = {
  readonly says: string
  readonly scenario: string
  /** The row that must reach it. */
  readonly subject: string
  /** The row whose number it is divided by, round by round; `null` for the number as it stands. */
  readonly over: string | null
  readonly limit: { readonly atMost: number } | { readonly atLeast: number }
}

export type Verdict = {
  readonly says: string
  /** A ratio, or a number in `unit`; `null` when a row is missing. */
  readonly found: number | null
  /** `×` for a ratio. */
  readonly unit: string
  readonly is: 'reached' | 'not reached' | 'not measured'
}

export function judge({ says, scenario, subject, over, limit }: BudgetLine, { scenarios }: Result): Verdict {
  const result = scenarios.find(({ name }) => name === scenario)
  const row = result && measuredRow(result, subject)
  const base = result && over !== null ? measuredRow(result, over) : undefined
  const unit = over === null ? (result?.unit ?? '') : '×'
  if (row === undefined || (over !== null && base === undefined)) return { says, found: null, unit, is: 'not measured' }
  const found = base ? medianRatio(row.rounds, base.rounds) : row.median
  const isReached = 'atMost' in limit ? found <= limit.atMost : found >= limit.atLeast
  return { says, found, unit, is: isReached ? 'reached' : 'not reached' }
}
