/**
 * The caller's end of a stream: an async iterable over what a service's async generator yields.
 *
 * Like a generator it does nothing until it is first asked. From then on the producer may be `STREAM_WINDOW` items
 * ahead, and gets credit for more as items are taken, so a slow reader slows it. `break`, `return()` and the end of an
 * `await using` block run the producer's `finally`, and wait for it.
 */
import { STREAM_WINDOW } from '@troupe/worker-host/owner'
import { type MakeError, rejectWith } from './rejection.ts'

/** The producer, as its reader can reach it. */
export interface Producer {
  /** There is room for so many items more. */
  grant(items: number): void
  /** Nobody reads any more. */
  leave(): void
}

type Result<T> = IteratorResult<T, undefined>
type Take<T> = (result: Result<T> | Promise<never>) => void

/** How the producer ended: well, or with an error that is made anew for whoever asks. */
type Outcome = 'completed' | MakeError

const END = Object.freeze({ done: true, value: undefined }) as Result<never>

export class RemoteStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  #open: ((stream: RemoteStream<T>) => void) | undefined
  #producer: Producer | undefined
  #items: T[] = []
  #taken = 0
  #waiting: Take<T>[] = []
  #left: (() => void)[] = []
  #debt = 0
  #outcome: Outcome | undefined
  #isOver = false

  /** @param open sends the call, on the first `next` */
  constructor(open: (stream: RemoteStream<T>) => void) {
    this.#open = open
  }

  next(): Promise<Result<T>> {
    if (this.#isOver) return Promise.resolve(END)
    const open = this.#open
    this.#open = undefined
    open?.(this)
    if (this.#taken < this.#items.length) return Promise.resolve({ done: false, value: this.#take() })
    return new Promise((take) => {
      if (this.#outcome === undefined) this.#waiting.push(take)
      else this.#tellEnd(take, this.#outcome)
    })
  }

  /** Leaves the stream; when it resolves, the producer's `finally` has run. */
  async return(): Promise<Result<T>> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#items = []
      for (const take of this.#waiting.splice(0)) take(END)
    }
    if (this.#producer !== undefined) {
      const left = new Promise<void>((resolve) => this.#left.push(resolve))
      this.#producer.leave()
      await left
    }
    return END
  }

  /** Leaves the stream, then rejects with the reason given. */
  async throw(reason?: unknown): Promise<Result<T>> {
    await this.return()
    throw reason
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** @internal the call is at the producer */
  attach(producer: Producer): void {
    this.#producer = producer
    if (this.#isOver) producer.leave()
  }

  /** @internal an item has come */
  push(item: T): void {
    if (this.#isOver) return
    const take = this.#waiting.shift()
    if (take === undefined) {
      this.#items.push(item)
      return
    }
    this.#repay()
    take({ done: false, value: item })
  }

  /** @internal the producer has ended well */
  end(): void {
    this.#finish('completed')
  }

  /** @internal the producer has failed, or is gone */
  fail(make: MakeError): void {
    this.#finish(make)
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome
    this.#producer = undefined
    for (const left of this.#left.splice(0)) left()
    const [first, ...rest] = this.#waiting.splice(0)
    if (first) this.#tellEnd(first, outcome)
    for (const take of rest) take(END)
  }

  /** Like a generator's, the end is told once; after that the stream is just over. */
  #tellEnd(take: Take<T>, outcome: Outcome): void {
    this.#isOver = true
    if (outcome === 'completed') take(END)
    else rejectWith(take, outcome)
  }

  #take(): T {
    const item = this.#items[this.#taken]!
    this.#taken++
    // Not only at the end of the list, which a reader slower than its producer never comes to.
    if (this.#taken === this.#items.length || this.#taken === STREAM_WINDOW) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    this.#repay()
    return item
  }

  /** Credit goes back in halves of the window: a message for each item would cost more than the item. */
  #repay(): void {
    this.#debt++
    if (this.#debt < STREAM_WINDOW / 2) return
    this.#producer?.grant(this.#debt)
    this.#debt = 0
  }
}
