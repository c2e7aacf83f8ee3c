/**
 * What carries messages between a context and its owner, seen from either: opens channels, and keeps the counts by which
 * the owner knows, after a crash, which calls can't have begun.
 */
import { MessageChannel } from 'node:worker_threads'
import type { Channel, ChannelEnd, OpenedChannel } from './channel.ts'

/** How many calls have begun: set by their host, and read by the owner when that is gone. */
export interface BegunCount {
  value: number
}

/** Where the count is: in shared memory, or at that place of a file. */
export type CountPlace = Int32Array | number

export interface Carrier {
  /** Whether memory that is shared on one side is so on the other, which it is within a process only. */
  readonly sharesMemory: boolean
  /** Opens a channel, whose other end is then sent to the other side. */
  open(): OpenedChannel
  /** The end that came from the other side. */
  accept(end: ChannelEnd): Channel
  /** Makes a count that is set on the other side; undefined when there is nowhere to keep one. */
  shareCount(): { readonly near: BegunCount; readonly far: CountPlace } | undefined
  /** The count that the other side has made. */
  countAt(place: CountPlace): BegunCount
}

class SharedCount implements BegunCount {
  readonly #words: Int32Array

  constructor(words: Int32Array) {
    this.#words = words
  }

  get value(): number {
    return this.#words[0]!
  }

  set value(count: number) {
    this.#words[0] = count
  }
}

/** Between threads of one process: everything is what it is. */
export const memoryCarrier: Carrier = {
  sharesMemory: true,
  open() {
    const { port1: near, port2: far } = new MessageChannel()
    return { near, far }
  },
  accept(end) {
    if (typeof end === 'number') throw new TypeError(`channel ${end} leads to another process`)
    return end
  },
  shareCount() {
    const far = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    return { near: new SharedCount(far), far }
  },
  countAt(place) {
    if (typeof place === 'number') throw new TypeError(`count ${place} is in a file of another process`)
    return new SharedCount(place)
  },
}
