import fc from 'fast-check'
import { expect, it } from 'vitest'
import { axisTicks, chart, largestShown } from '../../packages/bench/chart.ts'
import { scenarioResult } from '../../packages/bench/result.ts'

const draw = (better: 'less' | 'more', medians: Record<string, number>) =>
  chart('a chart', [
    scenarioResult(
      { name: 'speed <fast>', unit: 'µs', better, cores: 'all', base: 'a', rows: [] },
      Object.entries(medians).map(([name, median]) => ({ name, from: null, version: '1', rounds: [median] })),
    ),
  ])

/** The names and the lengths of the bars, from top to bottom. */
const bars = (svg: string) =>
  [...svg.matchAll(/text-anchor="end">([^<]+)<\/text><rect [^>]*width="([\d.]+)"/g)].map(([, name, width]) => [
    name,
    Number(width),
  ])

it('an axis starts at 0, goes in even round steps, and ends at or just above the largest value', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (largest) => {
      const ticks = axisTicks(largest)
      const step = ticks[1]!
      expect(ticks[0]).toBe(0)
      expect(['1', '2', '5']).toContain(step.toExponential(6).replace(/\.0+e.*/, ''))
      for (const [at, tick] of ticks.entries()) expect(tick).toBeCloseTo(at * step, 6)
      expect(ticks.at(-1)! * (1 + 1e-8)).toBeGreaterThanOrEqual(largest)
      expect(ticks.at(-2)!).toBeLessThan(largest)
    }),
  )
})

it.each([
  ['less', ['a', 'c', 'b']],
  ['more', ['b', 'c', 'a']],
] as const)('when %s is better, the best bar is on top', (better, names) => {
  expect(bars(draw(better, { a: 10, b: 40, c: 20 })).map(([name]) => name)).toEqual(names)
})

it('a value twice as large has a bar twice as long', () => {
  const [[, a], [, b]] = bars(draw('less', { a: 10, b: 20 })) as [[string, number], [string, number]]
  expect(b).toBeCloseTo(2 * a, 0)
})

it('text is escaped', () => {
  const svg = draw('less', { a: 1 })
  expect(svg).toContain('speed &lt;fast&gt;')
  expect(svg).not.toContain('<fast>')
})

/** Where the labels end, where the bars begin, and where each path or bar has its right end, in panels of one column. */
const placesIn = (svg: string) => ({
  labels: Number(svg.match(/<text x="([\d.]+)"[^>]*text-anchor="end"/)![1]),
  grid: [...svg.matchAll(/<line class="grid" x1="([\d.]+)"/g)].map(([, x]) => Number(x)),
  ends: [...svg.matchAll(/<rect [^>]*x="([\d.]+)"[^>]*width="([\d.]+)"/g)].map(
    ([, x, width]) => Number(x) + Number(width),
  ),
  width: (Number(svg.match(/viewBox="0 0 ([\d.]+)/)![1]) - 24) / 2,
})

it.each([1, 16, 33, 80])('a label of %i letters has room for them, and no bar leaves the panel', (length) => {
  const { labels, grid, ends, width } = placesIn(draw('less', { a: 1, ['m'.repeat(length)]: 2 }))
  expect(labels).toBeGreaterThanOrEqual(length * 12 * 0.55)
  expect(grid[0]).toBeGreaterThan(labels)
  expect(Math.max(...grid) - grid[0]!).toBeGreaterThanOrEqual(160)
  expect(Math.max(...ends)).toBeLessThanOrEqual(Math.max(...grid))
  expect(Math.max(...grid)).toBeLessThan(width)
})

it('a title too long for its panel goes on in a second line, and the bars of both panels start at one height', () => {
  const scenario = (name: string) =>
    scenarioResult({ name, unit: 'µs', better: 'less', cores: 'all', base: 'a', rows: [] }, [
      { name: 'a', from: null, version: '1', rounds: [1] },
    ])
  const long = 'a call with nothing else on its way, by how many services idle beside it'
  const svg = chart('a chart', [scenario(long), scenario('short')])
  const titles = [...svg.matchAll(/class="title"[^>]*>([^<]+)</g)].map(([, line]) => line!)
  expect(titles).toHaveLength(3)
  expect(titles.slice(0, 2).join(' ')).toBe(long)
  for (const line of titles) expect(line.length * 13 * 0.55).toBeLessThan(placesIn(svg).width)
  expect(new Set([...svg.matchAll(/<rect [^>]*y="([\d.]+)"/g)].map(([, y]) => y)).size).toBe(1)
})

it.each([
  ['20 times the next', [1, 20], 20],
  ['more than that', [20.1, 0.5, 1], 1],
  ['two of them', [1, 900, 1_000], 1_000],
  ['beside nothing but zeros', [0, 5], 5],
  ['alone', [5], 5],
  ['none', [], 0],
])(
  'the axis reaches the largest value, but one that is far larger than all others does not count: %s',
  (_, values, largest) => {
    expect(largestShown(values)).toBe(largest)
  },
)

it('a bar that is cut off has a gap and its number, ends with the axis, and leaves the others their lengths', () => {
  const svg = draw('less', { a: 10, b: 20, c: 5_762 })
  const cut = svg.match(/text-anchor="end">c<\/text><path class="peer" d="(M[^"M]+Z)(M[^"M]+Z)"\/><text [^>]*>5,762</)
  expect(cut).not.toBeNull()
  const xs = cut!.slice(1).map((piece) => [...piece.matchAll(/[HM]([\d.]+)/g)].map(([, x]) => Number(x)))
  expect(Math.max(...xs[0]!)).toBeLessThan(Math.max(...xs[1]!))
  expect(Math.max(...xs[1]!)).toBe(Math.max(...placesIn(svg).grid))
  expect(bars(svg)).toEqual(bars(draw('less', { a: 10, b: 20 })))
})
