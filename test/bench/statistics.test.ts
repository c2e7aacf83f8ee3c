import { expect, it } from 'vitest'
import { medianRatio, spread } from '../../packages/bench/statistics.ts'

it.each([
  ['an odd count: the one in the middle', [3, 1, 2], { median: 2, min: 1, max: 3 }],
  ['an even count: the mean of the two in the middle', [4, 1, 2, 3], { median: 2.5, min: 1, max: 4 }],
  ['one', [7], { median: 7, min: 7, max: 7 }],
  ['numbers that sort otherwise as text', [10, 9, 100], { median: 10, min: 9, max: 100 }],
])('spread of %s', (_, values, expected) => {
  expect(spread(values)).toEqual(expected)
})

it('medianRatio compares round by round, so a drift that hits both alike does not count', () => {
  expect(medianRatio([2, 20, 200], [1, 10, 100])).toBe(2)
})
