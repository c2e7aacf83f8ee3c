import { describe, expect, it } from 'vitest'
import { isSettled } from '../../packages/examples/attic/settled.ts'

const READ_AT_MS = 1_700_000_000_500
const agoNs = (ms: number): bigint => BigInt(READ_AT_MS - ms) * 1_000_000n

describe('isSettled', () => {
  it.each([
    ['an hour ago', agoNs(3_600_000), true],
    ['21 ms ago', agoNs(21), true],
    ['within a tick', agoNs(20), false],
    ['this very moment', agoNs(0), false],
    ['a moment ahead, by a clock that is fast', agoNs(-10), false],
    ['next year', agoNs(-31_536_000_000), true],
    ['on a whole second, 1.5 s ago, which may be a coarse clock', agoNs(1_500), false],
    ['on a whole second, 2.5 s ago', agoNs(2_500), true],
  ])('of a change %s', (_when, mtimeNs, verdict) => {
    expect(isSettled(mtimeNs, READ_AT_MS)).toBe(verdict)
  })
})
