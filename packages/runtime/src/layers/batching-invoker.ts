/**
 * Makes one call of many: calls of a method within one turn, or within `maxDelayMs`, become one call of its batch
 * method, which is given the list of their argument lists and returns a list with one entry for each, in their order.
 *
 *     invoker: new BatchingInvoker({ methods: { get: 'getMany' } })
 *
 *     @expose(AllowAny)
 *     getMany(calls: [key: string][]): (Row | FailedEntry)[] {
 *       return calls.map(([key]) => this.#rows.get(key) ?? failed(new NoSuchRowError(key)))
 *     }
 *
 * Each caller gets its own entry: the result, or, for an entry made by `failed`, its own error. When the batch method
 * itself fails, all of them get that error. Calls of different contexts are never in one batch, because the policies of
 * the batch method are asked for whoever calls.
 *
 * No call overtakes another: a call of any other method, and a stream, first sends what has been gathered. Where the
 * order doesn't matter, `PerMethodInvoker` keeps the other methods out of here.
 */
import { BadBatchError, BadOptionsError, type Clock, NotCloneableError, systemClock } from '@troupe/worker-host'
import { type RemoteStream, refusal, requireNumber, requireOptions, shown, thrownOf } from '@troupe/worker-host/owner'
import { Call, type CallRequest } from '../calls/call.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from '../calls/invoker.ts'
import { rebuildThrown } from '../calls/rejection.ts'

export interface BatchingOptions extends InvokerOptions {
  /** Method → its batch method. */
  readonly methods: Readonly<Record<string, string>>
  /** Calls in one batch; with the last of them it is sent. @defaultValue 1_000 */
  readonly maxSize?: number
  /**
   * How long the first call of a batch waits for others.
   * @unit milliseconds @defaultValue 0: until the turn, with all its promises, has ended
   */
  readonly maxDelayMs?: number
  /** @defaultValue `systemClock` */
  readonly clock?: Clock
}

/** Calls that become one. */
interface Batch {
  readonly method: string
  readonly calls: Call[]
  /** Calls that somebody still waits for. */
  live: number
  /** Aborts when nobody waits any more. */
  readonly abort: AbortController
  clearTimer: () => void
}

const KNOWN = [...MAILBOX_OPTIONS, 'methods', 'maxSize', 'maxDelayMs', 'clock']

export class BatchingInvoker extends Invoker {
  readonly #methods: ReadonlyMap<string, string>
  readonly #maxSize: number
  readonly #maxDelayMs: number
  readonly #clock: Clock
  /** What is being gathered, by method and caller, in the order of the first call. */
  readonly #batches = new Map<string, Batch>()

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: BatchingOptions, next?: Invoker) {
    requireOptions('BatchingInvoker', options, KNOWN)
    const { methods, maxSize = 1_000, maxDelayMs = 0, clock = systemClock, ...mailbox } = options
    super(mailbox, next)
    requireNumber('maxSize', maxSize, { from: 1, isWhole: true })
    requireNumber('maxDelayMs', maxDelayMs, { from: 0 })
    if (typeof methods !== 'object' || methods === null || Array.isArray(methods)) {
      throw new BadOptionsError(
        `"methods" must be an object of batch methods, such as { get: 'getMany' }, found ${shown(methods)}`,
      )
    }
    this.#methods = new Map(Object.entries(methods))
    this.#maxSize = maxSize
    this.#maxDelayMs = maxDelayMs
    this.#clock = clock
    for (const [method, batchMethod] of this.#methods) {
      if (typeof batchMethod === 'string' && batchMethod !== method) continue
      throw new BadOptionsError(`the batch method of "${method}" must be another method, found ${shown(batchMethod)}`)
    }
    this.queue.nameMethods(this.#methods.values())
    this.queue.replaceMethods(this.#methods.keys())
    this.queue.addLayer(this)
  }

  /** Calls that are being gathered. */
  get waiting(): number {
    return [...this.#batches.values()].reduce((sum, { live }) => sum + live, 0)
  }

  /** @internal */
  sendAll(): void {
    for (const [key, batch] of this.#batches) this.#send(key, batch)
  }

  override invoke(request: CallRequest): Promise<unknown> {
    const method = this.#methods.get(request.method)
    if (method !== undefined && !this.queue.refuses(request)) return this.#gather(method, request)
    this.sendAll()
    return super.invoke(request)
  }

  override stream(request: CallRequest): RemoteStream<unknown> {
    this.sendAll()
    return super.stream(request)
  }

  #gather(method: string, request: CallRequest): Promise<unknown> {
    const call = new Call(request, request.args, this.queue.time)
    const outcome = call.promise()
    if (!call.listen()) return outcome
    const key = `${request.method}\n${request.caller}`
    const batch = this.#batches.get(key) ?? this.#begin(key, method)
    this.queue.watchFollower(call)
    call.holder = { abandon: (_, reason) => this.#forget(call, key, batch, reason) }
    call.holdArguments()
    batch.calls.push(call)
    batch.live++
    if (batch.calls.length >= this.#maxSize) this.#send(key, batch)
    return outcome
  }

  #begin(key: string, method: string): Batch {
    const batch: Batch = { method, calls: [], live: 0, abort: new AbortController(), clearTimer: () => {} }
    const send = (): void => {
      if (this.#batches.get(key) === batch) this.#send(key, batch)
    }
    // `nextTick` from a job: after all promises of this turn, whose jobs may make more of these calls.
    if (this.#maxDelayMs === 0) queueMicrotask(() => process.nextTick(send))
    else batch.clearTimer = this.#clock.setTimer(send, this.#maxDelayMs)
    this.#batches.set(key, batch)
    return batch
  }

  /** Nothing is sent for those who have left. */
  #send(key: string, batch: Batch): void {
    this.#batches.delete(key)
    batch.clearTimer()
    const calls = batch.calls.filter((call) => !call.isSettled)
    if (calls.length > 0) void this.#run(batch, calls)
  }

  /** One who leaves is no reason to stop; when all have left, the batch is aborted, or never sent. */
  #forget(call: Call, key: string, batch: Batch, reason: unknown): void {
    this.queue.forgetFollower(call)
    batch.live--
    if (batch.live > 0) return
    if (this.#batches.get(key) !== batch) return batch.abort.abort(reason)
    this.#send(key, batch)
    this.queue.noteLeft()
  }

  async #run(batch: Batch, calls: readonly Call[]): Promise<void> {
    const { method, abort } = batch
    const { service, caller } = calls[0]!.terms
    const latestMs = Math.max(...calls.map(({ deadlineMs }) => deadlineMs))
    try {
      const entries = await super.invoke({
        service,
        method,
        args: [calls.map(({ args }) => args)],
        caller,
        isAdmitted: true,
        isIdempotent: calls.every(({ terms }) => terms.isIdempotent),
        signal: abort.signal,
        timeoutMs: this.queue.time.leftUntil(latestMs),
      })
      if (!Array.isArray(entries) || entries.length !== calls.length) {
        throw new BadBatchError(service, method, calls.length, found(entries))
      }
      const seen = new Set<unknown>()
      for (const [index, call] of calls.entries()) settle(call, entries[index], seen)
    } catch (error) {
      const unsent = calls[unsentIndex(error, `call of "${service}.${method}"`)]
      if (unsent === undefined) for (const call of calls) call.fail(() => error)
      else {
        unsent.fail(() => refusedArguments(unsent, error as Error)) // nothing has left, and it alone is why
        const others = calls.filter((call) => call !== unsent && !call.isSettled)
        if (others.length > 0) await this.#run(batch, others)
      }
    } finally {
      for (const call of calls) this.queue.forgetFollower(call)
    }
  }
}

/** @param seen the objects that other calls got: two callers never share one */
function settle(call: Call, entry: unknown, seen: Set<unknown>): void {
  const thrown = thrownOf(entry)
  if (thrown !== undefined) return call.fail((job) => rebuildThrown(thrown, job))
  call.succeed(seen.has(entry) && typeof entry === 'object' ? structuredClone(entry) : entry)
  seen.add(entry)
}

/**
 * Whose arguments can't be sent, by where the first that can't stands in the list of them.
 *
 * @param batchCall what its refusal is of: the batch method may have run, and thrown the refusal of a call of its own
 * @returns -1 for another error
 */
function unsentIndex(error: unknown, batchCall: string): number {
  if (!(error instanceof NotCloneableError) || !error.message.startsWith(`${batchCall}:`)) return -1
  const place = /^argument 0\[(\d+)\]/.exec(error.path)
  return place === null ? -1 : Number(place[1])
}

function refusedArguments({ subject, args }: Call, { cause }: Error): Error {
  const names = args.map((_, index) => `argument ${index}`)
  return refusal({ subject: `call of ${subject}`, values: args, names, reason: cause })
}

const found = (entries: unknown): string => (Array.isArray(entries) ? `${entries.length}` : typeof entries)
