/** One source of a select, as the select reads it: something is there to be taken, or will be told of. */
import { BufferFullError } from '../errors/catalogue.ts'
import type { Read } from './claims.ts'
import { attach, hasClosed, type Listening } from './listening.ts'

/** What is taken from a source. Nothing comes after an end or a failure. */
export type Taken =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface Input {
  readonly read: Read
  /** The select is read from now on. */
  begin(): void
  /** The next that is there; undefined when there is nothing. */
  take(): Taken | undefined
  readonly hasMore: boolean
  /** Nothing is taken any more; rejects as the source does when it is left. */
  leave(): Promise<void>
}

/** Asks for one value at a time, and for the next when that has been taken: the source waits for its reader. */
export class IterableInput implements Input {
  readonly read: AsyncIterator<unknown>
  readonly #source: object
  readonly #onReady: () => void
  #hand: Taken | undefined
  #isAsked = false
  #isOver = false

  /** @param read the source's iterator */
  constructor(source: object, read: AsyncIterator<unknown>, onReady: () => void) {
    this.read = read
    this.#source = source
    this.#onReady = onReady
  }

  get hasMore(): boolean {
    return this.#hand !== undefined
  }

  begin(): void {
    if (!this.#isAsked && this.#hand === undefined) void this.#ask()
  }

  take(): Taken | undefined {
    const hand = this.#hand
    this.#hand = undefined
    if (hand?.kind === 'value') void this.#ask()
    return hand
  }

  async leave(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    const left = this.read.return?.()
    if (!this.#isAsked) {
      await left
      return
    }
    // It is waiting for its own next value, which may never come: it is told that it is left, and not waited for; how
    // it ends then is nobody's. Node's streams heed that only when they are destroyed.
    left?.catch(() => {})
    const { destroy } = this.#source as { destroy?: unknown }
    if (typeof destroy === 'function') destroy.call(this.#source)
  }

  async #ask(): Promise<void> {
    this.#isAsked = true
    try {
      const { done, value } = await this.read.next()
      this.#hand = done ? { kind: 'ended' } : { kind: 'value', value }
    } catch (error) {
      this.#hand = { kind: 'failed', error }
    }
    this.#isAsked = false
    if (this.#isOver) return
    if (this.#hand.kind !== 'value') this.#isOver = true
    this.#onReady()
  }
}

/** Keeps what comes, up to the source's capacity, since the moment that it was added. */
export class ListeningInput implements Input {
  readonly read: Listening
  readonly #detach: () => void
  readonly #onReady: () => void
  #taken: Taken[] = []

  constructor(read: Listening, onReady: () => void) {
    this.read = read
    this.#onReady = onReady
    this.#detach = attach(read, {
      onValue: (value) => this.#hear(value),
      onEnd: () => this.#end({ kind: 'ended' }),
      onError: (error) => this.#end({ kind: 'failed', error }),
    })
    // A port tells of its end once, and this one has.
    if (hasClosed(read)) this.#end({ kind: 'ended' })
  }

  get hasMore(): boolean {
    return this.#taken.length > 0
  }

  begin(): void {}

  take(): Taken | undefined {
    return this.#taken.shift()
  }

  async leave(): Promise<void> {
    this.#detach()
    this.#taken = []
  }

  #hear(value: unknown): void {
    const { capacity, overflow, name } = this.read
    if (this.#taken.length >= capacity) {
      if (overflow === 'fail') return this.#end({ kind: 'failed', error: new BufferFullError(name, capacity) })
      this.read.dropped++
      if (overflow === 'dropNewest') return
      this.#taken.shift()
    }
    this.#taken.push({ kind: 'value', value })
    this.#onReady()
  }

  #end(end: Taken): void {
    this.#detach()
    this.#taken.push(end)
    this.#onReady()
  }
}
