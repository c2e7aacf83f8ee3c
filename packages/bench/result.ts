/** What a question gives: plain JSON, the same shape for all of them, kept in `results/`. */
import type { Machine } from './machine.ts'
import type { Pace, Question, Scenario } from './question.ts'
import { medianRatio, spread } from './statistics.ts'

export type Result = {
  readonly question: string
  readonly machine: Machine
  readonly date: string
  /** Such as `363400f`, or `363400f, changed`. Absent where git has none to name, and in older files. */
  readonly commit?: string
  readonly node: string
  readonly pace: Pace
  /** Whether threads could be confined to one core where the scenario says so; see cores.ts. */
  readonly isConfinable: boolean
  readonly scenarios: readonly ScenarioResult[]
}

export type ScenarioResult = Pick<Scenario<never>, 'name' | 'unit' | 'better' | 'cores' | 'base'> & {
  readonly rows: readonly Row[]
}

export type Row = Source & Outcome

/** Who it is, and the package and version behind it; `from` is `null` for plain Node. */
type Source = { readonly name: string; readonly from: string | null; readonly version: string }

type Outcome = Measured | { readonly absent: string } | { readonly error: string }

export type Measured = {
  readonly median: number
  readonly min: number
  readonly max: number
  /** To the base, within each round; `null` only when the base itself has no numbers. */
  readonly ratio: number | null
  /** One number a round. */
  readonly rounds: readonly number[]
}

/** What one contestant gave in one scenario. */
export type Entry = Source &
  ({ readonly rounds: readonly number[] } | { readonly absent: string } | { readonly error: string })

export function scenarioResult(
  { name, unit, better, cores, base }: ScenarioResult | Scenario<never>,
  entries: readonly Entry[],
): ScenarioResult {
  const baseRounds = roundsOf(entries.find((entry) => entry.name === base))
  const rows = entries.map((entry): Row => {
    if (!('rounds' in entry)) return entry
    const rounds = entry.rounds.map(roundOff)
    const ratio = baseRounds && medianRatio(rounds, baseRounds)
    const { name, from, version } = entry
    return { name, from, version, ...spread(rounds), ratio: ratio && roundOff(ratio), rounds }
  })
  return { name, unit, better, cores, base, rows }
}

export function hasFailures({ scenarios }: Result): boolean {
  return scenarios.some(({ rows }) => rows.some((row) => 'error' in row))
}

/** Best first; those without numbers last. */
export function sorted({ better, rows }: ScenarioResult): readonly Row[] {
  const rank = (row: Row) => ('median' in row ? (better === 'less' ? row.median : -row.median) : Number.MAX_VALUE)
  return rows.toSorted((a, b) => rank(a) - rank(b))
}

/** The measured row of that name. */
export function measuredRow({ rows }: ScenarioResult, name: string): Measured | undefined {
  const row = rows.find((row) => row.name === name)
  return row && 'median' in row ? row : undefined
}

export function titleOf({ name, asks }: Question): string {
  return `${name}: ${asks}`
}

function roundsOf(entry: Entry | undefined): readonly number[] | null {
  return entry !== undefined && 'rounds' in entry ? entry.rounds : null
}

/** To four digits: no machine repeats the fifth. */
function roundOff(value: number): number {
  return Number(value.toPrecision(4))
}
