/**
 * Bar charts as SVG: a panel for each scenario, two beside each other, the best on top. Every axis starts at 0 and is
 * linear, so a bar twice as long is twice as much. The thin line on a bar spans the middle half of the rounds; one that
 * leaves the picture ends in an arrow, so that a single bad round can't press all bars flat. For the same reason a bar
 * that is far longer than all others is cut off, with a gap in it; its number is the one to read.
 *
 * The colours follow the reader's light or dark setting, also where the file is shown as an image.
 */
import { readable } from './numbers.ts'
import { type Measured, type Row, type ScenarioResult, sorted } from './result.ts'
import { middleHalf } from './statistics.ts'

const PANEL = { width: 430, leastSpan: 160, values: 64, line: 17, head: 29, row: 22, foot: 30 }
const GAP = 24

const TEXT_SIZE = 12
const TITLE_SIZE = 13

/**
 * A letter's width, as a share of its size. Which font a reader has is not known, and none is here to be measured, so this
 * is more than the average in a wide one (DejaVu Sans: 0.56).
 */
const LETTER = 0.6

/** How many times as long as the next a bar must be to be cut off. */
const FAR_LONGER = 20

const STYLE = `
  text { font: ${TEXT_SIZE}px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: ${TITLE_SIZE}px }
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

/** What all panels of a chart have in common, so that their bars stand below each other. */
type Columns = { readonly labels: number; readonly span: number; readonly width: number }

export function chart(title: string, scenarios: readonly ScenarioResult[]): string {
  const columns = columnsFor(scenarios)
  const panels: string[] = []
  let top = 0
  for (let at = 0; at < scenarios.length; at += 2) {
    const pair = scenarios.slice(at, at + 2)
    const lines = Math.max(...pair.map(({ name }) => titleLines(name, columns.width).length))
    for (const [column, scenario] of pair.entries()) {
      const x = column * (columns.width + GAP)
      panels.push(`<g transform="translate(${x} ${top})">${panel(scenario, columns, lines)}</g>`)
    }
    const rows = Math.max(...pair.map(({ rows }) => rows.length))
    top += headOf(lines) + rows * PANEL.row + PANEL.foot + GAP
  }
  const width = columns.width * 2 + GAP
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
${panels.join('\n')}
</svg>
`
}

/** The bars have what the longest label leaves, and a panel grows when that would be too little. */
function columnsFor(scenarios: readonly ScenarioResult[]): Columns {
  const names = scenarios.flatMap(({ rows }) => rows.map(({ name }) => name))
  const labels = Math.ceil(Math.max(0, ...names.map((name) => widthOf(name, TEXT_SIZE)))) + 8
  const span = Math.max(PANEL.leastSpan, PANEL.width - labels - PANEL.values)
  return { labels, span, width: labels + span + PANEL.values }
}

/** Words in as many lines as they need. */
function titleLines(title: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of title.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && widthOf(longer, TITLE_SIZE) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function widthOf(text: string, size: number): number {
  return text.length * size * LETTER
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

/** What the axis must reach: the largest value, or the next when the largest would press all others flat. */
export function largestShown(values: readonly number[]): number {
  const [largest = 0, next = 0] = values.toSorted((a, b) => b - a)
  return next > 0 && largest > FAR_LONGER * next ? next : largest
}

/** The height of a title of so many lines, and of the unit below it. */
function headOf(lines: number): number {
  return PANEL.head + lines * PANEL.line
}

function panel(scenario: ScenarioResult, { labels, span, width }: Columns, lines: number): string {
  const { name, unit, better, rows } = scenario
  const measured = rows.filter((row): row is Row & Measured => 'median' in row)
  const ticks = axisTicks(largestShown(measured.map(({ median }) => median)))
  const end = ticks.at(-1)!
  const x = (value: number) => round(labels + (Math.min(Math.max(0, value), end) / end) * span)
  const top = headOf(lines)
  const bottom = top + rows.length * PANEL.row
  const title = titleLines(name, width)
  return [
    ...title.map((line, at) => `<text class="title" x="0" y="${16 + at * PANEL.line}">${escaped(line)}</text>`),
    `<text class="soft" x="0" y="${16 + title.length * PANEL.line}">${escaped(unit)}, ${better} is better</text>`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}"/>` +
        `<text class="soft" x="${x(tick)}" y="${bottom + 15}" text-anchor="middle">${compact(tick)}</text>`,
    ),
    ...sorted(scenario).map((row, at) => bar(row, { x, end, base: scenario.base, y: top + at * PANEL.row })),
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
  const label = `<text x="${x(0) - 8}" y="${middle + 4}" text-anchor="end">${escaped(row.name)}</text>`
  if (!('median' in row)) {
    const why = 'absent' in row ? row.absent : 'failed'
    return `${label}<text class="soft" x="${x(0) + 4}" y="${middle + 4}">${escaped(why)}</text>`
  }
  const [low, high] = middleHalf(row.rounds)
  const kind = row.from === '@troupe/runtime' ? 'ours' : row.name === base ? 'base' : 'peer'
  const right = Math.max(x(row.median), x(high))
  const number = `<text x="${round(right + 6)}" y="${middle + 4}">${row.median >= 1e5 ? compact(row.median) : readable(row.median)}</text>`
  if (row.median > end) return [label, cutBar(kind, x(0), x(end), y), number].join('')
  const arrow = `<path class="spread" fill="none" d="M${right - 4} ${middle - 3}L${right} ${middle}L${right - 4} ${middle + 3}"/>`
  return [
    label,
    `<rect class="${kind}" x="${x(0)}" y="${y + 4}" width="${round(Math.max(1, x(row.median) - x(0)))}" height="${PANEL.row - 8}" rx="2"/>`,
    `<line class="spread" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>${high > end ? arrow : ''}`,
    number,
  ].join('')
}

/** In two pieces, with a slanting gap near the end. Its rounds have left the picture, so there is no thin line on it. */
function cutBar(kind: string, left: number, right: number, y: number): string {
  const [top, bottom] = [y + 4, y + PANEL.row - 4]
  const gap = round(right - 26)
  return (
    `<path class="${kind}" d="M${left} ${top}H${gap + 3}L${gap - 3} ${bottom}H${left}Z` +
    `M${gap + 9} ${top}H${right}V${bottom}H${gap + 3}Z"/>`
  )
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
