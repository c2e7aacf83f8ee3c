/** A result as text for a terminal: a table for each scenario, then the budget. */
import type { BudgetLine } from './budget.ts'
import { judge } from './budget.ts'
import { readable, readableRatio } from './numbers.ts'
import type { Question } from './question.ts'
import { type Result, type Row, type ScenarioResult, sorted, titleOf } from './result.ts'
import { table } from './table.ts'

const ROUGH = "A quick run's verdicts say little: ask again without --quick."

export function report(question: Question, result: Result): string {
  return [
    titleOf(question),
    circumstances(result),
    ...result.scenarios.map((scenario) => scenarioText(scenario, result)),
    ...(question.budget.length > 0 ? [budgetText(question.budget, result)] : []),
  ].join('\n\n')
}

/** Where and how the numbers were taken, in one sentence. */
export function circumstances({ machine, node, pace, date }: Result): string {
  const { cpu, cores, platform, loadBefore } = machine
  const where = `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${machine.memoryGiB} GiB, ${platform}, node ${node}`
  return `${where}, load ${loadBefore} before the run, ${date.slice(0, 10)}, ${pace.name} run of ${pace.rounds} rounds`
}

function scenarioText(scenario: ScenarioResult, { isConfinable }: Result): string {
  const { name, unit, better, cores, base } = scenario
  const where = cores === 'one' ? (isConfinable ? ', all threads on one core' : ', on any core (no taskset here)') : ''
  return [
    `${name} (${unit}, ${better} is better${where}; ratios to ${base})`,
    table(['', 'version', unit, 'lowest–highest', 'ratio'], sorted(scenario).map(cellsOf), 2),
  ].join('\n')
}

function cellsOf(row: Row): string[] {
  if ('error' in row) return [row.name, row.version, `failed: ${row.error}`]
  if ('absent' in row) return [row.name, row.version, `not offered: ${row.absent}`]
  const { name, version, median, min, max, ratio } = row
  return [name, version, readable(median), `${readable(min)}–${readable(max)}`, readableRatio(ratio)]
}

function budgetText(budget: readonly BudgetLine[], result: Result): string {
  const rows = budget.map((line) => {
    const { says, found, unit, is } = judge(line, result)
    return [says, is, found === null ? '–' : `${readable(found)} ${unit}`]
  })
  const verdicts = table(['budget', '', 'found'], rows, 2)
  return result.pace.name === 'quick' ? `${verdicts}\n\n${ROUGH}` : verdicts
}
