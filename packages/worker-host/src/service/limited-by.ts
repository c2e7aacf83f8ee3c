/** A call made for another call ends with it: in time, and by its abort. */

/** What limits a call. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined
  /** @unit milliseconds, from now; `null` for none */
  readonly timeoutMs: number | null
}

/** The call for which another one is made, such as `currentCall()`. */
interface Limiting {
  readonly signal: AbortSignal
  readonly remainingMs: number | null
}

/** The limits of a call that is made within the scope: at most what remains of it. A scope whose time is over leaves 0. */
export function limitedBy(scope: Limiting | undefined, limits: CallLimits): CallLimits {
  if (scope === undefined) return limits
  const { remainingMs, signal } = scope
  return {
    signal: limits.signal === undefined ? signal : AbortSignal.any([limits.signal, signal]),
    timeoutMs: least(remainingMs, limits.timeoutMs),
  }
}

const least = (a: number | null, b: number | null): number | null => {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}
