/** One call on its way: made by a proxy, ordered by an invoker, sent by a link, settled exactly once. */
import { type ContextId, DeadlineExceededError, messageOf } from '@troupe/worker-host'
import {
  type CallScope,
  type Carried,
  type Follower,
  heldValues,
  type MakeError,
  type PassedCall,
  RemoteStream,
  rejectWith,
} from '@troupe/worker-host/owner'
import { abortGroupOf } from './abort-groups.ts'
import type { TurnClock } from './turn-clock.ts'

/** The `resolve` of the promise made last. One shared executor leaves it here: a closure for each is one more object a call. */
let takenResolve: (value: unknown) => void
const takeResolve = (resolve: (value: unknown) => void): void => {
  takenResolve = resolve
}

/** All of a call but its arguments: one object for all calls of a method by one proxy, where nothing sets a call apart. */
export interface CallTerms {
  readonly service: string
  readonly method: string
  /** The context that calls. */
  readonly caller: ContextId
  /** The method says that running it twice does no more than running it once. */
  readonly isIdempotent: boolean
  readonly signal: AbortSignal | undefined
  /** @unit milliseconds, from now; `null` for no deadline */
  readonly timeoutMs: number | null
  /** A layer has held it back since before the service was to stop: while that drains, it is taken all the same. */
  readonly isAdmitted?: boolean | undefined
  /** What travels with it: a trace, and what stood in registered stores where it was made. */
  readonly carried?: Carried | undefined
  /** @internal the call for which this one is made, and with which it is aborted */
  readonly within?: CallScope | undefined
  /** @internal the call that is passed on by this one: answered by it, which then gives nobody a promise */
  readonly passed?: PassedCall | undefined
}

/** What an invoker sees of a call. */
export interface CallRequest extends CallTerms {
  readonly args: readonly unknown[]
}

/** For an invoker that looks at it. */
export function requestOf(terms: CallTerms, args: readonly unknown[]): CallRequest {
  const { service, method, caller, isIdempotent, signal, timeoutMs, isAdmitted, carried, within, passed } = terms
  return { service, method, args, caller, isIdempotent, signal, timeoutMs, isAdmitted, carried, within, passed }
}

/** What is told of a call that no policy has admitted. */
export type RefusedCall = Pick<CallTerms, 'service' | 'method' | 'caller'>

/** Who has the call at present: a queue, in which it waits, or the link to a thread. */
export interface CallHolder {
  /** Its caller has been rejected; what comes of it is of no more use. */
  abandon(call: Call, reason: unknown): void
}

export class Call implements Follower {
  readonly terms: CallTerms
  #args: readonly unknown[]
  /** On the pool's clock; `Infinity` for none. */
  deadlineMs: number
  /** Which of its link's calls this is, from 1; compared with the host's count of calls begun. */
  ordinal = 0
  /** Its number at its link. */
  id = -1
  holder: CallHolder | undefined
  followsAfter: Follower | undefined = undefined
  followedBy: Follower | undefined = undefined
  #stream: RemoteStream<unknown> | undefined
  /** Undefined for one that answers the call it passes on. */
  #resolve: ((value: unknown) => void) | undefined
  #state: 'open' | 'handed over' | 'settled' = 'open'
  /** What stands for it among the calls that its signal aborts. */
  #signalled: Follower | undefined

  constructor(terms: CallTerms, args: readonly unknown[], time: TurnClock, stream?: RemoteStream<unknown>) {
    this.terms = terms
    this.#args = args
    this.#stream = stream
    this.deadlineMs = terms.timeoutMs === null ? Number.POSITIVE_INFINITY : time.turnMs() + terms.timeoutMs
  }

  get args(): readonly unknown[] {
    return this.#args
  }

  /** Set for a call whose replies are items. */
  get stream(): RemoteStream<unknown> | undefined {
    return this.#stream
  }

  get subject(): string {
    return `"${this.terms.service}.${this.terms.method}"`
  }

  /** Nobody waits for it any more. */
  get isSettled(): boolean {
    return this.#state === 'settled'
  }

  /** The outcome; taken once, and not at all for a call that has a stream, or that answers the one it passes on. */
  promise(): Promise<unknown> {
    const outcome = new Promise(takeResolve)
    this.#resolve = takenResolve
    return outcome
  }

  /** From now on it can be aborted. False, and failed with the reason, when it has been already. */
  listen(): boolean {
    const { signal, within } = this.terms
    within?.follow(this)
    if (this.isSettled) return false
    if (signal === undefined) return true
    if (signal.aborted) this.fail(() => signal.reason)
    else {
      this.#signalled = within === undefined ? this : new Deputy(this)
      abortGroupOf(signal).follow(this.#signalled)
    }
    return !signal.aborted
  }

  /** It waits: what its caller does to its arguments from now on is not for it. */
  holdArguments(): void {
    this.#args = heldValues(this.#args)
  }

  /** A cast is with its thread: its caller has no more to wait for, but it may still be sent again after a crash. */
  handOver(): void {
    if (this.#state !== 'open') return
    this.#state = 'handed over'
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#stopListening()
    this.#answer(undefined)
  }

  /** For a call made before anyone knew that its method is a stream: its promise resolves with that stream. */
  becomeStream(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY // a stream may go on; what limits a call was over with its first answer
    this.#stream = new RemoteStream(() => {})
    this.#answer(this.#stream)
  }

  succeed(value: unknown): void {
    const before = this.#settle()
    if (before === 'settled') return
    if (this.#stream) this.#stream.end()
    else if (before === 'open') this.#answer(value)
  }

  /** The one that it passes on was answered without it. */
  letGo(): void {
    if (this.#settle() === 'open') this.terms.passed!.letGo()
  }

  /** @param make makes the error in a job of its own, from which the frames of the awaiting caller can be seen */
  fail(make: MakeError): void {
    const before = this.#settle()
    if (before === 'settled') return
    if (this.#stream) this.#stream.fail(make)
    else if (before === 'handed over') warnOf(this, make)
    else if (this.#resolve !== undefined) rejectWith(this.#resolve, make)
    else told(make, (thrown) => this.terms.passed!.fail(thrown))
  }

  /** Its caller's signal has aborted. */
  abort(reason: unknown): void {
    this.#abandon(() => reason, reason)
  }

  /**
   * Its deadline has passed.
   * @param begunAtMs when it was sent, if its method has begun @defaultValue it has not
   * @param cause why not, where that is known
   */
  expire(nowMs: number, begunAtMs = nowMs, cause?: unknown): void {
    const timeoutMs = this.terms.timeoutMs!
    const waitedMs = begunAtMs - (this.deadlineMs - timeoutMs)
    const ranMs = nowMs - begunAtMs
    const make = () => {
      const error = new DeadlineExceededError(`call of ${this.subject}`, timeoutMs, { waitedMs, ranMs })
      if (cause !== undefined) error.cause = cause
      return error
    }
    this.#abandon(make, make())
  }

  #abandon(make: MakeError, reason: unknown): void {
    if (this.isSettled) return
    this.fail(make)
    this.holder?.abandon(this, reason)
  }

  #answer(value: unknown): void {
    if (this.#resolve !== undefined) this.#resolve(value)
    else this.terms.passed!.succeed(value)
  }

  #stopListening(): void {
    if (this.#signalled !== undefined) abortGroupOf(this.terms.signal!).unfollow(this.#signalled)
    this.terms.within?.unfollow(this)
  }

  /** The first outcome counts. @returns what it was before */
  #settle(): 'open' | 'handed over' | 'settled' {
    const before = this.#state
    if (before === 'settled') return before
    this.#state = 'settled'
    this.#stopListening()
    return before
  }
}

/** For a call whose own place is in the chain of the call that it was made for: follows its signal in its stead. */
class Deputy implements Follower {
  followsAfter: Follower | undefined = undefined
  followedBy: Follower | undefined = undefined
  readonly #call: Call

  constructor(call: Call) {
    this.#call = call
  }

  abort(reason: unknown): void {
    this.#call.abort(reason)
  }
}

/** Nobody waits for what becomes of a cast. */
function warnOf({ subject }: Call, make: MakeError): void {
  const error = new Error(`cast of ${subject} failed`)
  told(make, (cause) => {
    error.cause = cause
    error.message += `: ${messageOf(cause)}`
    process.emitWarning(error)
  })
}

/** The error made for one whom no promise tells. */
function told(make: MakeError, tell: (thrown: unknown) => void): void {
  rejectWith((failure) => void failure.catch(tell), make)
}
