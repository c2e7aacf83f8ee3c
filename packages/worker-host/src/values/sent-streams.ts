/**
 * The streams of this thread that the other one reads: async iterables that were given as arguments, or stand inside of a
 * result. Nothing of one runs before its reader asks for the first item, so a call that never began can be sent again with it.
 */
import { TooManyReferencesError } from '../errors/catalogue.ts'
import { encodeThrown } from '../errors/error-data.ts'
import { type StreamEnd, StreamProducer } from '../streams/stream-producer.ts'
import type { Path } from '../wire/marks.ts'
import { Exchange } from '../wire/messages.ts'
import type { Outbox } from '../wire/outbox.ts'
import { UnsendableError } from '../wire/uncloneable.ts'
import { MAX_REFERENCES } from './exports.ts'

interface Sent {
  readonly source: AsyncIterable<unknown>
  /** From the first item on. */
  producer: StreamProducer | undefined
}

/** What can be read only once, and was. */
const spent = new WeakSet<object>()

const READ_ALREADY = 'a stream that has been read already'

export class SentStreams {
  readonly #peer: string
  readonly #outbox: () => Outbox
  readonly #sent = new Map<number, Sent>()
  #next = 0

  /** @param peer who reads them, in words */
  constructor(peer: string, outbox: () => Outbox) {
    this.#peer = peer
    this.#outbox = outbox
  }

  get size(): number {
    return this.#sent.size
  }

  /** @throws {UnsendableError} for one that has been read */
  keep(source: AsyncIterable<unknown>, at: Path): number {
    if (spent.has(source)) throw new UnsendableError(at, READ_ALREADY)
    if (this.#sent.size >= MAX_REFERENCES) throw new TooManyReferencesError(this.#peer, MAX_REFERENCES)
    const id = this.#next++
    this.#sent.set(id, { source, producer: undefined })
    return id
  }

  /** The reader has asked for the first item. */
  begin(id: number): void {
    const sent = this.#sent.get(id)
    if (sent === undefined || sent.producer !== undefined) return
    const items = this.#iterate(id, sent.source)
    if (items === undefined) return
    sent.producer = new StreamProducer(items, {
      putItems: (batch, isUrgent) => {
        this.#outbox().putFixed(Exchange.Items, id, batch)
        if (isUrgent) this.#outbox().flush()
      },
      putLive: (item) => this.#outbox().putValue(Exchange.Item, id, item),
    })
    void sent.producer.ended.then((end) => this.#end(id, end))
  }

  /** The reader has taken so much. */
  grant(id: number, taken: unknown): void {
    if (Array.isArray(taken)) this.#sent.get(id)?.producer?.grant(taken[0], taken[1])
  }

  /** The reader has left; it is told when the source has ended. */
  leave(id: number): void {
    const sent = this.#sent.get(id)
    if (sent?.producer !== undefined) void sent.producer.leave()
    else if (sent !== undefined) void leaveUnread(sent.source).then(() => this.#end(id, { how: 'completed' }))
  }

  /** An item could not be sent. */
  fail(id: number, reason: unknown): void {
    this.#sent.get(id)?.producer?.fail(reason)
  }

  /** Nobody reads it any more, and nobody is told of its end. */
  close(id: number): void {
    const sent = this.#sent.get(id)
    if (sent === undefined) return
    this.forget(id)
    if (sent.producer === undefined) void leaveUnread(sent.source)
    else void sent.producer.leave()
  }

  /** It stays unread, for another reader. */
  forget(id: number): void {
    this.#sent.delete(id)
  }

  closeAll(): void {
    for (const id of [...this.#sent.keys()]) this.close(id)
  }

  #iterate(id: number, source: AsyncIterable<unknown>): AsyncIterator<unknown> | undefined {
    try {
      if (spent.has(source)) throw new TypeError(`${READ_ALREADY} can't be read again`)
      const items = source[Symbol.asyncIterator]()
      if ((items as unknown) === source || source instanceof ReadableStream) spent.add(source)
      return items
    } catch (thrown) {
      this.#end(id, { how: 'failed', thrown })
      return undefined
    }
  }

  #end(id: number, end: StreamEnd): void {
    if (!this.#sent.delete(id)) return // closed, with whoever would have heard of it
    if (end.how === 'completed') this.#outbox().put(Exchange.End, id, 0)
    else {
      const operation = end.how === 'failed' ? Exchange.Broken : Exchange.Unwound
      this.#outbox().putValue(operation, id, encodeThrown(end.thrown))
    }
  }
}

/** So that a source that holds something lets go of it. What it throws has nobody to be told to: nothing was ever asked of it. */
async function leaveUnread(source: AsyncIterable<unknown>): Promise<void> {
  try {
    await source[Symbol.asyncIterator]().return?.()
  } catch {
    // see above
  }
}
