/** `docs/performance.md` and its charts, made of results and of nothing else. */
import { judge } from './budget.ts'
import { chart } from './chart.ts'
import { readable, readableRatio } from './numbers.ts'
import type { Question } from './question.ts'
import { circumstances } from './report.ts'
import { type Result, type Row, type ScenarioResult, sorted } from './result.ts'

export type Answered = readonly [Question, Result]

/** What stands in the way of a fair comparison with those that one might expect here. */
const NOT_COMPARED = `## Who is not compared, and why

- **Watt's messaging** goes from the thread of one application to that of another: there is no call from a plain main
  thread that could stand beside the others, and its runtime would bring 100 MB and 235 packages to each install. Measured
  once, aside: 46 µs one after another and 23,000/s with 1,000 in flight, where a bare port had 16 µs and 246,000/s, and
  two of Troupe's services with a direct link 21 µs and 453,000/s
  ([how](decisions/0022-watt-is-measured-aside.md)).
`

export function performancePage(answered: readonly Answered[]): ReadonlyMap<string, string> {
  const charts = answered.map(([question, result]): [string, string] => [
    chartFile(question),
    chart(`${question.name}: ${question.asks}`, result.scenarios),
  ])
  const page = [intro(answered), ...answered.map(section), NOT_COMPARED].join('\n')
  return new Map([['performance.md', page], ...charts])
}

function intro(answered: readonly Answered[]): string {
  const isQuick = answered.some(([, { pace }]) => pace.name === 'quick')
  const quickly = isQuick
    ? '\n**Some of these are quick runs: rough numbers, good for orders of magnitude only.**\n'
    : ''
  return `<!-- Written by \`npm run bench -- --page\` from packages/bench/results; change those, not this. -->
# Performance

What Troupe costs, side by side with what a reader may use today: the same payload, in one run, in alternating rounds.
How it is measured, and what to believe, stands in [the bench's page](../packages/bench/README.md). Bars show medians, the
thin line on a bar the middle half of the rounds (with an arrow where it leaves the picture); every axis starts at 0. A bar
with a gap is cut off: it is more than 20 times as long as the next. Ratios are taken within each round.
${quickly}
${budgetSummary(answered)}`
}

function budgetSummary(answered: readonly Answered[]): string {
  const verdicts = answered.flatMap(([question, result]) =>
    question.budget.map((line) => ({ question: question.name, ...judge(line, result) })),
  )
  const count = (is: string) => verdicts.filter((verdict) => verdict.is === is).length
  return `## The budget

${count('reached')} of ${verdicts.length} lines are reached, ${count('not reached')} are not, ${count('not measured')} could not be measured.

| | to reach | found | |
|---|---|---:|---|
${verdicts.map(({ question, says, found, unit, is }) => `| [${question}](#${question}) | ${says} | ${found === null ? '–' : `${readable(found)} ${unit}`} | ${is === 'reached' ? '✓ reached' : is} |`).join('\n')}
`
}

function section([question, result]: Answered): string {
  const { name, asks, notes } = question
  return `## ${name}

_${asks.charAt(0).toUpperCase()}${asks.slice(1)}_

${notes.map((note) => `- ${note}`).join('\n')}

![${name}: ${asks}](${chartFile(question)})

<details><summary>The numbers</summary>

${result.scenarios.map((scenario) => scenarioTable(scenario, result)).join('\n')}
</details>

${circumstances(result)}.
`
}

function scenarioTable(scenario: ScenarioResult, { isConfinable }: Result): string {
  const { name, unit, base, cores } = scenario
  const where = cores === 'one' && isConfinable ? ', all threads on one core' : ''
  return `**${name}** (${unit}${where}; ratios to ${base})

| | version | ${unit} | lowest–highest | ratio |
|---|---|---:|---:|---:|
${sorted(scenario).map(tableRow).join('\n')}
`
}

function tableRow(row: Row): string {
  const { name, version } = row
  if ('error' in row) return `| ${name} | ${version} | failed: ${row.error} | | |`
  if ('absent' in row) return `| ${name} | ${version} | ${row.absent} | | |`
  const { median, min, max, ratio } = row
  return `| ${name} | ${version} | ${readable(median)} | ${readable(min)}–${readable(max)} | ${readableRatio(ratio)} |`
}

function chartFile({ name }: Question): string {
  return `performance/${name}.svg`
}
