/**
 * The thread's end of the call port: takes batches of requests, runs the methods, and sends the replies in batches.
 *
 * Calls begin in the order they came. Where the invoker is serialized they also wait for each other, here and not at the
 * owner, which would cost a round trip a call. How many have begun is counted where the owner can read it, so that
 * after a crash it knows, without a message, which of the calls it had sent can't have run.
 */
import type { ExposedMethod } from '../access/method-table.ts'
import { type ContextId, portableName } from '../access/policy.ts'
import { messageOf, NoSuchMethodError, NotAuthorizedError, NotCloneableError } from '../errors/catalogue.ts'
import { decodeThrown, type ThrownData } from '../errors/error-data.ts'
import { CallScope, type CallScopes } from '../service/call-scope.ts'
import type { BegunCount } from '../wire/carrier.ts'
import type { Channel } from '../wire/channel.ts'
import { type Batch, Reply, Request } from '../wire/messages.ts'
import { type Outbox, replyOutbox } from '../wire/outbox.ts'
import { findUncloneable } from '../wire/uncloneable.ts'
import { encodeFailure } from './failure.ts'
import { StreamProducer } from './stream-producer.ts'

export interface DispatcherOptions {
  readonly service: string
  readonly context: ContextId
  /** Who calls through this port; stamped by the owner, which made it. */
  readonly caller: ContextId
  readonly target: object
  /** The list grows where routes can be declared. */
  readonly methods: ExposedMethod[]
  /** What a route leads to; undefined for what is no declaration. */
  readonly declare?: (declaration: unknown) => ExposedMethod | undefined
  readonly port: Channel
  readonly begun: BegunCount
  /** One call at a time. */
  readonly isSerialized: boolean
  readonly scopes: CallScopes
}

/** Words of replies after which a batch leaves before its turn has ended, so that the owner has work in the meantime. */
const FLUSH_WORDS = 192

interface WaitingCall {
  readonly id: number
  readonly method: number
  readonly args: unknown[]
  /** Nobody waits for it any more: a stream whose reader has left, or a call that was cancelled. */
  hasLeft: boolean
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #outbox: Outbox
  /** Who calls, by number: the owner, and those for whom it has calls sent here. */
  readonly #callers: ContextId[]
  readonly #streams = new Map<number, StreamProducer>()
  /** Of the calls that have not settled at once, and of the streams. */
  readonly #scopes = new Map<number, CallScope>()
  #waiting: WaitingCall[] = []
  #isHeld = true
  #isBusy = false
  #begun = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#callers = [options.caller]
    this.#outbox = replyOutbox({ port: options.port, onRefused: (record, reason) => this.#refuse(record, reason) })
    options.port.on('message', (batch: Batch) => this.#receive(batch))
  }

  /** From now on calls that come in wait; those that run go on. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.#drain()
  }

  /** Posts the replies that are ready; after it the thread may die and none of them is lost. */
  flush(): void {
    this.#outbox.flush()
  }

  /** Nobody waits for anything any more: the caller is gone. */
  abandon(reason: unknown): void {
    for (const scope of [...this.#scopes.values()]) scope.abort(reason)
    for (const stream of this.#streams.values()) void stream.leave().catch(() => {}) // told by its call, to nobody
    this.#waiting = []
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#streams.values()].map((stream) => stream.leave()))
    this.flush()
    this.#options.port.close()
  }

  /** What can't be read is not ours: it is dropped with the rest of its batch, and the host goes on. */
  #receive(batch: Batch): void {
    if (!Array.isArray(batch)) return
    for (let offset = 0; offset < batch.length; ) {
      const id = batch[offset + 1] as number
      switch (batch[offset]) {
        case Request.Call: {
          const first = offset + 4
          const count = batch[offset + 3] as number
          // Anything else could lead back, for ever, or past the end.
          if (!Number.isInteger(count) || count < 0 || count > batch.length - first) return
          offset = first + count
          this.#accept(id, batch[first - 2] as number, batch.slice(first, offset))
          break
        }
        case Request.Credit:
          this.#streams.get(id)?.grant(batch[offset + 2] as number)
          offset += 3
          break
        case Request.Return:
          this.#leaveStream(id)
          offset += 2
          break
        case Request.Cancel:
          this.#scopes.get(id)?.abort(reasonOf(batch[offset + 2]))
          this.#leaveStream(id)
          offset += 3
          break
        case Request.Caller:
          if (id !== this.#callers.length) return
          this.#callers.push(String(batch[offset + 2]))
          offset += 3
          break
        case Request.Route:
          if (!this.#declare(id, batch[offset + 2])) return
          offset += 3
          break
        default:
          return
      }
      if (this.#outbox.words >= FLUSH_WORDS) this.#outbox.flush()
    }
    this.#outbox.flush()
  }

  #declare(number: number, declaration: unknown): boolean {
    const { methods, declare } = this.#options
    const method = number === methods.length ? declare?.(declaration) : undefined
    if (method !== undefined) methods.push(method)
    return method !== undefined
  }

  #accept(id: number, method: number, args: unknown[]): void {
    if (this.#mayBegin() && this.#waiting.length === 0) this.#begin(id, method, args)
    else this.#waiting.push({ id, method, args, hasLeft: false })
  }

  #leaveStream(id: number): void {
    const stream = this.#streams.get(id)
    const waiting = stream ? undefined : this.#waiting.find((call) => call.id === id)
    if (waiting) waiting.hasLeft = true
    else void stream?.leave() // how it ends is told by its reply
  }

  #mayBegin(): boolean {
    return !this.#isHeld && !this.#isBusy
  }

  #drain(): void {
    let next = 0
    while (next < this.#waiting.length && this.#mayBegin()) {
      const { id, method, args, hasLeft } = this.#waiting[next++]!
      if (hasLeft) this.#skip(id)
      else this.#begin(id, method, args)
    }
    if (next > 0) this.#waiting = this.#waiting.slice(next)
  }

  /** For a stream that nobody waits for any more: it had its turn, and nothing of it runs. */
  #skip(id: number): void {
    this.#countBegun()
    this.#outbox.putValue(Reply.Result, id, undefined)
  }

  #countBegun(): void {
    this.#begun = (this.#begun + 1) | 0
    this.#options.begun.value = this.#begun
  }

  #begin(id: number, number: number, args: unknown[]): void {
    const { target, methods, isSerialized, scopes } = this.#options
    this.#countBegun()
    // Typed as it is, but sent by someone: a name would find what every list has.
    const isNumber = typeof number === 'number'
    const caller = isNumber ? this.#callers[Math.trunc(number / methods.length)] : undefined
    const method = isNumber && caller !== undefined ? methods[number % methods.length] : undefined
    let scope: CallScope
    let result: unknown
    try {
      if (method === undefined || caller === undefined)
        throw new NoSuchMethodError(this.#options.service, `number ${messageOf(number)}`)
      this.#authorize(method, caller)
      scope = new CallScope(caller, method.name)
      result = scopes.apply(scope, method.run, target, args)
    } catch (thrown) {
      this.#fail(id, thrown)
      return
    }
    if (method.isStream) scopes.apply(scope, this.#stream, this, [id, result])
    else if (isAsyncIterable(result)) scopes.apply(scope, this.#openStream, this, [id, result])
    else if (isThenable(result)) {
      this.#scopes.set(id, scope)
      if (isSerialized) this.#isBusy = true
      // A promise stays itself; of anything else that has a `then`, only the first outcome counts.
      Promise.resolve(result).then(
        (value) => (isAsyncIterable(value) ? this.#openStream(id, value) : this.#succeed(id, value)),
        (thrown) => this.#failLate(id, thrown),
      )
    } else this.#outbox.putValue(Reply.Result, id, result)
  }

  /** A call has returned a stream: its caller is told, and then gets the items. */
  #openStream(id: number, source: AsyncIterable<unknown>): void {
    let items: AsyncIterator<unknown>
    try {
      items = source[Symbol.asyncIterator]()
    } catch (thrown) {
      this.#failLate(id, thrown)
      return
    }
    this.#outbox.putValue(Reply.Stream, id, undefined)
    this.#stream(id, items)
  }

  /** Called in the scope of its call, in which the generator then runs. */
  #stream(id: number, source: AsyncIterator<unknown>): void {
    this.#scopes.set(id, this.#options.scopes.current ?? this.#scopes.get(id)!)
    if (this.#options.isSerialized) this.#isBusy = true
    const producer = new StreamProducer(source, (item) => this.#outbox.putValue(Reply.Item, id, item))
    this.#streams.set(id, producer)
    producer.ended.then(
      () => this.#succeed(id, undefined),
      (thrown) => this.#failLate(id, thrown),
    )
  }

  /** Only the policies that the owner can't ask: those it has asked before it sent the call. */
  #authorize(method: ExposedMethod, caller: ContextId): void {
    const { service, context } = this.#options
    for (const policy of method.policies) {
      if (portableName(policy) !== undefined) continue
      // Plain JavaScript may answer with anything: a promise, for one, is no consent.
      if (policy.isAuthorized({ caller, context, service, method: method.name }) !== true) {
        throw new NotAuthorizedError(service, method.name, caller)
      }
    }
  }

  #succeed(id: number, value: unknown): void {
    this.#end(id)
    this.#outbox.putValue(Reply.Result, id, value)
    this.#leave()
  }

  #failLate(id: number, thrown: unknown): void {
    this.#end(id)
    this.#fail(id, thrown)
    this.#leave()
  }

  #end(id: number): void {
    this.#streams.delete(id)
    this.#scopes.delete(id)
  }

  #fail(id: number, thrown: unknown): void {
    this.#outbox.putValue(Reply.Failure, id, encodeFailure(thrown))
  }

  #leave(): void {
    if (!this.#options.isSerialized) return
    this.#isBusy = false
    this.#drain()
  }

  /** A result or an item that can't be cloned fails its own call, and ends its own stream. */
  #refuse(record: Batch, reason: unknown): void {
    const [operation, id, value] = record as [number, number, unknown]
    const root = operation === Reply.Item ? 'item' : 'result'
    const { path, found } = findUncloneable(value, root, this.#options.port.carries)
    const refusal = new NotCloneableError(`service "${this.#options.service}"`, path, found, { cause: reason })
    const stream = this.#streams.get(id)
    if (stream) stream.fail(refusal)
    else this.#fail(id, refusal)
  }
}

/** False for a `then` that throws when it is read: such a value can't be cloned either, and is refused as that. */
/** A malformed reason is no reason to fail: the call is cancelled all the same. */
function reasonOf(data: unknown): unknown {
  try {
    return decodeThrown(data as ThrownData)
  } catch {
    return undefined
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  try {
    return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  } catch {
    return false // a revoked Proxy: it is refused as a result that can't be cloned
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
