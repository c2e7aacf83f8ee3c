/** What a pool is told when it is made, and what is wrong with it if it is. */
import { BadOptionsError, type Clock } from '@troupe/worker-host'
import type { Activator } from '../activation/activator.ts'
import { checkTimeout } from '../calls/call-options.ts'
import type { ThreadLimits } from '../threads/thread-limits.ts'
import { requireObject, unknownKeys } from './required.ts'

export interface PoolOptions {
  /** How many threads there may be, and how many are kept ready; for the contexts below too, where they are given no others. */
  readonly threads?: ThreadLimits
  /**
   * Longest time that a caller waits for a reply, where it says nothing else by `proxy.$with({ timeoutMs })`.
   * @unit milliseconds; `null` waits for ever
   * @defaultValue 30_000
   */
  readonly timeoutMs?: number | null
  /**
   * Where the owner's time comes from: deadlines of calls and of moves, graces, and the window of restarts. A test gives
   * a `ManualClock`, and moves it by hand. The services' own clocks are their own.
   * @defaultValue real time
   */
  readonly clock?: Clock
  /**
   * The modules whose services may be activated: files, and folders with all that is below them; for the contexts below
   * too, where they are given no others.
   * @defaultValue those that the pool was given by `spawn` and `add`
   */
  readonly modules?: readonly (URL | string)[]
  /** Names the services that may be activated, says who may do it, and does it; in this pool, not in those below. */
  readonly activator?: Activator
}

const KNOWN = ['threads', 'timeoutMs', 'clock', 'modules', 'activator']

/** Told by what they can do, not by `instanceof`: the program may have another copy of this package. */
const CLOCK = ['now', 'date', 'setTimer']
const ACTIVATOR = ['nameOf', 'exportOf', 'isPermitted', 'activate']

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
export function checkPoolOptions(options: PoolOptions): PoolOptions {
  requireObject("a pool's options", '{ timeoutMs: 500 }', options)
  const problems = [...problemsOf(options)]
  if (problems.length > 0) throw new BadOptionsError(`a pool: ${problems.join('; ')}`)
  if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs, '"timeoutMs"')
  return options
}

function* problemsOf(options: PoolOptions): Generator<string> {
  const { clock, modules, activator } = options
  yield* unknownKeys(options, KNOWN)
  if (clock !== undefined && !can(clock, CLOCK)) yield '"clock" must be a Clock, such as a ManualClock'
  if (modules !== undefined && !Array.isArray(modules)) yield '"modules" must be a list of files and folders'
  if (activator !== undefined && !can(activator, ACTIVATOR)) yield '"activator" must be an Activator'
}

const can = (given: unknown, methods: readonly string[]): boolean =>
  typeof given === 'object' &&
  given !== null &&
  methods.every((name) => typeof (given as Record<string, unknown>)[name] === 'function')
