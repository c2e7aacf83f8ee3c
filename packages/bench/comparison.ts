/** Two versions' answers to one question as a table: what each gave, and the ratio of the two. */
import { readable, readableRatio } from './numbers.ts'
import { measuredRow, type Result, type Row, type ScenarioResult } from './result.ts'
import { medianRatio, spread } from './statistics.ts'
import { table } from './table.ts'

export type Sides = {
  readonly question: string
  /** The name of the other version. */
  readonly base: string
  /** One result a round, each beside the one of the same round over there. */
  readonly here: readonly Result[]
  readonly there: readonly Result[]
}

export function comparisonText({ question, base, here, there }: Sides): string {
  const rows = here[0]!.scenarios.flatMap((scenario) =>
    scenario.rows.map((row) => cellsOf(scenario, row, mediansOf(here, scenario, row), mediansOf(there, scenario, row))),
  )
  return [
    `${question}: this clone over ${base}, ${here.length} rounds each`,
    table(['scenario', '', 'unit', 'here', base, 'ratio', 'lowest–highest'], rows, 3),
  ].join('\n')
}

function cellsOf(
  { name, unit }: ScenarioResult,
  row: Row,
  here: readonly number[],
  there: readonly number[],
): string[] {
  if (here.length === 0 || here.length !== there.length) return [name, row.name, unit, 'not measured on both sides']
  const ratios = spread(here.map((value, round) => value / there[round]!))
  return [
    name,
    row.name,
    unit,
    readable(spread(here).median),
    readable(spread(there).median),
    readableRatio(medianRatio(here, there)),
    `${readable(ratios.min)}–${readable(ratios.max)}`,
  ]
}

/** Of the rounds in which it could be measured. */
function mediansOf(results: readonly Result[], { name }: ScenarioResult, row: Row): readonly number[] {
  return results.flatMap(({ scenarios }) => {
    const scenario = scenarios.find((scenario) => scenario.name === name)
    return (scenario && measuredRow(scenario, row.name)?.median) ?? []
  })
}
