/**
 * The typed stub of a service. The class is imported as a type only; its methods become asynchronous:
 *
 *     increment(url: string, by?: number): number        →  increment(url, by?): Promise<number>
 *     async *top(n: number): AsyncGenerator<Row>         →  top(n): RemoteStream<Row>, an async iterable
 *     read(file: string): ReadableStream<Uint8Array>     →  read(file): Promise<RemoteStream<Uint8Array>>
 *
 * What is no public method of the class itself is absent: members of `Service`, privates, fields. (A public method that
 * is not exposed can't be told apart by its type: calling it rejects with `ERR_TROUPE_NO_SUCH_METHOD`.) Overloads come
 * through as their last signature, and a generic method with its type parameters widened.
 *
 * Names that begin with `$` are the proxy's own; a service can't expose such a name, nor `then`, `toJSON`,
 * `constructor`, `prototype` and `__proto__`, so nothing of a service is ever hidden by its proxy. `then` is undefined,
 * so `await proxy` is no call; symbols are undefined too, but for `Symbol.toPrimitive`: a proxy put into a text gives its
 * service's name, where the language would else call the service's `toString` and leave its rejection to nobody.
 */
import { type ContextId, currentCall, type Given, type ProxyMarked, type Service, type Stub } from '@troupe/worker-host'
import { carriedNow, type MethodDescription, type RemoteStream } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { type CallOptions, checkCallOptions, leastMs, traceOf } from '../calls/call-options.ts'

/** What a call of this method is to its caller. */
type ProxyMethod<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: { [Index in keyof Args]: Given<Args[Index]> }) => Reply<Result>
  : never

/** In brackets, so that a union such as `boolean` gives one promise; `never` and `any` would pass for a generator. */
type Reply<Result> = [Result] extends [never]
  ? Promise<never>
  : unknown extends Result
    ? Promise<Result>
    : [Result] extends [AsyncGenerator<infer Item>]
      ? RemoteStream<Received<Item>>
      : [Awaited<Result>] extends [AsyncIterable<infer Item>]
        ? Promise<RemoteStream<Received<Item>>>
        : Promise<Received<Awaited<Result>>>

/** What is marked by `proxy()` stays in the service, and its caller gets a stub. */
type Received<Result> = Result extends ProxyMarked ? Stub<Result> : Result

/** The public methods of a service's own class. */
type MethodNames<S> = {
  [Name in Exclude<keyof S, keyof Service>]: Name extends string
    ? S[Name] extends (...args: never[]) => unknown
      ? Name
      : never
    : never
}[Exclude<keyof S, keyof Service>]

/** What a proxy answers itself. */
interface ProxyOwn<S> {
  /**
   * The same service with options for each of its calls: `proxy.$with({ signal, timeoutMs: 500 }).method(…)`. What is
   * not given stays as it is on this proxy.
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  $with(options: CallOptions): ServiceProxy<S>
}

export type ServiceProxy<S> = { readonly [Name in MethodNames<S>]: ProxyMethod<S[Name]> } & ProxyOwn<S>

/** Where a proxy's calls go. */
export interface ProxyTarget {
  readonly service: string
  readonly caller: ContextId
  /** For calls that say nothing else; `null` for no deadline. */
  readonly timeoutMs: number | null
  invoke(request: CallRequest): Promise<unknown>
  stream(request: CallRequest): RemoteStream<unknown>
}

type ProxyFunction = (...args: unknown[]) => unknown

/** Asked for by the language, by test runners and by printers, and never meant as a call. */
const LOCAL: ReadonlySet<string | symbol> = new Set(['then', 'toJSON'])
const UNKNOWN: KnownMethod = { isStream: false, isIdempotent: false }

type KnownMethod = Pick<MethodDescription, 'isStream' | 'isIdempotent'>

/**
 * A proxy object, and the hand that adds methods to it once they are known.
 *
 * Known methods are own properties, which V8 reaches at full speed. Only other names get to the `Proxy` behind the
 * object: so that a call made before the service has ever run can wait, and an unknown method is a rejection.
 */
export class ProxyObject {
  readonly object: object
  readonly #target: ProxyTarget
  readonly #options: CallOptions
  readonly #known: Map<string, KnownMethod>
  readonly #made = new Map<string, ProxyFunction>()

  constructor(target: ProxyTarget, options: CallOptions = {}, known = new Map<string, KnownMethod>()) {
    this.#target = target
    this.#options = options
    this.#known = known
    this.object = Object.create(
      new Proxy(Object.freeze(Object.create(null)), {
        get: (_, name) => this.#get(name),
        set: (_, name) => {
          throw new TypeError(`"${String(name)}" can't be set on the proxy of service "${target.service}"`)
        },
      }),
    )
  }

  learn(methods: readonly MethodDescription[]): void {
    for (const method of methods) {
      this.#known.set(method.name, method)
      const value = this.#method(method.name, method)
      Object.defineProperty(this.object, method.name, { value, enumerable: true, configurable: true })
    }
  }

  isIdempotent(method: string): boolean {
    return this.#known.get(method)?.isIdempotent ?? false
  }

  /** A call of any name: what is no exposed method rejects. A stream that is known to be one is given as it is. */
  call(method: string, args: readonly unknown[], options: CallOptions): unknown {
    return new ProxyObject(this.#target, { ...this.#options, ...options }, this.#known).#lateMethod(method)(...args)
  }

  #get(name: string | symbol): unknown {
    if (name === '$with') return (options: CallOptions) => this.#with(options)
    if (name === Symbol.toPrimitive) return () => `[proxy of service "${this.#target.service}"]`
    return typeof name === 'symbol' || LOCAL.has(name) ? undefined : this.#lateMethod(name)
  }

  /** Knows what this proxy knows, now and later, but makes its methods only when they are asked for: it may be used once. */
  #with(options: CallOptions): object {
    return new ProxyObject(this.#target, { ...this.#options, ...checkCallOptions(options) }, this.#known).object
  }

  #method(method: string, { isStream, isIdempotent }: KnownMethod): ProxyFunction {
    const target = this.#target
    const { service, caller } = target
    const { signal } = this.#options
    const trace = traceOf(this.#options)
    // A stream has no deadline unless it is given one.
    const { timeoutMs: ownMs = isStream ? null : target.timeoutMs } = this.#options
    const requestOf = (args: unknown[]): CallRequest => {
      const scope = currentCall()
      const within = scope?.isOver ? undefined : scope
      const timeoutMs = within === undefined ? ownMs : leastMs(within.remainingMs, ownMs)
      const carried = carriedNow(trace ?? within?.trace)
      return { service, method, args, caller, isIdempotent, signal, timeoutMs, carried, within }
    }
    return isStream ? (...args) => target.stream(requestOf(args)) : (...args) => target.invoke(requestOf(args))
  }

  #lateMethod(method: string): ProxyFunction {
    const known = this.#known.get(method)
    let made = this.#made.get(method)
    if (made === undefined) {
      const call = this.#method(method, known ?? UNKNOWN)
      // Whether an unknown one will be a stream can't be told yet, so what it gives can be awaited and iterated.
      made = known ? call : (...args) => orStream(call(...args) as Promise<unknown>)
      // A method that becomes known is made anew.
      if (known) this.#made.set(method, made)
    }
    return made
  }
}

function orStream(outcome: Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  return Object.assign(outcome, {
    async *[Symbol.asyncIterator]() {
      yield* (await outcome) as RemoteStream<unknown>
    },
  })
}
