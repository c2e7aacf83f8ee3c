/** The streams of the other thread that this one reads. */
import { RevokedError } from '../errors/catalogue.ts'
import { RemoteStream } from '../streams/remote-stream.ts'
import type { ItemBatch } from '../streams/stream-producer.ts'
import { Exchange } from '../wire/messages.ts'
import type { Outbox } from '../wire/outbox.ts'

export class ReceivedStreams {
  readonly #outbox: () => Outbox
  readonly #streams = new Map<number, RemoteStream<unknown>>()

  constructor(outbox: () => Outbox) {
    this.#outbox = outbox
  }

  /** The stream of that number, which is one object in all places where it stands. */
  open(id: number): RemoteStream<unknown> {
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    const stream = new RemoteStream<unknown>(() => this.#outbox().put(Exchange.Begin, id, 0))
    stream.attach({
      grant: (items, bytes) => this.#outbox().putFixed(Exchange.Taken, id, [items, bytes]),
      leave: () => this.#outbox().put(Exchange.Leave, id, 0),
    })
    this.#streams.set(id, stream)
    return stream
  }

  get size(): number {
    return this.#streams.size
  }

  item(id: number, item: unknown): void {
    this.#streams.get(id)?.pushLive(item)
  }

  items(id: number, batch: unknown): void {
    if (isItemBatch(batch)) this.#streams.get(id)?.push(batch)
  }

  end(id: number): void {
    this.#take(id)?.end()
  }

  /** @param make makes the error that its reader meets */
  fail(id: number, make: () => unknown): void {
    this.#take(id)?.fail(make)
  }

  /** Its reader had left, and its `finally` has thrown. */
  unwind(id: number, make: () => unknown): void {
    const stream = this.#take(id)
    stream?.unwind(make)
    stream?.end()
  }

  /** The call that it came with has ended. @param reason why, if that was cut short */
  revoke(id: number, reason: unknown): void {
    this.fail(id, () => reason ?? new RevokedError('the stream', 'its call has ended'))
  }

  failAll(make: () => unknown): void {
    for (const id of [...this.#streams.keys()]) this.fail(id, make)
  }

  #take(id: number): RemoteStream<unknown> | undefined {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    return stream
  }
}

/** Sent by someone. */
function isItemBatch(batch: unknown): batch is ItemBatch {
  if (typeof batch !== 'object' || batch === null) return false
  const { items, bytes } = batch as Partial<Record<keyof ItemBatch, unknown>>
  return Array.isArray(items) && typeof bytes === 'number'
}
