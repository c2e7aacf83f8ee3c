import { describe, expect, it } from 'vitest'
import { type Duration, toIntervalMs, toMs } from '../../packages/worker-host/src/clock/duration.ts'

describe('a duration', () => {
  it.each([
    [0, 0],
    [12.5, 12.5],
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
  ] as const)('%o is %i ms', (duration, ms) => {
    expect(toMs(duration, 'test')).toBe(ms)
  })

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '10',
    '10 s',
    's',
    '-5s',
    '1d',
    '1e3ms',
    '',
    null,
    undefined,
    {},
    [5],
    5n,
  ])('%o is refused with BAD_OPTIONS', (duration) => {
    expect(() => toMs(duration as Duration, 'test')).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('test needs') }),
    )
  })

  it('between two calls is more than nothing', () => {
    expect(toIntervalMs('1ms', 'test')).toBe(1)
    expect(() => toIntervalMs('0s', 'test')).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
  })
})
