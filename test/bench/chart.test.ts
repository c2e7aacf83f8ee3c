import fc from 'fast-check'
import { expect, it } from 'vitest'
import { axisTicks, chart } from '../../packages/bench/chart.ts'
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
