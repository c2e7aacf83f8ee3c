/**
 * Gathers the records of one turn and posts them as one message.
 *
 * Records leave in the order they were put in. If a batch can't be cloned, its records are posted one by one, and only
 * those that really can't be are refused: one bad argument harms nobody else's call.
 */
import type { Channel } from './channel.ts'
import { type Batch, REPLY_WORDS, requestWords } from './messages.ts'
import { isPrimitive, LIVE, snapshot } from './snapshot.ts'

export interface OutboxOptions {
  readonly port: Channel
  /** Length in words of the record that starts at `offset`. */
  readonly wordsAt: (batch: Batch, offset: number) => number
  /** Called for a record that structured clone refuses, with the reason. */
  readonly onRefused: (record: Batch, reason: unknown) => void
}

export class Outbox {
  readonly #options: OutboxOptions
  #batch: Batch = []
  #isArmed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Words waiting to be posted. */
  get words(): number {
    return this.#batch.length
  }

  /** Puts a record of small integers in. */
  put(operation: number, id: number, extra?: number): void {
    if (extra === undefined) this.#batch.push(operation, id)
    else this.#batch.push(operation, id, extra)
    this.#arm()
  }

  /** Puts a record in whose last word is any value, fixed as it is now. */
  putValue(operation: number, id: number, value: unknown): void {
    if (isPrimitive(value)) {
      this.#batch.push(operation, id, value)
      this.#arm()
      return
    }
    const twin = takeSnapshot(value)
    this.#batch.push(operation, id, twin === LIVE ? value : twin)
    if (twin === LIVE) this.flush()
    else this.#arm()
  }

  /** Puts a call in, its arguments fixed as they are now. */
  putCall(operation: number, id: number, method: number, values: readonly unknown[]): void {
    for (let index = 0; index < values.length; index++) {
      if (!isPrimitive(values[index])) return this.#putObjects(operation, id, method, values)
    }
    const batch = this.#batch
    batch.push(operation, id, method, values.length)
    for (let index = 0; index < values.length; index++) batch.push(values[index])
    this.#arm()
  }

  /** Posts what waits, at once. */
  flush(): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    try {
      this.#options.port.postMessage(batch)
    } catch {
      this.#postOneByOne(batch)
    }
  }

  #putObjects(operation: number, id: number, method: number, values: readonly unknown[]): void {
    // Before the record is begun: a getter in an argument may make a call of its own, which then comes first.
    const twins = takeSnapshot(values)
    this.#batch.push(operation, id, method, values.length)
    // All or none: an object that stands in two arguments must stay one object.
    for (const value of twins === LIVE ? values : (twins as unknown[])) this.#batch.push(value)
    if (twins === LIVE) this.flush()
    else this.#arm()
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    queueMicrotask(this.#onTurnEnd)
  }

  readonly #onTurnEnd = (): void => {
    this.#isArmed = false
    this.flush()
  }

  #postOneByOne(batch: Batch): void {
    const { port, wordsAt, onRefused } = this.#options
    for (let offset = 0; offset < batch.length; ) {
      const end = offset + wordsAt(batch, offset)
      const record = batch.slice(offset, end)
      offset = end
      try {
        port.postMessage(record)
      } catch (reason) {
        onRefused(record, reason)
      }
    }
  }
}

/** A getter that throws makes a value live: the clone then meets the same error, and it is told from there. */
function takeSnapshot(value: unknown): unknown {
  try {
    return snapshot(value, [])
  } catch {
    return LIVE
  }
}

export const requestOutbox = (options: Omit<OutboxOptions, 'wordsAt'>): Outbox =>
  new Outbox({ ...options, wordsAt: requestWords })

export const replyOutbox = (options: Omit<OutboxOptions, 'wordsAt'>): Outbox =>
  new Outbox({ ...options, wordsAt: () => REPLY_WORDS })
