/** Waiting that ends early: a time-out is told apart from a stop. */
import type { Clock } from '../clock/clock.ts'

/** How `wait` ended. */
export type Waited<Values> =
  | { readonly outcome: 'settled'; readonly values: Values }
  /** The service, or the task that waited, is ending. */
  | { readonly outcome: 'stopped' }

/** How `waitAtMost` ended. */
export type WaitedAtMost<Values> = Waited<Values> | { readonly outcome: 'timedOut' }

/** What a list of promises gives. */
export type Settled<Values extends readonly unknown[]> = { -readonly [Index in keyof Values]: Awaited<Values[Index]> }

export interface Race {
  readonly promise: Promise<unknown> | undefined
  readonly delayMs: number | undefined
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** Whichever comes first; of the others nothing is left behind. */
export async function race({ promise, delayMs, signal, clock }: Race): Promise<WaitedAtMost<unknown>> {
  const { promise: first, resolve, reject } = Promise.withResolvers<WaitedAtMost<unknown>>()
  const onAbort = () => resolve({ outcome: 'stopped' })
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  // Also when it has lost already: what it rejects with then is nobody's.
  promise?.then((values) => resolve({ outcome: 'settled', values }), reject)
  const onDelay = () => resolve({ outcome: 'timedOut' })
  const cancelTimer = delayMs === undefined ? undefined : clock.setTimer(onDelay, delayMs)
  try {
    return await first
  } finally {
    cancelTimer?.()
    signal.removeEventListener('abort', onAbort)
  }
}
