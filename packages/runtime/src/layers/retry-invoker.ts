/**
 * Makes a call again when it fails: any method's, as long as the call has certainly not run, and that of an idempotent
 * method (`@expose(AllowAny, { idempotent: true })`) also when it may have.
 *
 *     invoker: new RetryInvoker({ attempts: 5, minMs: 100 })
 *
 * The last error arrives as it is, with a field `attempts` that says how many there were. All attempts together have
 * the time that the caller gave the call; a wait that would outlast it is not begun. A call that is made again stands
 * behind those that were made in the meantime. A stream is not made again: its reader may have had items of it.
 */
import { type Clock, systemClock } from '@troupe/worker-host'
import { requireNumber, requireOptions } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from '../calls/invoker.ts'
import { isFromThread } from '../calls/rejection.ts'
import { type Backoff, backoffMs, retryVerdict, uselessForMs } from './retry-verdict.ts'
import { HeldCall } from './waiting-room.ts'

export interface RetryOptions extends InvokerOptions {
  /** How often a call is made, the first time included. @defaultValue 3 */
  readonly attempts?: number
  /** The wait after the first attempt; each further one is `factor` times as long. @unit milliseconds @defaultValue 50 */
  readonly minMs?: number
  /** @defaultValue 2 */
  readonly factor?: number
  /** The longest wait. An error that says it will last longer ends the attempts. @unit milliseconds @defaultValue 5_000 */
  readonly maxMs?: number
  /** How much of each wait is left to chance, from 0 to 1, so that callers who failed together don't return together. @defaultValue 0.5 */
  readonly jitter?: number
  /**
   * Which errors are worth another attempt, instead of all but those that would only come again. Asked only where the
   * call has certainly not run, or its method is idempotent.
   */
  readonly isWorthRetry?: (error: unknown, request: CallRequest) => boolean
  /** Calls that wait for their next attempt at any time; others get their error at once. @defaultValue 16_384 */
  readonly maxWaiting?: number
  /** From 0 to 1, for the jitter. @defaultValue `Math.random` */
  readonly random?: () => number
  /** @defaultValue `systemClock` */
  readonly clock?: Clock
}

const KNOWN = [
  ...MAILBOX_OPTIONS,
  'attempts',
  'minMs',
  'factor',
  'maxMs',
  'jitter',
  'isWorthRetry',
  'maxWaiting',
  'random',
  'clock',
]

export class RetryInvoker extends Invoker {
  readonly #attempts: number
  readonly #backoff: Backoff
  readonly #isWorthRetry: RetryOptions['isWorthRetry']
  readonly #maxWaiting: number
  readonly #random: () => number
  readonly #clock: Clock
  /** What ends the wait of each call that waits for its next attempt. */
  readonly #waiting = new Set<() => unknown>()

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: RetryOptions = {}, next?: Invoker) {
    requireOptions('RetryInvoker', options, KNOWN)
    const {
      attempts = 3,
      minMs = 50,
      factor = 2,
      maxMs = 5_000,
      jitter = 0.5,
      isWorthRetry,
      maxWaiting = 16_384,
      random = Math.random,
      clock = systemClock,
      ...mailbox
    } = options
    super(mailbox, next)
    requireNumber('attempts', attempts, { from: 1, isWhole: true })
    requireNumber('minMs', minMs, { from: 0 })
    requireNumber('factor', factor, { from: 1 })
    requireNumber('maxMs', maxMs, { from: 0 })
    requireNumber('jitter', jitter, { from: 0, to: 1 })
    requireNumber('maxWaiting', maxWaiting, { from: 0 })
    this.#attempts = attempts
    this.#backoff = { minMs, factor, maxMs, jitter }
    this.#isWorthRetry = isWorthRetry
    this.#maxWaiting = maxWaiting
    this.#random = random
    this.#clock = clock
    this.queue.addLayer(this)
  }

  /** Calls that wait for their next attempt. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** @internal sent now they are refused with the others, by an error that says why */
  sendAll(): void {
    for (const proceed of [...this.#waiting]) proceed()
  }

  // An `async` function would cost each call that goes well, as nearly all do, its own wait for an outcome.
  override invoke(request: CallRequest): Promise<unknown> {
    const { timeoutMs } = request
    const deadlineMs = timeoutMs === null ? Number.POSITIVE_INFINITY : this.queue.time.turnMs() + timeoutMs
    const makeAgain = (error: unknown): Promise<unknown> => this.#makeAgain(request, deadlineMs, error)
    try {
      return Promise.resolve(super.invoke(request)).catch(makeAgain)
    } catch (error) {
      return makeAgain(error)
    }
  }

  /** @param failure of the first attempt */
  async #makeAgain(request: CallRequest, deadlineMs: number, failure: unknown): Promise<unknown> {
    let error = failure
    for (let attempts = 1; ; attempts++) {
      const waitMs = this.#waitAfter(error, request, attempts)
      if (waitMs === undefined || this.queue.time.now() + waitMs >= deadlineMs) throw counted(error, request, attempts)
      const leave = await this.#wait(request, waitMs)
      if (this.queue.time.now() >= deadlineMs) {
        leave()
        throw counted(error, request, attempts)
      }
      try {
        const timeoutMs = this.queue.time.leftUntil(deadlineMs)
        return await this.#attempt({ ...request, timeoutMs, isAdmitted: true }, leave)
      } catch (next) {
        error = next
      }
    }
  }

  /** Until it has been handed on, the call counts as one that waits: a stop that drains must see it in one place. */
  #attempt(request: CallRequest, leave: () => void): Promise<unknown> {
    try {
      return super.invoke(request)
    } finally {
      leave()
    }
  }

  /** @returns how long to wait for the next attempt; undefined if there is to be none */
  #waitAfter(error: unknown, request: CallRequest, attempts: number): number | undefined {
    const isHopeless = request.signal?.aborted || this.queue.isRefusing
    if (isHopeless || attempts >= this.#attempts || this.#waiting.size >= this.#maxWaiting) return undefined
    const verdict = retryVerdict(error, isFromThread(error))
    if (verdict !== 'safe' && !request.isIdempotent) return undefined
    if (!(this.#isWorthRetry?.(error, request) ?? verdict !== 'never')) return undefined
    const uselessMs = uselessForMs(error)
    if (uselessMs > this.#backoff.maxMs) return undefined
    return Math.max(uselessMs, backoffMs(this.#backoff, attempts, this.#random()))
  }

  /** @returns to be called when the next attempt has been made, or has not */
  async #wait(request: CallRequest, waitMs: number): Promise<() => void> {
    const leave = (): void => {
      this.#waiting.delete(proceed)
      this.queue.noteLeft()
    }
    // It has its time from the attempts: here only its signal can end it.
    const held = new HeldCall(this.queue, { ...request, timeoutMs: null }, () => Promise.resolve(), leave)
    const proceed = (): unknown => held.release()
    this.#waiting.add(proceed)
    const clearTimer = this.#clock.setTimer(proceed, waitMs)
    await held.outcome.finally(clearTimer)
    return leave
  }
}

/** Says of an error how many attempts there were, unless it has such a field itself, or was the caller's own doing. */
function counted(error: unknown, { signal }: CallRequest, attempts: number): unknown {
  const isOurs = error instanceof Error && !signal?.aborted && Object.isExtensible(error) && !('attempts' in error)
  if (isOurs) Object.defineProperty(error, 'attempts', { value: attempts, enumerable: true, configurable: true })
  return error
}
