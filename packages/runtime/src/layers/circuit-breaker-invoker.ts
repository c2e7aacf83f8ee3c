/**
 * Keeps calls from a service that fails too often, so that it can recover and its callers don't wait for what will fail:
 * they are rejected at once with `ERR_TROUPE_CIRCUIT_OPEN`. `circuit.ts` has the states.
 *
 *     invoker: new CircuitBreakerInvoker({ failureRatio: 0.5, minimumCalls: 20, openMs: 5_000 })
 *
 * A stream asks at its reader's first `next`, and counts by how it ends; one that its reader leaves has succeeded.
 */
import { CircuitOpenError, type Clock, systemClock, TroupeError } from '@troupe/worker-host'
import { type RemoteStream, requireNumber, requireOptions } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from '../calls/invoker.ts'
import { type TurnClock, turnClockOf } from '../calls/turn-clock.ts'
import { askCircuit, type CallEnd, type Circuit, type CircuitRules, CLOSED, noteEnd } from './circuit.ts'
import { type Begin, GatedStream, type OnEnd, watch } from './gated-stream.ts'

export interface CircuitBreakerOptions extends InvokerOptions {
  /** The part of the calls that must fail to open the circuit, above 0 and up to 1. @defaultValue 0.5 @source Hystrix */
  readonly failureRatio?: number
  /** Calls within the window below which nothing is concluded. @defaultValue 20 @source Hystrix */
  readonly minimumCalls?: number
  /** How far back calls count, to a tenth of it. @unit milliseconds @defaultValue 10_000 @source Hystrix */
  readonly windowMs?: number
  /** How long no call is let through. @unit milliseconds @defaultValue 5_000 @source Hystrix */
  readonly openMs?: number
  /** Calls that are let through after that, and must all succeed to close the circuit. @defaultValue 1 */
  readonly probes?: number
  /**
   * Which errors are the service's failures; others count neither as failure nor as success.
   * @defaultValue all but the caller's own mistakes, what an owner does to his service, and the limits of other layers
   */
  readonly isFailure?: (error: unknown, request: CallRequest) => boolean
  /** @defaultValue `systemClock` */
  readonly clock?: Clock
}

/** Errors that say nothing of how the service does. */
const NO_FAILURES: ReadonlySet<string> = new Set([
  'ERR_TROUPE_NO_SUCH_SERVICE',
  'ERR_TROUPE_NO_SUCH_METHOD',
  'ERR_TROUPE_NOT_AUTHORIZED',
  'ERR_TROUPE_ACTIVATION_DENIED',
  'ERR_TROUPE_NOT_CLONEABLE',
  'ERR_TROUPE_BAD_ARGUMENTS',
  'ERR_TROUPE_BAD_OPTIONS',
  'ERR_TROUPE_NOT_RUNNING',
  'ERR_TROUPE_POOL_CLOSED',
  'ERR_TROUPE_RATE_LIMITED',
  'ERR_TROUPE_MAILBOX_FULL',
  'ERR_TROUPE_CIRCUIT_OPEN',
])

export const isFailureOfService = (error: unknown): boolean =>
  !(error instanceof TroupeError && NO_FAILURES.has(error.code))

const KNOWN = [...MAILBOX_OPTIONS, 'failureRatio', 'minimumCalls', 'windowMs', 'openMs', 'probes', 'isFailure', 'clock']

export class CircuitBreakerInvoker extends Invoker {
  readonly #rules: CircuitRules
  readonly #isFailure: (error: unknown, request: CallRequest) => boolean
  readonly #time: TurnClock
  #circuit: Circuit = CLOSED

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: CircuitBreakerOptions = {}, next?: Invoker) {
    requireOptions('CircuitBreakerInvoker', options, KNOWN)
    const {
      failureRatio = 0.5,
      minimumCalls = 20,
      windowMs = 10_000,
      openMs = 5_000,
      probes = 1,
      isFailure = isFailureOfService,
      clock = systemClock,
      ...mailbox
    } = options
    super(mailbox, next)
    requireNumber('failureRatio', failureRatio, { above: 0, to: 1 })
    requireNumber('minimumCalls', minimumCalls, { from: 1, isWhole: true })
    requireNumber('windowMs', windowMs, { above: 0 })
    requireNumber('openMs', openMs, { above: 0 })
    requireNumber('probes', probes, { from: 1, isWhole: true })
    this.#rules = { failureRatio, minimumCalls, windowMs, openMs, probes }
    this.#isFailure = isFailure
    this.#time = turnClockOf(clock)
  }

  /** As it was left by the last call; an OPEN circuit becomes HALF_OPEN by the next call, not by itself. */
  get state(): Circuit['state'] {
    return this.#circuit.state
  }

  override invoke(request: CallRequest): Promise<unknown> {
    if (this.queue.refuses(request)) return super.invoke(request)
    const refusal = this.#ask(request)
    if (refusal !== undefined) return Promise.reject(refusal)
    return watch(() => super.invoke(request), this.#noteTo(request))
  }

  override stream(request: CallRequest): RemoteStream<unknown> {
    let note: OnEnd | undefined
    const enter = (begin: Begin): unknown => {
      if (this.queue.refuses(request)) return begin(super.stream(request))
      const refusal = this.#ask(request)
      if (refusal !== undefined) throw refusal
      note = this.#noteTo(request)
      return begin(super.stream(request))
    }
    return new GatedStream(enter, (failure) => note?.(failure))
  }

  #ask({ service }: CallRequest): CircuitOpenError | undefined {
    if (this.#circuit.state === 'CLOSED') return undefined
    const nowMs = this.#time.now()
    const { isAdmitted, circuit } = askCircuit(this.#circuit, nowMs, this.#rules)
    this.#circuit = circuit
    if (isAdmitted || circuit.state === 'CLOSED') return undefined
    return new CircuitOpenError(service, nowMs - circuit.sinceMs, circuit.retryAtMs - nowMs)
  }

  /** For a call that was admitted just now. */
  #noteTo(request: CallRequest): OnEnd {
    const { era } = this.#circuit
    return (failure) => {
      this.#circuit = noteEnd(this.#circuit, era, this.#endOf(failure, request), this.#time.turnMs(), this.#rules)
    }
  }

  #endOf(failure: { readonly error: unknown } | undefined, request: CallRequest): CallEnd {
    if (failure === undefined) return 'succeeded'
    return !request.signal?.aborted && this.#isFailure(failure.error, request) ? 'failed' : 'ignored'
  }
}
