/** Whether a call that failed may be made again, and when. */
import { CircuitOpenError, RateLimitedError, ServiceCrashedError, TroupeError } from '@troupe/worker-host'

/**
 * - `safe`: the call has certainly not run, so any method may be tried again
 * - `ifIdempotent`: it may have run
 * - `never`: it would only fail again, or nobody waits any more
 */
export type RetryVerdict = 'safe' | 'ifIdempotent' | 'never'

/** What an error of Troupe's own says of the call; any other code, and any other error, is `ifIdempotent`. */
const VERDICTS: Readonly<Record<string, RetryVerdict>> = {
  ERR_TROUPE_MAILBOX_FULL: 'safe',
  ERR_TROUPE_RATE_LIMITED: 'safe',
  ERR_TROUPE_CIRCUIT_OPEN: 'safe',
  ERR_TROUPE_START_FAILED: 'safe',
  ERR_TROUPE_SERVICE_CRASHED: 'ifIdempotent', // unless it says that the call had not begun
  ERR_TROUPE_NO_SUCH_SERVICE: 'never',
  ERR_TROUPE_NO_SUCH_METHOD: 'never',
  ERR_TROUPE_NOT_AUTHORIZED: 'never',
  ERR_TROUPE_ACTIVATION_DENIED: 'never',
  ERR_TROUPE_NOT_CLONEABLE: 'never',
  ERR_TROUPE_BAD_ARGUMENTS: 'never',
  ERR_TROUPE_BAD_OPTIONS: 'never',
  ERR_TROUPE_BAD_BATCH: 'never',
  ERR_TROUPE_DEADLINE: 'never', // the time was the caller's, for all attempts together
  ERR_TROUPE_NOT_RUNNING: 'never', // a service that comes back has its calls wait instead
  ERR_TROUPE_POOL_CLOSED: 'never',
}

/** @param isFromThread the method has been reached: what its own calls met says nothing of this one */
export function retryVerdict(error: unknown, isFromThread: boolean): RetryVerdict {
  if (!(error instanceof TroupeError)) return 'ifIdempotent'
  const verdict = Object.hasOwn(VERDICTS, error.code) ? VERDICTS[error.code]! : 'ifIdempotent'
  if (verdict === 'never') return 'never'
  if (isFromThread) return 'ifIdempotent'
  return error instanceof ServiceCrashedError && !error.mayHaveRun ? 'safe' : verdict
}

export interface Backoff {
  /** @unit milliseconds */
  readonly minMs: number
  readonly factor: number
  /** @unit milliseconds */
  readonly maxMs: number
  /** From 0 to 1: how much of the wait is left to chance. */
  readonly jitter: number
}

/**
 * @param attempts how many have failed
 * @param chance from 0 to 1
 */
export const backoffMs = ({ minMs, factor, maxMs, jitter }: Backoff, attempts: number, chance: number): number =>
  Math.min(maxMs, minMs * factor ** (attempts - 1)) * (1 - jitter * chance)

/** How long the error itself says that another attempt is useless. @unit milliseconds */
export const uselessForMs = (error: unknown): number =>
  error instanceof RateLimitedError || error instanceof CircuitOpenError ? error.retryAfterMs : 0
