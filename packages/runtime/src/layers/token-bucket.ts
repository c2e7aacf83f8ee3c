/**
 * How many calls a while: a bucket of tokens, one for each call, refilled at a constant rate up to `burst`.
 *
 * A bucket is one number, the time at which it will be full. It is empty `burst` refills before that time, so whether a
 * token is there, and when the next one will be, follow from that time and the clock; nothing has to be refilled.
 */
export interface RateLimit {
  readonly callsPerSecond: number
  readonly burst: number
  readonly onLimit: 'wait' | 'reject'
  readonly maxWaiting: number
  /** @unit milliseconds */
  readonly maxWaitMs: number
}

export interface RateLimitState {
  readonly fullAtMs: number
  /** Calls that wait for a token already. */
  readonly waiting: number
}

/** What a sum of fractions may be off by, so that a timer never fires a hair too early for its token. */
const TOLERANCE_MS = 1e-3

type Verdict =
  | { readonly verdict: 'send' | 'wait' }
  /** After which time a call has a chance. */
  | { readonly verdict: 'reject'; readonly retryAfterMs: number }

/** @param patienceMs how long this call could wait */
export function admitCall(
  { fullAtMs, waiting }: RateLimitState,
  nowMs: number,
  limit: RateLimit,
  patienceMs: number,
): Verdict {
  const waitMs = tokenIn(fullAtMs, nowMs, limit, waiting)
  if (waitMs === 0 && waiting === 0) return { verdict: 'send' }
  if (limit.onLimit === 'reject') return { verdict: 'reject', retryAfterMs: waitMs }
  if (waiting >= limit.maxWaiting) return { verdict: 'reject', retryAfterMs: tokenIn(fullAtMs, nowMs, limit) }
  const longestMs = Math.min(limit.maxWaitMs, patienceMs)
  return waitMs <= longestMs ? { verdict: 'wait' } : { verdict: 'reject', retryAfterMs: waitMs - longestMs }
}

/** How long until there is a token, for one who has others before him; 0 when it is there. */
export function tokenIn(fullAtMs: number, nowMs: number, { callsPerSecond, burst }: RateLimit, before = 0): number {
  const refillMs = 1_000 / callsPerSecond
  const waitMs = Math.max(fullAtMs - nowMs, 0) + (before + 1 - burst) * refillMs
  return waitMs <= TOLERANCE_MS ? 0 : waitMs
}

/** @returns when the bucket is full, with one token less in it */
export const takeToken = (fullAtMs: number, nowMs: number, { callsPerSecond }: RateLimit): number =>
  Math.max(fullAtMs, nowMs) + 1_000 / callsPerSecond
