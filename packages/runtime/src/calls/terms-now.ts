/** The terms on which a call is made here and now. */
import { currentCall } from '@troupe/worker-host'
import { carriedNow } from '@troupe/worker-host/owner'
import type { CallTerms } from './call.ts'
import { leastMs } from './call-options.ts'
import { systemTurnClock } from './turn-clock.ts'

/**
 * A call ends with the one that it is made in, and takes along what stands in registered stores.
 *
 * @param terms those of all calls of the method, and given back where nothing sets this one apart: an object for each is a
 *   seventh of what a call weighs that waits
 */
export function termsNow(terms: CallTerms): CallTerms {
  const scope = currentCall()
  const within = scope?.isOver ? undefined : scope
  const carried = carriedNow(terms.carried?.trace ?? within?.trace)
  if (within === undefined && carried === undefined) return terms
  const { service, method, caller, isIdempotent, signal } = terms
  const timeoutMs =
    within === undefined ? terms.timeoutMs : leastMs(within.remainingAt(systemTurnClock.turnMs()), terms.timeoutMs)
  return { service, method, caller, isIdempotent, signal, timeoutMs, carried, within }
}
