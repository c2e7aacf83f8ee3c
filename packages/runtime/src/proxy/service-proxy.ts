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
import type { ContextId, Given, ProxyMarked, Service, Stub } from '@troupe/worker-host'
import type { MethodDescription, RemoteStream } from '@troupe/worker-host/owner'
import { type CallRequest, type CallTerms, requestOf } from '../calls/call.ts'
import { type CallOptions, checkCallOptions, traceOf } from '../calls/call-options.ts'
import { termsNow } from '../calls/terms-now.ts'

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

/**
 * The service's methods, as calls. Beside what the method itself throws, a call rejects with:
 *
 *     ERR_TROUPE_NOT_RUNNING         the service is stopping, stopped, or has failed
 *     ERR_TROUPE_SERVICE_CRASHED     its thread or process ended first; `mayHaveRun` says whether the method can have run
 *     ERR_TROUPE_START_FAILED        the call waited for a first start, which failed
 *     ERR_TROUPE_DEADLINE            `timeoutMs` has passed; and the signal's own reason, when that has aborted
 *     ERR_TROUPE_NOT_AUTHORIZED      a policy does not admit the caller
 *     ERR_TROUPE_NO_SUCH_METHOD      the service exposes none of that name
 *     ERR_TROUPE_BAD_ARGUMENTS       the arguments don't meet the method's spec, or no codec can put them together
 *     ERR_TROUPE_NOT_CLONEABLE       an argument, or the result, can't be sent
 *     ERR_TROUPE_REVOKED             the caller's link was taken away, or what was called by reference is gone
 *     ERR_TROUPE_MAILBOX_FULL        too many calls wait
 *     ERR_TROUPE_SELF_CALL           a serialized service has called itself
 *     ERR_TROUPE_POOL_CLOSED         the pool, or the context, was closed
 *     ERR_TROUPE_NO_SUCH_SERVICE     by name, as the cause of a deadline: the service has not come
 *     ERR_TROUPE_ACTIVATION_DENIED   by a canonical name: the caller, or the module, may not bring it to life
 *
 * Layers add `ERR_TROUPE_RATE_LIMITED`, `ERR_TROUPE_CIRCUIT_OPEN` and `ERR_TROUPE_BAD_BATCH`. A stream's loop throws them.
 */
export type ServiceProxy<S> = { readonly [Name in MethodNames<S>]: ProxyMethod<S[Name]> } & ProxyOwn<S>

/** Where a proxy's calls go. */
export interface ProxyTarget {
  readonly service: string
  readonly caller: ContextId
  /** For calls that say nothing else; `null` for no deadline. */
  readonly timeoutMs: number | null
  call(terms: CallTerms, args: readonly unknown[]): Promise<unknown>
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
 * Methods are own properties, which V8 reaches at full speed: those that are known, and others from their first use on; so is
 * `$with`.
 * A new name gets to the `Proxy` behind the object: so that a call made before the service has ever run can wait, and an
 * unknown method is a rejection. What `$with` gives may be used once, so that it is one small object: its methods stand on
 * a prototype that all of them share.
 */
export class ProxyObject {
  readonly object: object
  readonly #target: ProxyTarget
  readonly #known = new Map<string, KnownMethod>()
  /** Names that were asked for before they were known, and have their methods all the same. */
  readonly #late = new Set<string>()
  readonly #Optioned: new (
    options: CallOptions,
  ) => Optioned

  constructor(target: ProxyTarget) {
    this.#target = target
    const fallback = new Proxy(Object.freeze(Object.create(null)), {
      get: (_, name, receiver) => this.#get(name, receiver),
      set: (_, name) => {
        throw new TypeError(`"${String(name)}" can't be set on the proxy of service "${target.service}"`)
      },
    })
    this.object = Object.create(fallback)
    Object.defineProperty(this.object, '$with', { value: (options: CallOptions) => this.#with(NO_OPTIONS, options) })
    this.#Optioned = class extends Optioned {}
    Reflect.deleteProperty(this.#Optioned.prototype, 'constructor')
    Object.setPrototypeOf(this.#Optioned.prototype, fallback)
  }

  learn(methods: readonly MethodDescription[]): void {
    for (const name of this.#late) Reflect.deleteProperty(this.object, name) // made when less was known
    this.#late.clear()
    for (const method of methods) {
      const { name } = method
      this.#known.set(name, method)
      const value = this.#method(name, method, NO_OPTIONS)
      Reflect.defineProperty(this.object, name, { value, enumerable: true, configurable: true }) // not of one that is frozen
      const make = (options: CallOptions) => this.#method(name, method, options)
      const get = function (this: unknown) {
        return methodOf(this, method, make)
      }
      Object.defineProperty(this.#Optioned.prototype, name, { get, configurable: true })
    }
  }

  isIdempotent(method: string): boolean {
    return this.#known.get(method)?.isIdempotent ?? false
  }

  /** A call of any name: what is no exposed method rejects. A stream that is known to be one is given as it is. */
  call(method: string, args: readonly unknown[], options: CallOptions): unknown {
    return this.#lateMethod(method, options)(...args)
  }

  #get(name: string | symbol, receiver: unknown): unknown {
    if (name === '$with') return (options: CallOptions) => this.#with(optionsOf(receiver), options)
    if (name === Symbol.toPrimitive) return () => `[proxy of service "${this.#target.service}"]`
    if (typeof name === 'symbol' || LOCAL.has(name)) return undefined
    if (receiver !== this.object) return this.#lateMethod(name, optionsOf(receiver))
    const value = this.#lateMethod(name, NO_OPTIONS)
    if (Reflect.defineProperty(this.object, name, { value, configurable: true })) this.#late.add(name) // else it is frozen
    return value
  }

  /** Knows what this proxy knows, now and later. */
  #with(own: CallOptions, options: CallOptions): object {
    const checked = checkCallOptions(options)
    return new this.#Optioned(own === NO_OPTIONS ? { ...checked } : { ...own, ...checked })
  }

  #method(method: string, { isStream, isIdempotent }: KnownMethod, options: CallOptions): ProxyFunction {
    const target = this.#target
    const { service, caller } = target
    const { signal } = options
    // A stream has no deadline unless it is given one.
    const { timeoutMs = isStream ? null : target.timeoutMs } = options
    const trace = traceOf(options)
    const carried = trace && { trace }
    const terms: CallTerms = { service, method, caller, isIdempotent, signal, timeoutMs, carried, within: undefined }
    return isStream
      ? (...args) => target.stream(requestOf(termsNow(terms), args))
      : (...args) => target.call(termsNow(terms), args)
  }

  /** Whether an unknown one will be a stream can't be told yet, so what it gives can be awaited and iterated. */
  #lateMethod(method: string, options: CallOptions): ProxyFunction {
    const known = this.#known.get(method)
    const call = this.#method(method, known ?? UNKNOWN, options)
    return known ? call : (...args) => orStream(call(...args) as Promise<unknown>)
  }
}

const NO_OPTIONS: CallOptions = Object.freeze({})

/** What `$with` gives. */
class Optioned {
  readonly #options: CallOptions
  /** Kept, because one that is used again is mostly asked for the same method: made anew, it cost a fifth of a call. */
  #lastMade: ProxyFunction | undefined
  #lastMethod: KnownMethod | undefined

  constructor(options: CallOptions) {
    this.#options = options
  }

  static optionsOf(receiver: unknown): CallOptions {
    return typeof receiver === 'object' && receiver !== null && #options in receiver ? receiver.#options : NO_OPTIONS
  }

  static methodOf(
    receiver: unknown,
    method: KnownMethod,
    make: (options: CallOptions) => ProxyFunction,
  ): ProxyFunction {
    if (typeof receiver !== 'object' || receiver === null || !(#options in receiver)) return make(NO_OPTIONS)
    if (receiver.#lastMade !== undefined && receiver.#lastMethod === method) return receiver.#lastMade
    receiver.#lastMethod = method
    receiver.#lastMade = make(receiver.#options)
    return receiver.#lastMade
  }
}

const { optionsOf, methodOf } = Optioned

/** One function for all of them: a closure for each call was a tenth of what the call costs its caller. */
async function* itemsOf(this: Promise<unknown>): AsyncGenerator<unknown> {
  yield* (await this) as RemoteStream<unknown>
}

function orStream(outcome: Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  const both = outcome as Promise<unknown> & { [Symbol.asyncIterator]: typeof itemsOf }
  both[Symbol.asyncIterator] = itemsOf
  return both
}
