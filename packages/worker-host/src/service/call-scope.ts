/**
 * What a method can know of the call that it runs for, as `this.call`.
 *
 * Its synchronous part reads a plain field, which costs nothing. After an `await` only AsyncLocalStorage can tell which
 * call goes on; entering it costs a call about a fifth of its rate, so it is entered only for classes whose text
 * mentions `call` at all.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextId } from '../access/policy.ts'

export class CallScope {
  readonly caller: ContextId
  readonly method: string
  #aborting: AbortController | undefined
  #reason: { readonly value: unknown } | undefined
  #follower: Follower | undefined

  constructor(caller: ContextId, method: string) {
    this.caller = caller
    this.method = method
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
    this.#follower?.abort(reason)
  }

  /** @internal aborts that call with this one; a signal would cost more than the rest of a routed call */
  follow(follower: Follower): void {
    this.#follower = follower
    if (this.#reason) follower.abort(this.#reason.value)
  }
}

interface Follower {
  abort(reason: unknown): void
}

/** Runs methods in their scopes, one instance for each service. */
export class CallScopes {
  readonly #storage = new AsyncLocalStorage<CallScope>()
  readonly #isRead: boolean
  #current: CallScope | undefined

  constructor(type: object, base: object) {
    this.#isRead = mentionsCall(type, base)
  }

  /** The call that runs now; undefined outside of one. */
  get current(): CallScope | undefined {
    return this.#current ?? this.#storage.getStore()
  }

  /** Calls `run` on `target` in the scope. */
  apply(scope: CallScope, run: (...args: never[]) => unknown, target: object, args: readonly unknown[]): unknown {
    const outer = this.#current
    this.#current = scope
    try {
      return this.#isRead ? this.#storage.run(scope, apply, run, target, args) : apply(run, target, args)
    } finally {
      this.#current = outer
    }
  }
}

const apply = Reflect.apply as (run: unknown, target: object, args: readonly unknown[]) => unknown

/** By the text of the class and of those above it, up to the one whose prototype is `base`. */
function mentionsCall(type: object, base: object): boolean {
  let at: { readonly prototype?: object } | null = type
  while (at !== null && at.prototype !== base) {
    if (/\bcall\b/.test(String(at))) return true
    at = Object.getPrototypeOf(at)
  }
  return false
}
