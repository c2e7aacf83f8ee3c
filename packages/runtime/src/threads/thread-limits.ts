/** How many threads a pool may have, and how many it keeps ready. */
import { BadOptionsError, messageOf } from '@troupe/worker-host'
import { requireOptions } from '@troupe/worker-host/owner'

export interface ThreadLimits {
  /**
   * Threads that are kept ready, with the host loaded, for the next services: from the first service on, beside those
   * that are taken, as far as `max` has room. They don't keep the process alive.
   * @defaultValue 1 in the parent script's pool, 0 in the contexts below: a thread weighs some 8 MB
   */
  readonly min?: number
  /**
   * Threads at any time, of all services and contexts of one pool together; each context below may have as many. A service
   * that finds none free waits, until its `transitionMs`, and a context for 10 s. Those that are kept ready count too, but for
   * threads that are started in another way (with limits, an environment or options of their own).
   * @defaultValue 1_024
   */
  readonly max?: number
  /**
   * How long a thread that is kept ready waits for a service, before it is ended; the next service has it replaced.
   * @unit milliseconds @defaultValue Infinity
   */
  readonly idleMs?: number
}

/** Some 23 days. Node takes a timer of more than 2 ** 31 ms for one of 1 ms. */
const MAX_MS = 2_000_000_000

/**
 * @param defaultMin the `min` of limits that say none
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS with all that is wrong
 */
export function checkThreadLimits(limits: ThreadLimits = {}, defaultMin: number): Required<ThreadLimits> {
  requireOptions('"threads"', limits, ['min', 'max', 'idleMs'])
  const { max = 1_024, idleMs = Number.POSITIVE_INFINITY, min = Math.min(defaultMin, max) } = limits
  const problems = [...problemsOf({ min, max, idleMs })]
  if (problems.length > 0) throw new BadOptionsError(`"threads": ${problems.join('; ')}`)
  return { min, max, idleMs }
}

function* problemsOf({ min, max, idleMs }: Required<ThreadLimits>): Generator<string> {
  if (!Number.isInteger(max) || max < 1) yield `"max" must be a whole number from 1, found ${messageOf(max)}`
  if (!Number.isInteger(min) || min < 0 || min > max) {
    yield `"min" must be a whole number from 0 to "max", found ${messageOf(min)}`
  }
  if (idleMs !== Number.POSITIVE_INFINITY && !(idleMs > 0 && idleMs <= MAX_MS)) {
    yield `"idleMs" must be a number of milliseconds above 0, up to ${MAX_MS}, or Infinity, found ${messageOf(idleMs)}`
  }
}
