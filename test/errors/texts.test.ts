import { DeadlineExceededError } from '@troupe/runtime'
import { expect, it } from 'vitest'

it.each([
  [60, '60 ms'],
  [2_000.04, '2000 ms'],
  [0.35, '0.4 ms'],
  [0.01, '0.01 ms'],
])('a limit of %d ms is told as %s', (limitMs, told) => {
  expect(new DeadlineExceededError('it', limitMs).message).toBe(`it took longer than ${told}`)
})
