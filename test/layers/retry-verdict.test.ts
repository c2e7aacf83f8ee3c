import {
  BadArgumentsError,
  BadBatchError,
  BadOptionsError,
  CircuitOpenError,
  DeadlineExceededError,
  MailboxFullError,
  NoSuchMethodError,
  NoSuchServiceError,
  NotAuthorizedError,
  NotCloneableError,
  NotRunningError,
  PoolClosedError,
  RateLimitedError,
  ServiceCrashedError,
  StartFailedError,
} from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, retryVerdict, uselessForMs } from '../../packages/runtime/src/layers/retry-verdict.ts'

const crash = (mayHaveRun: boolean) => new ServiceCrashedError('s', { mayHaveRun })
const named = (error: Error) => [error.constructor.name, error] as const

describe('retryVerdict', () => {
  it.each([
    [...named(new MailboxFullError('s', 1, 1)), 'safe', 'ifIdempotent'],
    [...named(new RateLimitedError('s', 1, 1)), 'safe', 'ifIdempotent'],
    [...named(new CircuitOpenError('s', 1, 1)), 'safe', 'ifIdempotent'],
    ['ServiceCrashedError, not begun', crash(false), 'safe', 'ifIdempotent'],
    ['ServiceCrashedError, perhaps begun', crash(true), 'ifIdempotent', 'ifIdempotent'],
    [...named(new StartFailedError('s', 'STARTING', 'x')), 'safe', 'ifIdempotent'],
    [...named(new RangeError('x')), 'ifIdempotent', 'ifIdempotent'],
    [
      'an error with a code like ours',
      Object.assign(new Error(), { code: 'ERR_TROUPE_MAILBOX_FULL' }),
      'ifIdempotent',
      'ifIdempotent',
    ],
    ['a text', 'x', 'ifIdempotent', 'ifIdempotent'],
    ['undefined', undefined, 'ifIdempotent', 'ifIdempotent'],
    [...named(new NoSuchServiceError('s', [])), 'never', 'never'],
    [...named(new NoSuchMethodError('s', 'm')), 'never', 'never'],
    [...named(new NotAuthorizedError('s', 'm', 'c')), 'never', 'never'],
    [...named(new NotCloneableError('s', 'p', 'f')), 'never', 'never'],
    [...named(new BadOptionsError('x')), 'never', 'never'],
    [...named(new BadArgumentsError('m', [])), 'never', 'never'],
    [...named(new BadBatchError('s', 'm', 1, 'f')), 'never', 'never'],
    [...named(new DeadlineExceededError('s', 1)), 'never', 'never'],
    [...named(new NotRunningError('s', 'STOPPED')), 'never', 'never'],
    [...named(new PoolClosedError('s')), 'never', 'never'],
  ] as const)('%s', (_, error, here, fromThread) => {
    expect([retryVerdict(error, false), retryVerdict(error, true)]).toEqual([here, fromThread])
  })
})

describe('backoffMs', () => {
  const backoff = { minMs: 50, factor: 2, maxMs: 500, jitter: 0 }
  it.each([
    [1, 50],
    [2, 100],
    [3, 200],
    [4, 400],
    [5, 500],
    [2_000, 500],
  ])('after %d attempts is %d', (attempts, ms) => {
    expect(backoffMs(backoff, attempts, 0.7)).toBe(ms)
  })

  it('leaves to chance as much as `jitter` says, and never waits longer than `maxMs`', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(part, part, fc.integer({ min: 1, max: 50 }), (jitter, chance, attempts) => {
        const whole = backoffMs(backoff, attempts, chance)
        const ms = backoffMs({ ...backoff, jitter }, attempts, chance)
        expect(ms).toBeLessThanOrEqual(whole)
        expect(ms).toBeGreaterThanOrEqual(whole * (1 - jitter))
      }),
    )
  })
})

it.each([
  [...named(new RateLimitedError('s', 1, 70)), 70],
  [...named(new CircuitOpenError('s', 1, 80)), 80],
  [...named(Object.assign(new Error(), { retryAfterMs: 90 })), 0],
])('uselessForMs of a %s', (_, error, ms) => {
  expect(uselessForMs(error)).toBe(ms)
})
