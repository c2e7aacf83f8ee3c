/**
 * Runs an async generator as far as its reader has room: it stands still at its `yield` while it is a window of items,
 * or of bytes, ahead, so a slow reader slows the producer and memory stays flat.
 *
 * Items leave in batches, because a message for each would cost ten times what the item costs. A batch leaves when it is
 * full, when its first item has waited for a millisecond, and as soon as the generator waits for anything.
 */
import { STREAM_WINDOW } from '../wire/messages.ts'
import { isPrimitive, LIVE, snapshotOf } from '../wire/snapshot.ts'
import { byteSize } from './byte-size.ts'

/** Items on their way, in their order. */
export interface ItemBatch {
  readonly items: readonly unknown[]
  /** About how much they hold; see `byteSize`. */
  readonly bytes: number
}

/** How a generator ended; `unwound` says that its reader had left, and that its `finally` threw. */
export type StreamEnd = { readonly how: 'completed' } | { readonly how: 'failed' | 'unwound'; readonly thrown: unknown }

/** The way to the reader. */
export interface ItemSink {
  /** Items that stay as they are. @param isUrgent post them at once: the generator may compute for long */
  putItems(batch: ItemBatch, isUrgent: boolean): void
  /** One that may change after this, so it is posted at once; a batch without items told its bytes before it. */
  putLive(item: unknown): void
}

const MAX_ITEMS = 64
const MAX_WAIT_MS = 1

export class StreamProducer {
  /** Resolves when the generator has ended and its `finally` has run. */
  readonly ended: Promise<StreamEnd>
  readonly #source: AsyncIterator<unknown>
  readonly #sink: ItemSink
  #items: unknown[] = []
  #bytes = 0
  #firstAtMs = 0
  /** Sent, and not granted back yet. */
  #aheadItems = 0
  #aheadBytes = 0
  #resume: (() => void) | undefined
  #hasLeft = false
  #failure: { readonly reason: unknown } | undefined

  constructor(source: AsyncIterator<unknown>, sink: ItemSink) {
    this.#source = source
    this.#sink = sink
    this.ended = this.#run()
  }

  /** The reader has taken so much; what is no count came from no reader of ours. */
  grant(items: number, bytes: number): void {
    if (!(Number.isInteger(items) && items >= 1 && bytes >= 0)) return
    this.#aheadItems = Math.max(this.#aheadItems - items, 0)
    this.#aheadBytes = Math.max(this.#aheadBytes - bytes, 0)
    this.#wake()
  }

  /** The reader has gone: the generator's `finally` runs at its next `yield`. */
  leave(): Promise<StreamEnd> {
    this.#hasLeft = true
    this.#wake()
    return this.ended
  }

  /** Ends the stream, unless its reader has left, with an error that the generator did not throw itself. */
  fail(reason: unknown): void {
    if (!this.#hasLeft) this.#failure = { reason }
    void this.leave()
  }

  get #hasRoom(): boolean {
    return this.#aheadItems < STREAM_WINDOW.items && this.#aheadBytes < STREAM_WINDOW.bytes
  }

  async #run(): Promise<StreamEnd> {
    try {
      if (await this.#pump()) return { how: 'completed' }
    } catch (thrown) {
      // What a generator throws after its reader has left was meant for the item that nobody waits for.
      if (!this.#hasLeft) return { how: 'failed', thrown }
    } finally {
      this.#flush()
    }
    const unwinding = await this.#unwind()
    return this.#failure ? { how: 'failed', thrown: this.#failure.reason } : unwinding
  }

  /** @returns whether the generator has come to its end by itself */
  async #pump(): Promise<boolean> {
    while (!this.#hasLeft) {
      if (!this.#hasRoom) {
        this.#flush()
        await this.#room()
        continue
      }
      const { done, value } = await this.#source.next()
      if (done) return true
      if (!this.#hasLeft) this.#put(value)
    }
    return false
  }

  async #unwind(): Promise<StreamEnd> {
    try {
      await this.#source.return?.(undefined)
      return { how: 'completed' }
    } catch (thrown) {
      return { how: 'unwound', thrown }
    }
  }

  /** An item is fixed as it is now: the generator may change it as soon as it goes on. */
  #put(item: unknown): void {
    const bytes = byteSize(item)
    this.#aheadItems++
    this.#aheadBytes += bytes
    const twin = isPrimitive(item) ? item : snapshotOf(item)
    if (twin === LIVE) {
      this.#flush()
      if (bytes > 0) this.#sink.putItems({ items: [], bytes }, false)
      this.#sink.putLive(item)
      return
    }
    this.#items.push(twin)
    this.#bytes += bytes
    if (this.#items.length === 1) {
      this.#firstAtMs = performance.now()
      process.nextTick(this.#onTurnEnd) // after all promise jobs, which is when the generator waits
    } else if (this.#items.length >= MAX_ITEMS || performance.now() - this.#firstAtMs >= MAX_WAIT_MS) this.#flush(true)
  }

  readonly #onTurnEnd = (): void => this.#flush()

  #flush(isUrgent = false): void {
    if (this.#items.length === 0) return
    const batch = { items: this.#items, bytes: this.#bytes }
    this.#items = []
    this.#bytes = 0
    this.#sink.putItems(batch, isUrgent)
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
