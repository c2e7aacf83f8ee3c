/**
 * The reader's end of a stream: an async iterable over what an async generator yields in another thread.
 *
 * Like a generator it does nothing until it is first asked. From then on the producer may be `STREAM_WINDOW` ahead, and
 * gets credit for more as items are taken, so a slow reader slows it. `break`, `return()` and the end of an
 * `await using` block run the producer's `finally`, wait for it, and reject with what it throws.
 */
import { type MakeError, rejectWith } from '../errors/reject-with.ts'
import { STREAM_WINDOW } from '../wire/messages.ts'
import type { ItemBatch } from './stream-producer.ts'

/** The producer, as its reader can reach it. */
export interface Producer {
  /** So much has been taken. */
  grant(items: number, bytes: number): void
  /** Nobody reads any more. */
  leave(): void
}

type Result<T> = IteratorResult<T, undefined>
type Take<T> = (result: Result<T> | Promise<never>) => void

/** How the producer ended: well, or with an error that is made anew for whoever asks. */
type Outcome = 'completed' | MakeError

const END = Object.freeze({ done: true, value: undefined }) as Result<never>
const EMPTY: ItemBatch = { items: [], bytes: 0 }

export class RemoteStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
  #open: ((stream: RemoteStream<T>) => void) | undefined
  #producer: Producer | undefined
  /** The batch that is being taken from, how far, and those behind it. */
  #batch = EMPTY
  #taken = 0
  #next: ItemBatch[] = []
  /** Of the item that comes next by itself. */
  #liveBytes = 0
  #waiting: Take<T>[] = []
  #left: ((unwound?: Promise<never>) => void)[] = []
  #debtItems = 0
  #debtBytes = 0
  #outcome: Outcome | undefined
  #isOver = false
  #onFailure: (() => void) | undefined

  /** @param open sends the call, on the first `next` */
  constructor(open: (stream: RemoteStream<T>) => void) {
    this.#open = open
  }

  next(): Promise<Result<T>> {
    if (this.#taken < this.#batch.items.length) return Promise.resolve({ done: false, value: this.#take() })
    if (this.#isOver) return Promise.resolve(END)
    const open = this.#open
    this.#open = undefined
    open?.(this)
    return new Promise((take) => {
      if (this.#outcome === undefined) this.#waiting.push(take)
      else this.#tellEnd(take, this.#outcome)
    })
  }

  /** Leaves the stream; when it resolves, the producer's `finally` has run. Rejects with what that throws. */
  async return(): Promise<Result<T>> {
    if (!this.#isOver) {
      this.#isOver = true
      this.#batch = EMPTY
      this.#next = []
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

  /** @internal an item has come by itself */
  pushLive(item: T): void {
    this.push({ items: [item], bytes: this.#liveBytes })
    this.#liveBytes = 0
  }

  /** @internal items have come */
  push(batch: ItemBatch): void {
    if (this.#isOver) return
    if (batch.items.length === 0) {
      this.#liveBytes = batch.bytes
      return
    }
    if (this.#taken < this.#batch.items.length) {
      this.#next.push(batch)
      return
    }
    this.#batch = batch
    this.#taken = 0
    // Those who wait do so because nothing was there: this batch is the first that they can have.
    const served = this.#waiting.splice(0, batch.items.length)
    for (const take of served) take({ done: false, value: this.#take() })
  }

  /** @internal told when the producer has failed or is gone, whether somebody reads or not */
  watchFailure(onFailure: () => void): void {
    this.#onFailure = onFailure
    if (this.#outcome !== undefined && this.#outcome !== 'completed') onFailure()
  }

  /** @internal the producer has ended well */
  end(): void {
    this.#finish('completed')
  }

  /** @internal the producer has failed, or is gone */
  fail(make: MakeError): void {
    this.#finish(make)
  }

  /** @internal the reader has left, and the producer's `finally` has thrown: the first who waits for that is told */
  unwind(make: MakeError): void {
    const left = this.#left.shift()
    if (left) rejectWith(left, make)
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome
    this.#producer = undefined
    if (outcome !== 'completed') this.#onFailure?.()
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

  /** There is one. */
  #take(): T {
    const items = this.#batch.items as (T | undefined)[]
    const item = items[this.#taken] as T
    items[this.#taken++] = undefined // taken is not held
    if (this.#taken === items.length) this.#turn()
    return item
  }

  /** The batch has been taken: credit goes back, and the next one is begun. */
  #turn(): void {
    this.#repay()
    this.#batch = this.#next.shift() ?? EMPTY
    this.#taken = 0
  }

  /** In halves of the window: a message for each item would cost more than the item. */
  #repay(): void {
    this.#debtItems += this.#batch.items.length
    this.#debtBytes += this.#batch.bytes
    if (this.#debtItems < STREAM_WINDOW.items / 2 && this.#debtBytes < STREAM_WINDOW.bytes / 2) return
    this.#producer?.grant(this.#debtItems, this.#debtBytes)
    this.#debtItems = 0
    this.#debtBytes = 0
  }
}
