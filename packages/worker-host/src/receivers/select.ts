/**
 * Several inputs, read as one, in the order of who had something first:
 *
 *     for await (const { source, value } of this.select(port, rows, listen(watcher, 'change'), this.every('10s'))) { … }
 *
 * | source                                | waits for its reader                     | ends                               |
 * |---------------------------------------|------------------------------------------|------------------------------------|
 * | an async iterable, a timer, a select  | yes: one value at a time is asked for    | when it says so                    |
 * | a `MessagePort`                       | no: up to 1,024 messages are kept        | when it is closed                  |
 * | `listen(emitter, name, options)`      | no: up to `capacity` events are kept     | with the event that `until` names  |
 *
 * A source that has ended leaves. The select ends when no source is left and at least one of them has ended, in whichever
 * order the others were removed. When all were removed, and when it never had one, it waits for a source that is added.
 * A source that fails ends the select: its reader gets the error. A source is in one select at a time. Of several that
 * have something each is asked in turn, so none has to wait for more than the others' next.
 * A select that would read itself is an error when it is added; over generators that can't be seen: it waits for `close`.
 */
import type { MessagePort } from 'node:worker_threads'
import { BadOptionsError } from '../errors/catalogue.ts'
import { throwAll } from '../errors/throw-all.ts'
import { Claims, type Read } from './claims.ts'
import { type Input, IterableInput, ListeningInput } from './input.ts'
import { inspected, isPort, Listening, listen } from './listening.ts'

export type Source = AsyncIterable<unknown> | MessagePort | Listening

/** What a select yields: a value, and which source it is of. What a select inside of it has yielded comes as it is. */
export type Received<From> =
  From extends Select<infer Inner> ? Received<Inner> : { readonly source: From; readonly value: ValueOf<From> }

type ValueOf<From> =
  From extends Listening<infer Value> ? Value : From extends AsyncIterable<infer Value> ? Value : unknown

type Result<From> = IteratorResult<Received<From>, undefined>

const END = Object.freeze({ done: true, value: undefined }) as IteratorResult<never, undefined>

export class Select<From extends Source = Source>
  implements AsyncIterableIterator<Received<From>, undefined>, AsyncDisposable
{
  readonly #claims = new Claims(this)
  readonly #inputs = new Map<From, Input>()
  /** The sources that have something to be taken, in the order in which it is their turn. */
  readonly #ready = new Set<From>()
  readonly #waiting: PromiseWithResolvers<Result<From>>[] = []
  readonly #closed = Promise.withResolvers<void>()
  #isRead = false
  #isClosed = false
  #isEndless = false
  #hasEnded = false
  #failure: { readonly error: unknown } | undefined

  /** Whether anybody has begun to read it. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Settles when it is closed and its sources are left; rejects with what they threw at that. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /**
   * @param source of a type that the select was made with: `this.select<Source>(a)` takes any, later too
   * @returns false when the select is closed already: the source is left alone. It closes by itself once a source has
   *   ended and none is left, so one is put in place of another by adding first, and then removing
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a source that is in a select, this one or another, or of which
   *   another source of this one reads the same: the messages of a port, an event of an emitter, an iterator; for a
   *   select that this one is inside of, or an iterable that gives it; for what is no source
   */
  add(source: From): boolean {
    if (this.#isClosed) return false
    this.#claims.check(source)
    const read = readOf(source)
    this.#claims.claim(source, read)
    const input = this.#open(source, read)
    this.#inputs.set(source, input)
    if (this.#isRead) input.begin()
    if (input.hasMore) this.#onReady(source)
    return true
  }

  /**
   * Leaves the source; what it had that was not read yet is dropped, its end too. If it was the last one, and another has
   * ended before, the select ends. Else the select goes on, also without any source: who waits for an event waits for a
   * source that is added, or for `close`. To replace the last source, add the new one first.
   * @returns whether it was there; rejects as the source does when it is left
   */
  async remove(source: From): Promise<boolean> {
    const input = this.#inputs.get(source)
    if (input === undefined) return false
    this.#forget(source)
    const left = input.leave()
    this.#endIfDone()
    await left
    return true
  }

  next(): Promise<Result<From>> {
    this.#begin()
    const waiter = Promise.withResolvers<Result<From>>()
    this.#waiting.push(waiter)
    this.#serve()
    return waiter.promise
  }

  /** Closes it. */
  async return(): Promise<Result<From>> {
    await this.close()
    return END
  }

  /** Leaves all sources. Whoever waits for an event is told that there are no more. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      const inputs = [...this.#inputs.values()]
      for (const source of [...this.#inputs.keys()]) this.#forget(source)
      this.#serve()
      this.#closed.resolve(leaveAll(inputs))
    }
    return this.closed
  }

  [Symbol.asyncIterator](): this {
    this.#begin()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal it goes on when it has no source any more, for those that will be added */
  endure(): void {
    this.#isEndless = true
  }

  #open(source: From, read: Read): Input {
    const onReady = () => this.#onReady(source)
    try {
      return read instanceof Listening ? new ListeningInput(read, onReady) : new IterableInput(source, read, onReady)
    } catch (error) {
      this.#claims.release(source, read)
      throw error
    }
  }

  #begin(): void {
    if (this.#isRead) return
    this.#isRead = true
    for (const input of this.#inputs.values()) input.begin()
  }

  #onReady(source: From): void {
    if (!this.#inputs.has(source)) return
    this.#ready.add(source)
    this.#serve()
  }

  #forget(source: From): void {
    const input = this.#inputs.get(source)
    if (input) this.#claims.release(source, input.read)
    this.#inputs.delete(source)
    this.#ready.delete(source)
  }

  /** Gives those who wait what there is; and the end, when it has come. */
  #serve(): void {
    while (this.#waiting.length > 0 && this.#ready.size > 0) {
      const [source] = this.#ready
      this.#take(source!)
    }
    if (!this.#isClosed) return
    for (const waiter of this.#waiting.splice(0)) {
      if (this.#failure) waiter.reject(this.#failure.error)
      else waiter.resolve(END)
      this.#failure = undefined // an error is told once
    }
  }

  #take(source: From): void {
    const input = this.#inputs.get(source)!
    const taken = input.take()
    this.#ready.delete(source)
    if (input.hasMore) this.#ready.add(source) // behind the others
    if (taken?.kind === 'value') {
      const value = source instanceof Select ? taken.value : { source, value: taken.value }
      this.#waiting.shift()!.resolve({ done: false, value: value as Received<From> })
      return
    }
    this.#forget(source)
    if (taken?.kind === 'failed') {
      this.#failure = { error: taken.error }
      void this.close()
      return
    }
    this.#hasEnded = true
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#inputs.size === 0 && !this.#isEndless) void this.close()
  }
}

function readOf(source: Source): Read {
  if (source instanceof Listening) return source
  if (isPort(source)) return listen(source, 'message')
  const iterate = typeof source === 'object' ? source?.[Symbol.asyncIterator] : undefined
  if (typeof iterate !== 'function') {
    throw new BadOptionsError(
      `a source is an async iterable, a MessagePort, or made by listen(emitter, name), found ${inspected(source)}`,
    )
  }
  const iterator: unknown = iterate.call(source)
  if (isIterator(iterator)) return iterator
  throw new BadOptionsError(`an async iterable gives an iterator with "next", found ${inspected(iterator)}`)
}

const isIterator = (value: unknown): value is AsyncIterator<unknown> =>
  typeof value === 'object' && typeof (value as Partial<AsyncIterator<unknown>> | null)?.next === 'function'

async function leaveAll(inputs: readonly Input[]): Promise<void> {
  const outcomes = await Promise.allSettled(inputs.map((input) => input.leave()))
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  throwAll(errors, 'several sources of a select failed when they were left')
}
