/**
 * How calls reach a service: an invoker is handed every call, in the order of the callers, and decides what becomes of
 * it before it is sent to a thread.
 *
 *     ConcurrentInvoker      calls begin as they come and interleave (the default)
 *     SerializedInvoker      first in first out, one at a time
 *     DeduplicatingInvoker   equal calls share one execution
 *
 * One of your own is a subclass that overrides `invoke`; `super.invoke(request)` sends the call on:
 *
 *     class LoggedInvoker extends Invoker {
 *       override async invoke(request: CallRequest) {
 *         const startMs = performance.now()
 *         try { return await super.invoke(request) }
 *         finally { log(request.method, performance.now() - startMs) }
 *       }
 *     }
 *
 * Invokers compose: `new LoggedInvoker({}, new SerializedInvoker())` hands its calls on to the one that it wraps, and the
 * innermost has the mailbox. Calls wait there while the service is on its way to RUNNING, or PAUSED, and are refused at
 * once when it is stopped.
 */
import { BadOptionsError } from '@troupe/worker-host'
import { PASSED_ON, RemoteStream, requireOptions, shown } from '@troupe/worker-host/owner'
import { Call, type CallRequest, type CallTerms, requestOf } from './call.ts'
import { CallQueue, type CallQueueOptions } from './call-queue.ts'

export type InvokerOptions = CallQueueOptions

/** The names of an invoker's options; layers have more of their own. */
export const MAILBOX_OPTIONS = [
  'capacity',
  'window',
  'isSerialized',
] as const satisfies readonly (keyof InvokerOptions)[]

export abstract class Invoker {
  /** @internal where the service's threads get their calls from */
  readonly queue: CallQueue
  readonly #next: Invoker | undefined
  /** @internal nobody looks at its requests */
  readonly isPlain: boolean

  /**
   * @param options for a mailbox of its own
   * @param next the invoker to hand calls on to; it has the mailbox then
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  constructor(options: InvokerOptions = {}, next?: Invoker) {
    requireOptions('an invoker', options, MAILBOX_OPTIONS)
    if (next !== undefined && !(next instanceof Invoker)) {
      throw new BadOptionsError(`an invoker can be around another Invoker, found ${shown(next)}`)
    }
    if (next !== undefined && Object.values(options).some((value) => value !== undefined)) {
      throw new BadOptionsError(
        `${Object.keys(options).join(', ')}: set on the innermost invoker, which has the mailbox`,
      )
    }
    this.#next = next
    const { invoke, stream } = Invoker.prototype
    this.isPlain = next === undefined && this.invoke === invoke && this.stream === stream
    this.queue = next?.queue ?? new CallQueue(options)
  }

  /** Called once for each call. */
  invoke(request: CallRequest): Promise<unknown> {
    return this.#next === undefined ? this.#send(request, request.args) : this.#next.receive(request)
  }

  /** @internal what a proxy hands in: for one that nobody looks at no request is made */
  receiveCall(terms: CallTerms, args: readonly unknown[]): Promise<unknown> {
    return this.isPlain ? this.#send(terms, args) : this.receive(requestOf(terms, args))
  }

  /** @internal what the invoker around this one hands in, or another context */
  receive(request: CallRequest): Promise<unknown> {
    return this.invoke(this.isPlain ? request : inTheOpen(request))
  }

  /** @internal */
  receiveStream(request: CallRequest): RemoteStream<unknown> {
    return this.stream(this.isPlain ? request : inTheOpen(request))
  }

  /** Called once for each call of a method that is a stream. */
  stream(request: CallRequest): RemoteStream<unknown> {
    if (this.#next !== undefined) return this.#next.receiveStream(request)
    const { queue } = this
    return new RemoteStream((stream) => queue.accept(new Call(request, request.args, queue.time, stream)))
  }

  #send(terms: CallTerms, args: readonly unknown[]): Promise<unknown> {
    const call = new Call(terms, args, this.queue.time)
    const outcome = terms.passed === undefined ? call.promise() : PASSED_ON
    this.queue.accept(call)
    return outcome
  }
}

/**
 * An invoker that looks at requests sees one signal for all that can abort the call, and gets a promise of its outcome.
 * Made for such invokers only: both cost more than a plain call.
 */
function inTheOpen(request: CallRequest): CallRequest {
  const { signal, within } = request
  if (within === undefined) return request
  const both = signal === undefined ? within.signal : AbortSignal.any([signal, within.signal])
  return { ...request, signal: both, within: undefined, passed: undefined }
}

/** Calls begin as they come, and interleave. */
export class ConcurrentInvoker extends Invoker {}

/**
 * First in first out, one at a time: the next call begins when the one before has settled, whichever way. A stream is
 * a call until its reader has come to its end or left it.
 */
export class SerializedInvoker extends Invoker {
  constructor(options: Omit<InvokerOptions, 'isSerialized'> = {}) {
    requireOptions('SerializedInvoker', options, ['capacity', 'window'])
    super({ ...options, isSerialized: true })
  }
}
