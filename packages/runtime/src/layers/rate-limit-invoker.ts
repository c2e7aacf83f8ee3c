/**
 * Sends at most `callsPerSecond`, and up to `burst` of them at once after a pause. Calls beyond that wait, in the order
 * they came, or are rejected with `ERR_TROUPE_RATE_LIMITED` and how long they should stay away.
 *
 *     invoker: new RateLimitInvoker({ callsPerSecond: 100, burst: 20 })
 *
 * A stream counts as one call, when its reader asks for the first item; its items are not limited.
 */
import { BadOptionsError, type Clock, RateLimitedError, systemClock } from '@troupe/worker-host'
import { type RemoteStream, requireNumber, requireOptions, shown } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from '../calls/invoker.ts'
import { GatedStream } from './gated-stream.ts'
import { admitCall, type RateLimit, takeToken, tokenIn } from './token-bucket.ts'
import { type Send, WaitingRoom } from './waiting-room.ts'

export interface RateLimitOptions extends InvokerOptions {
  readonly callsPerSecond: number
  /** Calls that may be sent at once when there were none before. @defaultValue `callsPerSecond`, rounded up */
  readonly burst?: number
  /** @defaultValue 'wait' */
  readonly onLimit?: 'wait' | 'reject'
  /** Calls that may wait; one more is rejected. @defaultValue 16_384 */
  readonly maxWaiting?: number
  /**
   * A call that would have to wait longer is rejected at once; so is one whose own time would be over.
   * @unit milliseconds @defaultValue 5_000
   */
  readonly maxWaitMs?: number
  /** @defaultValue `systemClock` */
  readonly clock?: Clock
}

const KNOWN = [...MAILBOX_OPTIONS, 'callsPerSecond', 'burst', 'onLimit', 'maxWaiting', 'maxWaitMs', 'clock']

export class RateLimitInvoker extends Invoker {
  readonly #limit: RateLimit
  readonly #clock: Clock
  readonly #room: WaitingRoom
  #fullAtMs = Number.NEGATIVE_INFINITY
  #clearTimer: (() => void) | undefined

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: RateLimitOptions, next?: Invoker) {
    requireOptions('RateLimitInvoker', options, KNOWN)
    const {
      callsPerSecond,
      burst = Math.ceil(callsPerSecond),
      onLimit = 'wait',
      maxWaiting = 16_384,
      maxWaitMs = 5_000,
      clock = systemClock,
      ...mailbox
    } = options
    super(mailbox, next)
    requireNumber('callsPerSecond', callsPerSecond, { above: 0, to: Number.MAX_VALUE })
    requireNumber('burst', burst, { from: 1, isWhole: true })
    if (onLimit !== 'wait' && onLimit !== 'reject') {
      throw new BadOptionsError(`"onLimit" must be wait or reject, found ${shown(onLimit)}`)
    }
    requireNumber('maxWaiting', maxWaiting, { from: 1 })
    requireNumber('maxWaitMs', maxWaitMs, { from: 0 })
    this.#limit = { callsPerSecond, burst, onLimit, maxWaiting, maxWaitMs }
    this.#clock = clock
    this.#room = new WaitingRoom(this.queue, maxWaiting, () => this.#arm())
    this.queue.addLayer(this)
  }

  /** Calls that wait for their turn. */
  get waiting(): number {
    return this.#room.size
  }

  /** @internal */
  sendAll(): void {
    this.#room.releaseAll()
    this.#arm()
  }

  override invoke(request: CallRequest): Promise<unknown> {
    return this.#pass(request, (admitted) => super.invoke(admitted))
  }

  override stream(request: CallRequest): RemoteStream<unknown> {
    return new GatedStream((begin) => this.#pass(request, (admitted) => begin(super.stream(admitted))))
  }

  #pass(request: CallRequest, send: Send): Promise<unknown> {
    if (this.queue.refuses(request)) return send(request)
    const nowMs = this.#clock.now()
    const state = { fullAtMs: this.#fullAtMs, waiting: this.#room.size }
    const decision = admitCall(state, nowMs, this.#limit, request.timeoutMs ?? Number.POSITIVE_INFINITY)
    switch (decision.verdict) {
      case 'send':
        this.#fullAtMs = takeToken(this.#fullAtMs, nowMs, this.#limit)
        return send(request)
      case 'wait': {
        const outcome = this.#room.hold(request, send)
        this.#arm()
        return outcome
      }
      case 'reject':
        return Promise.reject(new RateLimitedError(request.service, this.#limit.callsPerSecond, decision.retryAfterMs))
    }
  }

  /** One timer, for the next token, while somebody waits for it. */
  #arm(): void {
    if (this.#room.size === 0) {
      this.#clearTimer?.()
      this.#clearTimer = undefined
    } else {
      // Node's timers drop fractions, and would wake too early.
      const waitMs = Math.ceil(tokenIn(this.#fullAtMs, this.#clock.now(), this.#limit))
      this.#clearTimer ??= this.#clock.setTimer(() => this.#onToken(), waitMs)
    }
  }

  #onToken(): void {
    this.#clearTimer = undefined
    const nowMs = this.#clock.now()
    while (this.#room.size > 0 && tokenIn(this.#fullAtMs, nowMs, this.#limit) === 0) {
      this.#fullAtMs = takeToken(this.#fullAtMs, nowMs, this.#limit)
      this.#room.release()
    }
    this.#arm()
  }
}
