/**
 * Many channels on the one connection of two processes.
 *
 * Each frame says what it does with which channel. The owner's channels have even numbers, the context's odd ones, and
 * number 1 is there from the beginning: that the context opens it says that it is ready, and that it is closed ends it.
 */
import type { BegunCount, Carrier, CountPlace } from '../wire/carrier.ts'
import type { Channel, ChannelEnd, OpenedChannel } from '../wire/channel.ts'
import type { BegunFile } from './begun-file.ts'
import { deserialize, isPortable, serialize } from './portable-value.ts'

/**
 *     Open   n            channel n is there
 *     Post   n  message   a message on channel n
 *     Close  n            channel n is no more
 */
const Frame = { Open: 0, Post: 1, Close: 2 } as const

const CONTROL = 1

export interface ProcessCarrierOptions {
  readonly side: 'owner' | 'context'
  /** Sends bytes to the other process; they arrive in order, or not at all when that is gone. */
  readonly send: (frame: Uint8Array) => void
  readonly begun: BegunFile | undefined
}

export class ProcessCarrier implements Carrier {
  readonly sharesMemory = false
  /** Resolves, for the owner, when the context is ready. */
  readonly ready: Promise<void>
  readonly control: NumberedChannel
  readonly #options: ProcessCarrierOptions
  readonly #channels = new Map<number, NumberedChannel>()
  #next: number
  #markReady!: () => void

  constructor(options: ProcessCarrierOptions) {
    this.#options = options
    this.#next = options.side === 'owner' ? 0 : CONTROL + 2
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve
    })
    this.control = this.#make(CONTROL)
    if (options.side === 'context') this.#send([Frame.Open, CONTROL])
  }

  open(): OpenedChannel {
    const far = this.#next
    this.#next += 2
    this.#send([Frame.Open, far])
    return { near: this.#make(far), far }
  }

  /** An end that was closed before it was accepted is one that nobody answers on. */
  accept(end: ChannelEnd): Channel {
    return typeof end === 'number' ? (this.#channels.get(end) ?? this.#make(end)) : end
  }

  shareCount(): { readonly near: BegunCount; readonly far: number } | undefined {
    const { begun } = this.#options
    const far = begun?.reserve()
    return begun && far !== undefined ? { near: begun.countAt(far), far } : undefined
  }

  countAt(place: CountPlace): BegunCount {
    if (typeof place !== 'number') throw new TypeError('a count in shared memory belongs to one process')
    return this.#options.begun?.countAt(place) ?? { value: 0 }
  }

  /** Takes what the other process has sent; what can't be read is not ours, and is dropped. */
  receive(bytes: unknown): void {
    const [operation, number, message] = readFrame(bytes)
    if (operation === Frame.Open) this.#opened(number as number)
    const channel = this.#channels.get(number as number)
    if (operation === Frame.Post) channel?.deliver(message)
    if (operation === Frame.Close && this.#channels.delete(number as number)) channel?.markClosed()
  }

  #opened(number: number): void {
    if (number === CONTROL) this.#markReady()
    else if (!this.#channels.has(number)) this.#make(number)
  }

  #make(number: number): NumberedChannel {
    const channel = new NumberedChannel({
      post: (message) => this.#send([Frame.Post, number, message]),
      close: () => {
        if (this.#channels.delete(number)) this.#send([Frame.Close, number])
      },
    })
    this.#channels.set(number, channel)
    return channel
  }

  #send(frame: readonly unknown[]): void {
    this.#options.send(serialize(frame))
  }
}

function readFrame(bytes: unknown): readonly unknown[] {
  try {
    const frame = bytes instanceof Uint8Array ? deserialize(bytes) : undefined
    return Array.isArray(frame) ? frame : []
  } catch {
    return []
  }
}

type Listener = (message: unknown) => void

const NO_WAYS = { post: () => {}, close: () => {} }

class NumberedChannel implements Channel {
  /** Resolves when either end has closed it. */
  readonly closed: Promise<void>
  #ways: { readonly post: (message: unknown) => void; readonly close: () => void }
  readonly #listeners = new Set<Listener>()
  /** What came before the first listener did. */
  #early: unknown[] | undefined = []
  #isClosed = false
  markClosed!: () => void

  constructor(ways: { readonly post: (message: unknown) => void; readonly close: () => void }) {
    this.#ways = ways
    this.closed = new Promise((resolve) => {
      this.markClosed = resolve
    })
  }

  /** What a port would transfer is copied. */
  postMessage(message: unknown): void {
    if (!this.#isClosed) this.#ways.post(message)
  }

  carries(value: unknown): boolean {
    return isPortable(value)
  }

  on(_event: 'message', listener: Listener): void {
    this.#listeners.add(listener)
    // Not at once: whoever listens may not be ready before its turn has ended.
    if (this.#early) queueMicrotask(() => this.#deliverEarly())
  }

  off(_event: 'message', listener: Listener): void {
    this.#listeners.delete(listener)
  }

  once(_event: 'close', listener: () => void): void {
    void this.closed.then(listener)
  }

  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#ways.close()
    this.#ways = NO_WAYS // Comlink holds the channel until its proxy is collected, and this would hold that
    this.markClosed()
  }

  deliver(message: unknown): void {
    if (this.#early) this.#early.push(message)
    else for (const listener of this.#listeners) listener(message)
  }

  #deliverEarly(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const message of early) this.deliver(message)
  }
}
