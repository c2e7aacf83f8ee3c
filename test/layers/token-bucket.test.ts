import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admitCall, type RateLimit, takeToken, tokenIn } from '../../packages/runtime/src/layers/token-bucket.ts'

/** Ten a second, so that a token comes every 100 ms. */
const limit: RateLimit = { callsPerSecond: 10, burst: 3, onLimit: 'wait', maxWaiting: 2, maxWaitMs: 150 }
const rejecting: RateLimit = { ...limit, onLimit: 'reject' }
const NOW = 1_000
const FOR_EVER = Number.POSITIVE_INFINITY
const full = Number.NEGATIVE_INFINITY

const send = { verdict: 'send' }
const wait = { verdict: 'wait' }
const reject = (retryAfterMs: number) => ({ verdict: 'reject', retryAfterMs })

describe('admitCall', () => {
  it.each([
    ['a full bucket', limit, full, 0, FOR_EVER, send],
    ['a bucket that has been full for long', limit, 0, 0, FOR_EVER, send],
    ['one token', limit, NOW + 200, 0, FOR_EVER, send],
    ['a token a hair away, as sums of fractions are', limit, NOW + 200 + 1e-9, 0, FOR_EVER, send],
    ['no token', limit, NOW + 300, 0, FOR_EVER, wait],
    ['half a token', limit, NOW + 250, 0, FOR_EVER, wait],
    ['a token, and one who waits for it', limit, NOW + 200, 1, FOR_EVER, wait],
    ['a token for each, and one who has not taken his yet', limit, NOW + 100, 1, FOR_EVER, wait],
    ['as many who wait as may', limit, NOW + 300, 2, FOR_EVER, reject(100)],
    ['a wait that is too long', limit, NOW + 300, 1, FOR_EVER, reject(50)],
    ['a wait that is too long for this call', limit, NOW + 300, 0, 80, reject(20)],
    ['a wait that is just right for this call', limit, NOW + 300, 0, 100, wait],
    ['one token, where nobody may wait', rejecting, NOW + 200, 0, FOR_EVER, send],
    ['no token, where nobody may wait', rejecting, NOW + 300, 0, FOR_EVER, reject(100)],
    ['half a token, where nobody may wait', rejecting, NOW + 250, 0, FOR_EVER, reject(50)],
  ] as const)('of %s', (_, rules, fullAtMs, waiting, patienceMs, verdict) => {
    expect(admitCall({ fullAtMs, waiting }, NOW, rules, patienceMs)).toEqual(verdict)
  })
})

const anyLimit = fc.record({
  callsPerSecond: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 50 }),
})

describe('a token bucket', () => {
  it('never gives more, in any stretch of time, than its rate × that time + burst', () => {
    fc.assert(
      fc.property(
        anyLimit,
        fc.array(fc.nat(300), { maxLength: 120, size: 'max' }),
        ({ callsPerSecond, burst }, gaps) => {
          const rules = { ...rejecting, callsPerSecond, burst }
          let fullAtMs: number = full
          let nowMs = 0
          const sent: number[] = []
          for (const gapMs of gaps) {
            nowMs += gapMs
            if (admitCall({ fullAtMs, waiting: 0 }, nowMs, rules, FOR_EVER).verdict !== 'send') continue
            fullAtMs = takeToken(fullAtMs, nowMs, rules)
            sent.push(nowMs)
          }
          for (const [first, fromMs] of sent.entries()) {
            for (let last = first; last < sent.length; last++) {
              const most = burst + ((sent[last]! - fromMs) * callsPerSecond) / 1_000
              expect(last - first + 1).toBeLessThanOrEqual(most + callsPerSecond * 1e-6)
            }
          }
        },
      ),
    )
  })

  it('has a token exactly when it said that it would have one', () => {
    fc.assert(
      fc.property(anyLimit, fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(60), (some, nowMs, taken) => {
        const rules = { ...rejecting, ...some }
        let fullAtMs: number = full
        for (let n = 0; n < taken; n++) fullAtMs = takeToken(fullAtMs, nowMs, rules)
        const waitMs = tokenIn(fullAtMs, nowMs, rules)
        expect(waitMs > 0).toBe(taken >= rules.burst)
        expect(tokenIn(fullAtMs, nowMs + waitMs, rules)).toBe(0)
        if (waitMs > 0.01) expect(tokenIn(fullAtMs, nowMs + waitMs * 0.9, rules)).toBeGreaterThan(0)
      }),
    )
  })
})
