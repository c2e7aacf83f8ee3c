/**
 * Bar charts as SVG: a panel for each scenario, two beside each other, the best on top. Every axis starts at 0 and is
 * linear, so a bar twice as long is twice as much. The thin line on a bar spans the middle half of the rounds; one that
 * leaves the picture ends in an arrow, so that a single bad round can't press all bars flat.
 *
 * The colours follow the reader's light or dark setting, also where the file is shown as an image.
 */
import { readable } from './numbers.ts'
import { type Measured, type Row, type ScenarioResult, sorted } from './result.ts'
import { middleHalf } from './statistics.ts'

const PANEL = { width: 430, labels: 132, values: 64, head: 46, row: 22, foot: 30 }
const GAP = 24

const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .soft { fill: #656d76; font-size: 11px }
  .grid { stroke: #d0d7de }
  .peer { fill: #afb8c1 }
  .base { fill: #6e7781 }
  .ours { fill: #0969da }
  .spread { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .soft { fill: #8d96a0 }
    .grid { stroke: #30363d }
    .peer { fill: #484f58 }
    .base { fill: #7d8590 }
    .ours { fill: #4493f8 }
    .spread { stroke: #e6edf3 }
  }
`

export function chart(title: string, scenarios: readonly ScenarioResult[]): string {
  const panels: string[] = []
  let top = 0
  for (let at = 0; at < scenarios.length; at += 2) {
    const pair = scenarios.slice(at, at + 2)
    for (const [column, scenario] of pair.entries()) {
      panels.push(`<g transform="translate(${column * (PANEL.width + GAP)} ${top})">${panel(scenario)}</g>`)
    }
    top += Math.max(...pair.map(heightOf)) + GAP
  }
  const width = PANEL.width * 2 + GAP
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
${panels.join('\n')}
</svg>
`
}

/** Round steps from 0 that end at or above the largest value: 1, 2 or 5 times a power of ten. */
export function axisTicks(largest: number): readonly number[] {
  if (!(largest > 0)) return [0, 1]
  const rough = largest / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!
  const count = Math.ceil(largest / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, tick) => Number((tick * step).toPrecision(12)))
}

function heightOf({ rows }: ScenarioResult): number {
  return PANEL.head + rows.length * PANEL.row + PANEL.foot
}

function panel(scenario: ScenarioResult): string {
  const { name, unit, better, rows } = scenario
  const measured = rows.filter((row): row is Row & Measured => 'median' in row)
  const ticks = axisTicks(Math.max(0, ...measured.map(({ median }) => median)))
  const span = PANEL.width - PANEL.labels - PANEL.values
  const end = ticks.at(-1)!
  const x = (value: number) => round(PANEL.labels + (Math.min(Math.max(0, value), end) / end) * span)
  const bottom = PANEL.head + rows.length * PANEL.row
  return [
    `<text class="title" x="0" y="16">${escaped(name)}</text>`,
    `<text class="soft" x="0" y="33">${escaped(unit)}, ${better} is better</text>`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${PANEL.head}" y2="${bottom}"/>` +
        `<text class="soft" x="${x(tick)}" y="${bottom + 15}" text-anchor="middle">${compact(tick)}</text>`,
    ),
    ...sorted(scenario).map((row, at) => bar(row, { x, end, base: scenario.base, y: PANEL.head + at * PANEL.row })),
  ].join('')
}

type Place = {
  readonly x: (value: number) => number
  /** The largest value on the axis. */
  readonly end: number
  readonly base: string
  readonly y: number
}

function bar(row: Row, { x, end, base, y }: Place): string {
  const middle = y + PANEL.row / 2
  const label = `<text x="${PANEL.labels - 8}" y="${middle + 4}" text-anchor="end">${escaped(row.name)}</text>`
  if (!('median' in row)) {
    const why = 'absent' in row ? row.absent : 'failed'
    return `${label}<text class="soft" x="${x(0) + 4}" y="${middle + 4}">${escaped(why)}</text>`
  }
  const [low, high] = middleHalf(row.rounds)
  const kind = row.from === '@troupe/runtime' ? 'ours' : row.name === base ? 'base' : 'peer'
  const right = Math.max(x(row.median), x(high))
  const arrow = `<path class="spread" fill="none" d="M${right - 4} ${middle - 3}L${right} ${middle}L${right - 4} ${middle + 3}"/>`
  return [
    label,
    `<rect class="${kind}" x="${x(0)}" y="${y + 4}" width="${round(Math.max(1, x(row.median) - x(0)))}" height="${PANEL.row - 8}" rx="2"/>`,
    `<line class="spread" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>${high > end ? arrow : ''}`,
    `<text x="${round(right + 6)}" y="${middle + 4}">${row.median >= 1e5 ? compact(row.median) : readable(row.median)}</text>`,
  ].join('')
}

function compact(value: number): string {
  return value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
