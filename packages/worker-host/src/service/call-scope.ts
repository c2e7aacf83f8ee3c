/**
 * What a method can know of the call that it runs for, as `this.call`, and a helper outside of the class by
 * `currentCall()`.
 *
 * The synchronous part of a method reads a plain field, which costs nothing. After an `await` only AsyncLocalStorage can
 * tell which call goes on; entering it costs a call about a fifth of its rate, so it is entered only for classes that
 * ask: by their text, which names `call`, `currentCall` or `context`, or by `static readsCalls = true`, for those whose
 * helpers read it elsewhere.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import type { ContextId } from '../access/context-id.ts'
import { oncePerThread } from '../copies/once-per-thread.ts'
import type { AnswerPlace, CallExtras, TraceContext } from '../wire/messages.ts'
import { AbortSource, type Follower } from './abort-source.ts'
import { enterStores } from './carried.ts'

/** Extras as a thread holds them: the time that is left grows less while a call waits for its turn. */
export interface ReceivedExtras extends CallExtras {
  /** On this thread's clock of `performance.now()`; `Infinity` for none. */
  readonly deadlineMs: number
  /** Where the result may go straight to. */
  place?: AnswerPlace
}

/** Sends a result past the owner. */
export interface Answering {
  /** @returns false, and nothing done, when the result has to go by the owner */
  put(id: number, value: unknown): boolean
}

/** What is no object with such fields came from no owner of ours, and says nothing. */
export function receiveExtras(data: unknown, nowMs: number): ReceivedExtras | undefined {
  if (typeof data === 'number') return { deadlineMs: nowMs + data }
  if (typeof data !== 'object' || data === null) return undefined
  const { budgetMs, stores, ...extras } = data as CallExtras
  const deadlineMs = typeof budgetMs === 'number' ? nowMs + budgetMs : Number.POSITIVE_INFINITY
  return { ...extras, ...(typeof stores === 'object' && stores !== null && { stores }), deadlineMs }
}

export class CallScope extends AbortSource {
  readonly caller: ContextId
  readonly service: string
  readonly method: string
  /** What the caller gave with the call, or had around it; by W3C Trace Context. */
  readonly trace: TraceContext | undefined
  /** @internal by name, what stood in the caller's registered stores */
  readonly stores: Readonly<Record<string, unknown>> | undefined
  /** @internal where its result may go straight to */
  readonly place: AnswerPlace | undefined
  /** @internal that place, by the port of the caller as it was when the call began: whoever has its name later is another */
  answering: Answering | undefined
  /** @internal no other call of its service runs beside it */
  readonly isAlone: boolean
  readonly #deadlineMs: number
  #aborting: AbortController | undefined
  #reason: { readonly value: unknown } | undefined
  #isOver = false

  // Not by an object of options: one is made for each call.
  constructor(caller: ContextId, service: string, method: string, extras?: ReceivedExtras, isAlone = false) {
    super()
    this.caller = caller
    this.service = service
    this.method = method
    this.trace = extras?.trace
    this.stores = extras?.stores
    this.place = extras?.place
    this.answering = undefined
    this.isAlone = isAlone
    this.#deadlineMs = extras?.deadlineMs ?? Number.POSITIVE_INFINITY
  }

  /**
   * How long the caller still waits, from now; not below 0. The way to this thread is not counted.
   * @unit milliseconds; `null` for a call without a deadline
   */
  get remainingMs(): number | null {
    return this.remainingAt(performance.now())
  }

  /** @internal the same at that time, for those who know it: the clock is not asked for each of a thousand calls */
  remainingAt(nowMs: number): number | null {
    return this.#deadlineMs === Number.POSITIVE_INFINITY ? null : Math.max(this.#deadlineMs - nowMs, 0)
  }

  /** Aborts when nobody waits for the call any more: its caller's signal has aborted, or its deadline has passed. */
  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController()
      if (this.#reason) this.#aborting.abort(this.#reason.value)
    }
    return this.#aborting.signal
  }

  /** @internal */
  abort(reason: unknown): void {
    this.#reason ??= { value: reason }
    this.#aborting?.abort(reason)
    this.abortFollowers(reason)
  }

  /** @internal its method has ended: what goes on of it has nobody who waits, and no limits of its caller's */
  end(): void {
    this.#isOver = true
  }

  /** @internal */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @internal for a call made for this one; a signal for each would cost more than the call */
  override follow(follower: Follower): void {
    if (this.#isOver) return
    if (this.#reason === undefined) super.follow(follower)
    else follower.abort(this.#reason.value)
  }
}

const storage = oncePerThread('current-call', () => new AsyncLocalStorage<CallScope>())

/**
 * The call that the code runs for, wherever in the thread it stands; undefined outside of a call, and in those of a
 * service whose class doesn't ask for it: it names `call`, `currentCall` or `context`, or sets `static readsCalls = true`.
 */
export const currentCall = (): CallScope | undefined => storage.getStore()

/** Runs methods in their scopes, one instance for each service. */
export class CallScopes {
  /** The class asks for its calls. */
  readonly areRead: boolean
  #current: CallScope | undefined

  constructor(type: object, base: object) {
    this.areRead = asksForCalls(type, base)
  }

  /** The call of this service that runs now; undefined outside of one. */
  current(service: string): CallScope | undefined {
    if (this.#current !== undefined) return this.#current
    const scope = storage.getStore()
    return scope?.service === service ? scope : undefined
  }

  /**
   * Calls `run` on `target` in the scope.
   * @param keepsStores for a caller who has entered stores of others, which `run` shall find
   */
  apply(
    scope: CallScope,
    run: (...args: never[]) => unknown,
    target: object,
    args: readonly unknown[],
    keepsStores = false,
  ): unknown {
    const outer = this.#current
    this.#current = scope
    try {
      if (scope.stores !== undefined) return enterStores(scope.stores, () => this.#enter(scope, run, target, args))
      if (keepsStores) return this.#enter(scope, run, target, args)
      return this.areRead
        ? (outside ?? newResource()).runInAsyncScope(enter, undefined, scope, run, target, args)
        : apply(run, target, args)
    } finally {
      this.#current = outer
    }
  }

  #enter(scope: CallScope, run: (...args: never[]) => unknown, target: object, args: readonly unknown[]): unknown {
    return this.areRead ? storage.run(scope, apply, run, target, args) : apply(run, target, args)
  }
}

const apply = Reflect.apply as (run: unknown, target: object, args: readonly unknown[]) => unknown

const newResource = (): AsyncResource => new AsyncResource('troupe:call', { requireManualDestroy: true })

/** Where no store is set, and which is left as it was: one context to make for a call, where `run` makes two. */
const outside = leftAsItWas(newResource())

function enter(scope: CallScope, run: unknown, target: object, args: readonly unknown[]): unknown {
  storage.enterWith(scope)
  return apply(run, target, args)
}

/** Undefined where what is entered in a resource stays with it, and each call needs one of its own: before Node 24. */
function leftAsItWas(resource: AsyncResource): AsyncResource | undefined {
  resource.runInAsyncScope(() => storage.enterWith(new CallScope('', '', '')))
  return resource.runInAsyncScope(() => storage.getStore()) === undefined ? resource : undefined
}

/** By the class and those above it, up to the one whose prototype is `base`. */
function asksForCalls(type: object, base: object): boolean {
  let at: { readonly prototype?: object; readonly readsCalls?: unknown } | null = type
  while (at !== null && at.prototype !== base) {
    if (at.readsCalls === true || /\b(call|currentCall|context)\b/.test(String(at))) return true
    at = Object.getPrototypeOf(at)
  }
  return false
}
