/**
 * Runs an async generator as far as its reader has room: it stands still at its `yield` while the reader has not
 * granted credit, so a slow reader slows the producer and memory stays flat.
 */
import { STREAM_WINDOW } from '../wire/messages.ts'

export class StreamProducer {
  /** Settles when the generator has ended and its `finally` has run; rejects with what it threw. */
  readonly ended: Promise<void>
  readonly #source: AsyncIterator<unknown>
  readonly #send: (item: unknown) => void
  #credit = STREAM_WINDOW
  #resume: (() => void) | undefined
  #hasLeft = false
  #failure: { readonly reason: unknown } | undefined

  constructor(source: AsyncIterator<unknown>, send: (item: unknown) => void) {
    this.#source = source
    this.#send = send
    this.ended = this.#pump()
  }

  /** The reader has room for `items` more; what is no count of items came from no reader of ours. */
  grant(items: number): void {
    if (!Number.isInteger(items) || items < 1) return
    this.#credit += items
    this.#wake()
  }

  /** The reader has gone: the generator's `finally` runs at its next `yield`. */
  leave(): Promise<void> {
    this.#hasLeft = true
    this.#wake()
    return this.ended
  }

  /** Ends the stream with an error that the producer did not throw itself, such as an item that can't be cloned. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    void this.leave().catch(() => {}) // told through `ended`, to whoever listens there
  }

  async #pump(): Promise<void> {
    while (!this.#hasLeft) {
      if (this.#credit === 0) await this.#room()
      else {
        const { done, value } = await this.#source.next()
        if (done) return
        if (this.#hasLeft) break
        this.#credit--
        this.#send(value)
      }
    }
    await this.#source.return?.(undefined)
    if (this.#failure) throw this.#failure.reason
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  #wake(): void {
    this.#resume?.()
    this.#resume = undefined
  }
}
