/**
 * Equal calls share one execution: the first one runs, the others wait for its outcome. What a call returned may be
 * kept for a while after that; what it threw is never kept. Each of them has its own signal and deadline; when all have
 * gone, the method is aborted.
 *
 * Two calls of one context are equal when method and arguments are, whatever the order of object keys. Those of different
 * contexts never share an outcome, because the policies are asked for whoever calls; nor do those in whose registered stores
 * other values stand. Arguments that have no key (a
 * function, a class instance, more than 1,000 nested values) make a call of its own each time.
 */
import { BadOptionsError, messageOf } from '@troupe/worker-host'
import { CallScope, heldValues, plainCopy, requireOptions } from '@troupe/worker-host/owner'
import { Call, type CallRequest } from './call.ts'
import { callKey } from './call-key.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from './invoker.ts'

export interface DeduplicatingInvokerOptions extends InvokerOptions {
  /**
   * How long a result is kept after it came.
   * @unit milliseconds; `Infinity` keeps it until it is pushed out by newer ones
   * @defaultValue 0: until the call has settled
   */
  readonly ttlMs?: number
  /**
   * Calls whose outcome is shared at any time, running and kept ones. Past it the oldest kept result is dropped; when
   * all are running, a call is not shared.
   * @defaultValue 10_000
   */
  readonly maxEntries?: number
  /** What makes two calls of a method equal; `undefined` for a call that is not shared. */
  readonly key?: (method: string, args: readonly unknown[]) => string | undefined
}

interface Entry {
  readonly outcome: Promise<unknown>
  /** For which it is made: aborted once nobody waits for it any more. */
  readonly scope: CallScope
  followers: number
  /** Undefined while the call runs. */
  expiresAtMs: number | undefined
  /** Once it is kept. */
  value: unknown
}

const KNOWN = [...MAILBOX_OPTIONS, 'ttlMs', 'maxEntries', 'key']

export class DeduplicatingInvoker extends Invoker {
  readonly #ttlMs: number
  readonly #maxEntries: number
  readonly #key: (method: string, args: readonly unknown[]) => string | undefined
  /** In the order they were made, so the oldest comes first. */
  readonly #entries = new Map<string, Entry>()

  constructor(options: DeduplicatingInvokerOptions = {}, next?: Invoker) {
    requireOptions('DeduplicatingInvoker', options, KNOWN)
    const { ttlMs = 0, maxEntries = 10_000, key = callKey, ...mailbox } = options
    super(mailbox, next)
    if (typeof ttlMs !== 'number' || !(ttlMs >= 0))
      throw new BadOptionsError(`"ttlMs" must be a number of milliseconds from 0, found ${messageOf(ttlMs)}`)
    if (typeof maxEntries !== 'number' || !(maxEntries >= 1))
      throw new BadOptionsError(`"maxEntries" must be a number from 1, found ${messageOf(maxEntries)}`)
    this.#ttlMs = ttlMs
    this.#maxEntries = maxEntries
    this.#key = key
  }

  /** Outcomes that are shared now: of running calls, and kept. */
  get entries(): number {
    return this.#entries.size
  }

  override invoke(request: CallRequest): Promise<unknown> {
    const key = this.#keyOf(request)
    if (key === undefined) return super.invoke(request)
    const known = this.#entries.get(key)
    if (known?.expiresAtMs !== undefined) {
      if (this.queue.time.now() < known.expiresAtMs) return Promise.resolve(plainCopy(known.value)?.value)
      this.#entries.delete(key)
    } else if (known !== undefined) return this.#follow(key, known, request)
    if (!this.#makeRoom()) return super.invoke(request)
    return this.#follow(key, this.#run(key, request), request)
  }

  #keyOf({ method, args, caller, carried }: CallRequest): string | undefined {
    const own = this.#key(method, args)
    if (own === undefined || carried?.stores === undefined) return own && `${caller}\0${own}`
    const stores = callKey(caller, [carried.stores])
    return stores && `${stores}\0${own}`
  }

  /** The execution belongs to all that wait for it, so it has neither the signal nor the deadline of the first. */
  #run(key: string, request: CallRequest): Entry {
    const { service, method, caller } = request
    const args = heldValues(request.args) // its key tells of them as they are now
    const scope = new CallScope(caller, service, method) // a signal would cost twice as much as the call
    const outcome = Promise.resolve(
      super.invoke({ ...request, args, signal: undefined, timeoutMs: null, within: scope }),
    )
    const entry: Entry = { outcome, scope, followers: 0, expiresAtMs: undefined, value: undefined }
    this.#entries.set(key, entry)
    outcome.then(
      (value) => {
        if (this.#ttlMs === 0 || plainCopy(value) === undefined) return this.#drop(key, entry)
        entry.expiresAtMs = this.queue.time.now() + this.#ttlMs
        entry.value = value
      },
      () => this.#drop(key, entry),
    )
    return entry
  }

  /** Waits for the outcome with a signal and a deadline of its own; who leaves, leaves the others waiting. */
  #follow(key: string, entry: Entry, request: CallRequest): Promise<unknown> {
    const follower = new Call(request, request.args, this.queue.time)
    const outcome = follower.promise()
    if (!follower.listen()) {
      if (entry.followers === 0) this.#abandon(key, entry, request.signal?.reason)
      return outcome
    }
    const isFirst = entry.followers++ === 0
    follower.holder = {
      abandon: (call, reason) => {
        this.queue.forgetFollower(call)
        if (--entry.followers === 0) this.#abandon(key, entry, reason)
      },
    }
    this.queue.watchFollower(follower)
    entry.outcome.then(
      (value) => {
        this.queue.forgetFollower(follower)
        // Each gets a result of its own, as if it had made the call alone. What can't be copied, such as a stream, which has
        // one reader, is for the first; whoever comes second makes a call.
        const copy = plainCopy(value)
        if (copy !== undefined) follower.succeed(copy.value)
        else follower.succeed(isFirst ? value : super.invoke(request))
      },
      (error) => {
        this.queue.forgetFollower(follower)
        follower.fail(() => error)
      },
    )
    return outcome
  }

  /** Whoever makes an equal call after this starts anew. */
  #abandon(key: string, entry: Entry, reason: unknown): void {
    this.#drop(key, entry)
    entry.scope.abort(reason)
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }

  /** Drops the oldest kept result when there are too many; false when all of them are still running. */
  #makeRoom(): boolean {
    if (this.#entries.size < this.#maxEntries) return true
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAtMs === undefined) continue
      this.#entries.delete(key)
      return true
    }
    return false
  }
}
